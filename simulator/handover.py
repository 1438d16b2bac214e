"""Hands a compound over from one world to the next: history ends, tonight begins, nothing jumps.

What is carried is what real hardware keeps: registers, counters, settings, unacknowledged
settlements, open sessions, and the bikes that are plugged in. The next world boots every pile, so
running sessions are resumed as after any reboot.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from simulator.core import Charge, Slot
from simulator.packs import Pack, PackKind, catalogue
from simulator.pile import Pile
from simulator.world import World

VERSION = 1


def _pack_out(pack: Pack | None) -> dict[str, Any] | None:
    if pack is None:
        return None
    return {"kind": pack.kind.name, "peak_factor": pack.peak_factor, "at_s": pack.at_s}


def _pack_in(row: dict[str, Any] | None, kinds: dict[str, PackKind]) -> Pack | None:
    if row is None:
        return None
    pack = Pack(kinds[row["kind"]], 0.0, row["peak_factor"])
    pack.at_s = row["at_s"]
    return pack


def _slot_out(slot: Slot, now: int) -> dict[str, Any]:
    meter, charge = slot.hw.meter, slot.charge
    if charge is not None and charge.on_since is not None:
        charge.on_ms += now - charge.on_since
        charge.on_since = now
    slot.hw.switch(False, now)
    return {
        "register_id": meter.register_id, "total_wh": meter.total_wh, "after": slot.after,
        "pack": _pack_out(slot.hw.pack), "charge": asdict(charge) if charge else None,
    }  # fmt: skip


def save(world: World, path: Path) -> None:
    """Write the compound as it stands; the world must not be used afterwards."""
    piles = {}
    for name, pile in world.piles.items():
        flash = pile.core.flash
        piles[name] = {
            "boot_count": flash.boot_count, "swipes": flash.swipes, "fw": flash.fw,
            "settlement_seq": flash.settlements.last_seq, "records": flash.settlements.records,
            "config_rev": flash.config.rev, "config": flash.config.values,
            "slots": [_slot_out(slot, world.now) for slot in pile.core.slots],
        }  # fmt: skip
    parked = [
        {
            "pile": pile, "outlet": outlet, "leaves_ms": stay.visit.leaves_ms,
            "resident": world.residents.index(stay.visit.resident),
        }
        for (pile, outlet), stay in world.visits.parked.items()
        if stay.visit.resident in world.residents
    ]  # fmt: skip
    table = {
        "version": VERSION, "at": world.now, "seed": world.seed, "piles": piles, "parked": parked,
        "sessions": [asdict(s) for s in world.oracle.sessions.values() if s.ended_ms is None],
    }  # fmt: skip
    path.write_text(json.dumps(table))


def restore(world: World, path: Path) -> None:
    """Take over what an earlier world left, before this one has moved.

    ValueError with a sentence when the file is of another compound or no state at all.
    """
    try:
        table = json.loads(path.read_text())
        version, seed = table["version"], table["seed"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is not the state of a compound: {error!r}") from None
    if version != VERSION or seed != world.seed:
        raise ValueError(f"{path} was left by another compound: its seed is {seed}")
    kinds = {kind.name: kind for kind in catalogue()}
    for name, row in table["piles"].items():
        if name in world.piles:
            _restore_pile(world.piles[name], row, kinds, table["at"])
    for row in table["sessions"]:
        if row["pile"] in world.piles:
            world.oracle.adopt(row)
    for row in table["parked"]:
        if row["pile"] in world.piles and row["resident"] < len(world.residents):
            world.visits.stays(
                world.residents[row["resident"]], row["pile"], row["outlet"], row["leaves_ms"]
            )


def _restore_pile(pile: Pile, row: dict[str, Any], kinds: dict[str, PackKind], at: int) -> None:
    flash = pile.core.flash
    flash.boot_count, flash.swipes, flash.fw = row["boot_count"], row["swipes"], row["fw"]
    flash.settlements.last_seq, flash.settlements.records = row["settlement_seq"], row["records"]
    flash.config.rev, flash.config.values = row["config_rev"], row["config"]
    for slot, kept in zip(pile.core.slots, row["slots"], strict=False):
        slot.hw.meter.replace_register(kept["register_id"], kept["total_wh"])
        slot.hw.mains = False
        slot.hw.pack = _pack_in(kept["pack"], kinds)
        slot.after = kept["after"]
        if kept["charge"] is not None:
            slot.charge = Charge(**kept["charge"])
            slot.charge.on_since = None
            slot.hw.owner = slot.charge.session_id
            flash.power_lost_at = at
