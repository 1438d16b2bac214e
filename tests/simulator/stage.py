"""One pile, one desk, nobody about: the stage for stories about a single pile."""

import json
from typing import Any

from simulator.packs import Pack, PackKind, catalogue
from simulator.pile import Pile
from simulator.residents import made_up_cards
from simulator.scenario import scenario_from
from simulator.times import DAY, SECOND, parse_iso
from simulator.world import World
from tests.simulator.desk import Desk

EVENING = parse_iso("2026-03-02T18:00:00+08:00")
PILE = "LB-001"


def kind(name: str = "lead 48 V 20 Ah") -> PackKind:
    return next(k for k in catalogue() if k.name == name)


class Stage:
    """Time goes by in seconds since the evening began."""

    def __init__(self, *, piles: int = 1, seed: int = 1, deaf: bool = False, **scenario: Any):
        plan = scenario_from("stage", {"piles": piles, "bikes": 0} | scenario)
        self.world = World.from_scenario(plan, seed, made_up_cards(), EVENING)
        self.desk = Desk(self.world)
        self.desk.deaf = deaf

    def run(self, seconds: float) -> "Stage":
        self.desk.run(self.world.now + round(seconds * SECOND))
        return self

    def online(self) -> "Stage":
        return self.run(60)

    @property
    def pile(self) -> Pile:
        return self.world.piles[PILE]

    @property
    def now(self) -> int:
        return self.world.now

    def plug(self, outlet: int = 1, wh: float = 500, name: str = "lead 48 V 20 Ah") -> Pack:
        pack = Pack(kind(name), wh)
        self.desk.take(self.world.plug(PILE, outlet, pack))
        return pack

    def unplug(self, outlet: int = 1) -> None:
        self.desk.take(self.world.unplug(PILE, outlet))

    def start(self, outlet: int = 1, session_id: str = "S1", **fields: Any) -> None:
        fields = {"outlet": outlet, "session_id": session_id} | fields
        self.desk.take(self.desk.command(PILE, "start", **fields))

    def command(self, cmd: str, **fields: Any) -> None:
        self.desk.take(self.desk.command(PILE, cmd, **fields))

    def tell(self, tail: str, body: dict[str, Any]) -> None:
        self.desk.take(self.desk.tell(PILE, tail, body))

    def charging(self, wh: float = 500, **fields: Any) -> "Stage":
        """A bike on outlet 1, ten seconds into session S1."""
        self.online()
        self.plug(1, wh)
        self.start(1, "S1", **fields)
        return self.run(15)

    def power(self, on: bool) -> "Stage":
        self.world.power(PILE, on)
        return self

    def said(self, tail: str) -> list[dict[str, Any]]:
        return self.desk.said(tail, PILE)

    def times(self, tail: str) -> list[float]:
        """Seconds since the evening began at which this was said."""
        return [
            (uplink.at - EVENING) / 1000
            for uplink, _ in self.desk.heard
            if uplink.publish.topic.endswith("/" + tail) and uplink.pile == PILE
        ]

    def results(self) -> list[tuple[str, str | None]]:
        return [(r["status"], r.get("code")) for r in self.said("result")]

    def forget(self) -> "Stage":
        self.desk.heard.clear()
        return self

    def relay_is_closed(self, outlet: int = 1) -> bool:
        return self.pile.slot(outlet).hw.relay_closed


def bytes_of(body: dict[str, Any]) -> bytes:
    return json.dumps(body).encode()


__all__ = ["DAY", "EVENING", "PILE", "Stage", "bytes_of", "kind"]
