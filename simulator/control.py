"""What a parent may ask of a running simulation, one line each, answered with one JSON object."""

import json
from collections.abc import Callable
from typing import Any

from simulator.mishaps import KINDS, Mishap
from simulator.packs import Pack, catalogue
from simulator.times import SECOND, iso_millis
from simulator.world import World

USAGE = {
    "plug": "plug PILE OUTLET [WH]         a charger whose pack misses WH (default 600)",
    "unplug": "unplug PILE OUTLET",
    "swipe": "swipe PILE OUTLET CARD_UID",
    "mishap": "mishap KIND PILE OUTLET [SECONDS]",
    "power": "power PILE on|off",
    "state": "state [PILE]                  outlets, sessions, registers",
    "oracle": "oracle                        the true ledger so far",
    "now": "now                           the simulated time",
    "help": "help",
    "quit": "quit",
}
DEFAULT_PACK = "lead 48 V 20 Ah"


class Control:
    """Obeys lines on a world. What piles say because of it waits for the next `advance`."""

    def __init__(self, world: World):
        self.world = world
        self.wants_to_quit = False
        self._words: dict[str, Callable[[list[str]], dict[str, Any]]] = {
            "plug": self._plug, "unplug": self._unplug, "swipe": self._swipe,
            "mishap": self._mishap, "power": self._power, "state": self._state,
            "oracle": lambda words: {"oracle": self.world.oracle.as_json()},
            "now": lambda words: {"now": self.world.now, "utc": iso_millis(self.world.now)},
            "help": lambda words: {"usage": list(USAGE.values())},
            "quit": self._quit,
        }  # fmt: skip

    def obey(self, line: str) -> str:
        """One line in, one JSON object out: {"ok": true, ...} or {"ok": false, "why": "..."}."""
        words = line.split()
        if not words:
            return json.dumps({"ok": False, "why": "an empty line asks nothing; try help"})
        deed = self._words.get(words[0])
        if deed is None:
            return json.dumps({"ok": False, "why": f"{words[0]!r} is not known; try help"})
        try:
            return json.dumps({"ok": True} | deed(words[1:]))
        except (IndexError, TypeError):
            return json.dumps({"ok": False, "why": f"use it so: {USAGE[words[0]]}"})
        except ValueError as error:
            return json.dumps({"ok": False, "why": str(error)})

    def _place(self, words: list[str]) -> tuple[str, int]:
        name, outlet = words[0], words[1]
        if name not in self.world.piles:
            raise ValueError(f"there is no pile {name}")
        if not outlet.isdigit():
            raise ValueError(f"{outlet!r} is not an outlet number")
        self.world.piles[name].slot(int(outlet))
        return name, int(outlet)

    def _plug(self, words: list[str]) -> dict[str, Any]:
        pile, outlet = self._place(words)
        wh = _number(words[2]) if len(words) > 2 else 600.0
        kind = next(kind for kind in catalogue() if kind.name == DEFAULT_PACK)
        self.world.keep(self.world.plug(pile, outlet, Pack(kind, wh)))
        return {"pile": pile, "outlet": outlet, "pack": kind.name, "needs_wh": wh}

    def _unplug(self, words: list[str]) -> dict[str, Any]:
        pile, outlet = self._place(words)
        self.world.keep(self.world.unplug(pile, outlet))
        return {"pile": pile, "outlet": outlet}

    def _swipe(self, words: list[str]) -> dict[str, Any]:
        pile, outlet = self._place(words)
        self.world.keep(self.world.swipe(pile, outlet, words[2]))
        return {"pile": pile, "outlet": outlet}

    def _mishap(self, words: list[str]) -> dict[str, Any]:
        kind = words[0]
        pile, outlet = self._place(words[1:])
        if kind not in KINDS:
            raise ValueError(f"no mishap is called {kind!r}; there are {', '.join(sorted(KINDS))}")
        seconds = _number(words[3]) if len(words) > 3 else 300.0
        now = self.world.now
        self.world.mishap(Mishap(kind, now, pile, outlet, now + round(seconds * SECOND)))
        return {"mishap": kind, "pile": pile, "outlet": outlet, "for_s": seconds}

    def _power(self, words: list[str]) -> dict[str, Any]:
        name, wish = words[0], words[1]
        if name not in self.world.piles:
            raise ValueError(f"there is no pile {name}")
        if wish not in ("on", "off"):
            raise ValueError("power is on or off")
        self.world.power(name, wish == "on")
        return {"pile": name, "power": wish}

    def _state(self, words: list[str]) -> dict[str, Any]:
        names = words or list(self.world.piles)
        unknown = [name for name in names if name not in self.world.piles]
        if unknown:
            raise ValueError(f"there is no pile {unknown[0]}")
        return {"piles": {name: self._pile_state(name) for name in names}}

    def _pile_state(self, name: str) -> dict[str, Any]:
        pile, now = self.world.piles[name], self.world.now
        outlets = []
        for slot in pile.core.slots:
            slot.hw.run_to(now)
            outlets.append({
                "outlet": slot.number, "state": pile.reports.state(slot),
                "session_id": slot.charge.session_id if slot.charge else None,
                "register_id": slot.hw.meter.register_id,
                "energy_total_wh": slot.hw.meter.total_wh,
                "power_w": round(slot.hw.power_w(now), 1),
            })  # fmt: skip
        core = pile.core
        return {
            "powered": core.powered, "connected": core.connected, "welcomed": core.welcomed,
            "settlements_unacked": len(core.flash.settlements.records), "outlets": outlets,
        }  # fmt: skip

    def _quit(self, words: list[str]) -> dict[str, Any]:
        self.wants_to_quit = True
        return {}


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a number") from None
    if not 0 < value < 1e7:
        raise ValueError(f"{text!r} is out of range")
    return value
