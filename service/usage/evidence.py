"""Everything that is known of one session on one sheet, for a person who must judge it.

A sheet is plain JSON: integers, texts and lists, no household and no name, so that it can be kept
as it was, printed, and proven unchanged by the SHA-256 of its canonical text. Times are ms since
1970 by the service's clock unless they are called `said`; what the pile said is beside them.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from statistics import median
from typing import Any

from service.billing.facts import slots_text
from service.billing.tariff import TariffVersion, borders
from service.clock import from_ms, to_ms
from service.metering.energy import Claim, Point, meter_session
from service.piles.messages import Moment
from service.sessions.record_times import span_of
from service.usage.evidence_facts import Copy, EvidenceFacts, Life, Said, Taken, Told

FORMAT = "beimen-evidence-1"

GAP_MS = 180_000
"""Three reports of a minute missed are a gap; of a pile that reports less often, three of those."""

Sheet = dict[str, Any]


def sheet_of(facts: EvidenceFacts) -> Sheet:
    """The sheet of a session at this moment, open or over."""
    row = facts.session
    records = [_record(one, facts) for one in sorted(facts.copies, key=_order)]
    readings = sorted((_reading(one, facts) for one in facts.readings), key=_by_time)
    since_ms, until_ms = _span(facts, records)
    return {
        "format": FORMAT,
        "made_ms": to_ms(facts.now),
        "session": _session(row),
        "span": [since_ms, until_ms],
        "records": records,
        "differences": _differences(records),
        "lives": [_life(one) for _, one in sorted(facts.lives.items())],
        "readings": [list(one) for one in readings],
        "gaps": _gaps([one[0] for one in readings], since_ms, until_ms),
        "doubt": _doubt(facts, records, readings),
        "messages": _messages(facts, since_ms, until_ms),
        "commands": [_command(one) for one in sorted(facts.told, key=lambda one: one.issued_ms)],
        "incidents": [one._asdict() for one in sorted(facts.troubles, key=lambda t: t.raised_ms)],
        "tariff": _tariff(facts.tariff),
        "bill": _bill(facts),
        "decision": _decision(facts.decision),
    }


def canonical(sheet: Sheet) -> str:
    """The one text of a sheet: sorted keys, no spaces, characters as they are."""
    return json.dumps(sheet, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest_of(sheet: Sheet) -> str:
    """The SHA-256, in hex, of the canonical text in UTF-8."""
    return hashlib.sha256(canonical(sheet).encode()).hexdigest()


def points_of(sheet: Sheet) -> list[Point]:
    """The readings of a sheet as points, by time, without those whose time is not known."""
    found = {
        Point(at_ms, wh, register)
        for at_ms, wh, _, register, timed in sheet["readings"]
        if timed and wh is not None
    }
    return sorted(found)


# --- the parts ------------------------------------------------------------------------------------

_TIMES = ("requested_at", "commanded_at", "started_at", "ended_at", "settled_at", "posted_at")
_PLAIN = (
    "id", "pile", "outlet", "source", "state", "held_reason", "why", "register_id", "start_wh",
    "end_wh", "energy_wh", "stop_reason", "power_cuts", "max_duration_s", "max_energy_wh",
    "max_power_w", "cap_fen", "continues_id",
)  # fmt: skip
_RECORD = (
    "settlement_seq", "session_id", "outlet", "register_id", "energy_start_wh", "energy_end_wh",
    "energy_wh", "duration_s", "charging_s", "stop_reason", "power_cuts", "start_source",
)  # fmt: skip
_TOLD_APART = ("register_id", "energy_start_wh", "energy_end_wh", "energy_wh", "duration_s",
               "stop_reason", "outlet", "settlement_seq", "start_ms", "end_ms")  # fmt: skip

WORTH_KEEPING: Mapping[str, tuple[str, ...]] = {
    "hello": ("fw", "boot_count", "reset_reason", "power_lost_s", "clock"),
    "outlet": ("outlet", "event", "state", "energy_total_wh"),
    "result": ("outlet", "status", "code", "command_id"),
    "fault": ("outlet", "code", "active", "severity", "value", "limit", "unit"),
    "card": ("outlet",),
    "firmware": ("phase", "percent"),
}
"""What of a message goes on the sheet. The number of a card is personal and never does."""


def role_of(asked_by: str | None) -> str:
    """Who asked: the role alone ('resident:12' -> 'resident')."""
    return (asked_by or "").split(":", maxsplit=1)[0]


def _session(row: Mapping[str, Any]) -> dict[str, Any]:
    times = {name.replace("_at", "_ms"): _ms(row[name]) for name in _TIMES}
    asked = {"asked_by": role_of(row["asked_by"]), "stopped_by": role_of(row["stop_asked_by"])}
    return {**{name: row[name] for name in _PLAIN}, **times, **asked}


def _order(one: Copy) -> tuple[int, int, bool, str]:
    return one.received_ms, one.record.settlement_seq, one.verdict != "stored", one.content


def _record(one: Copy, facts: EvidenceFacts) -> dict[str, Any]:
    lives = {life.boot_id: life for life in facts.lives.values()}

    def time_of(boot_id: str, uptime_ms: int) -> int | None:
        offset_ms = lives[boot_id].offset_ms if boot_id in lives else None
        return None if offset_ms is None else offset_ms + uptime_ms

    start_ms, end_ms = span_of(one.record, time_of, one.received_ms)
    said = one.record.model_dump(include=set(_RECORD))
    return {
        **said,
        "pile": one.pile,
        "own": one.pile == facts.session["pile"],
        "content": one.content,
        "verdict": one.verdict,
        "received_ms": one.received_ms,
        "start_ms": start_ms,
        "end_ms": end_ms,
        "start_said_ms": _said_ms(one.record.start),
        "end_said_ms": _said_ms(one.record.end),
        "clock": one.record.end.clock,
        "boot_id": one.record.end.boot_id,
    }


def _said_ms(moment: Moment) -> int | None:
    """The pile's own time of a moment, if it names one that can be read."""
    try:
        said = datetime.fromisoformat(moment.time_utc or "")
    except ValueError:
        return None
    return to_ms(said) if said.tzinfo else None


def own_record(sheet: Sheet) -> dict[str, Any] | None:
    """The record that settles the session: the first of its own pile."""
    return next((one for one in sheet["records"] if one["own"]), None)


def _differences(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """In what the records of the session's own pile differ."""
    own = [one for one in records if one["own"]]
    return [name for name in _TOLD_APART if len({one[name] for one in own}) > 1]


def _reading(one: Taken, facts: EvidenceFacts) -> tuple[int, int | None, int | None, str, bool]:
    life = facts.lives.get(one.boot_no)
    offset_ms = life.offset_ms if life else None
    at_ms = one.received_ms if offset_ms is None else offset_ms + one.uptime_ms
    watts = None if one.power_w is None else round(one.power_w)
    return at_ms, one.energy_wh, watts, one.register_id, offset_ms is not None


def _by_time(one: tuple[int, int | None, int | None, str, bool]) -> tuple[int, int, int, str]:
    at_ms, energy_wh, power_w, register_id, _ = one
    return at_ms, energy_wh or 0, power_w or 0, register_id


def _life(one: Life) -> dict[str, Any]:
    return one._asdict()


def _span(facts: EvidenceFacts, records: Sequence[Mapping[str, Any]]) -> tuple[int, int]:
    """From the record that settles it; without one from what was noticed, up to now."""
    row = facts.session
    own = next((one for one in records if one["own"]), None)
    if own is not None:
        return own["start_ms"], own["end_ms"]
    since_ms = to_ms(row["started_at"] or row["commanded_at"] or row["requested_at"])
    return since_ms, max(since_ms, to_ms(row["ended_at"] or facts.now))


def _gaps(times: Sequence[int], since_ms: int, until_ms: int) -> list[list[int]]:
    """Where readings are missing, also before the first and after the last."""
    usual = median(after - before for before, after in pairwise(times)) if len(times) > 1 else 0
    longest = max(GAP_MS, 3 * usual)
    moments = [since_ms, *(at for at in times if since_ms <= at <= until_ms), until_ms]
    return [[before, after] for before, after in pairwise(moments) if after - before > longest]


def _doubt(
    facts: EvidenceFacts,
    records: Sequence[Mapping[str, Any]],
    readings: Sequence[tuple[int, int | None, int | None, str, bool]],
) -> str | None:
    """What the metering rules say of the record together with the readings."""
    own = next((one for one in records if one["own"]), None)
    if own is None:
        return None
    claim = Claim(
        register_id=own["register_id"],
        start_ms=own["start_ms"],
        end_ms=own["end_ms"],
        start_wh=own["energy_start_wh"],
        end_wh=own["energy_end_wh"],
        energy_wh=own["energy_wh"],
        limit_w=facts.session["max_power_w"],
    )
    points = [Point(at, wh, reg) for at, wh, _, reg, timed in readings if timed and wh is not None]
    cuts = []
    if facts.tariff is not None:
        begin, end = from_ms(own["start_ms"]), from_ms(own["end_ms"])
        cuts = [to_ms(cut) for cut in borders(facts.tariff, begin, end, facts.zone)]
    return meter_session(claim, points, cuts).doubt


BEFORE_MS, AFTER_MS = 120_000, 600_000
"""Messages from shortly before a session until shortly after it belong to its story."""


def _messages(facts: EvidenceFacts, since_ms: int, until_ms: int) -> list[dict[str, Any]]:
    ours = {one.id for one in facts.told}
    found = []
    for one in facts.said:
        if not _is_about(one, facts.session, ours):
            continue
        life = facts.lives.get(one.boot_no)
        offset_ms, uptime_ms = life.offset_ms if life else None, one.body.get("uptime_ms")
        timed = offset_ms is not None and isinstance(uptime_ms, int)
        at_ms = (offset_ms or 0) + (uptime_ms or 0) if timed else one.received_ms
        if since_ms - BEFORE_MS <= at_ms <= until_ms + AFTER_MS:
            kept = {name: one.body[name] for name in WORTH_KEEPING[one.kind] if name in one.body}
            found.append(
                {"at_ms": at_ms, "received_ms": one.received_ms, "kind": one.kind, "body": kept}
            )
    return sorted(found, key=lambda one: (one["at_ms"], one["received_ms"]))


def _is_about(one: Said, session: Mapping[str, Any], commands: set[str]) -> bool:
    """Does a message concern this session? Other people's outlets and orders stay out."""
    if one.kind not in WORTH_KEEPING or one.body.get("outlet") not in (None, session["outlet"]):
        return False
    if one.body.get("session_id") not in (None, session["id"]):
        return False
    return one.kind != "result" or one.body.get("command_id") in commands


def _command(one: Told) -> dict[str, Any]:
    return {**one._asdict(), "asked_by": role_of(one.asked_by)}


def _tariff(version: TariffVersion | None) -> dict[str, Any] | None:
    if version is None:
        return None
    bands = [
        [band.name, band.electricity_e4, band.service_e4, slots_text(band.slots)]
        for band in version.bands
    ]
    return {"id": version.id, "starts_ms": to_ms(version.starts_at), "bands": bands}


def _bill(facts: EvidenceFacts) -> dict[str, Any] | None:
    if facts.bill is None:
        return None
    block = facts.bill
    return {
        "entry_id": block.entry_id,
        "month": facts.bill_month,
        "late": block.late,
        "register_id": block.bill.register_id,
        "start_wh": block.bill.start_wh,
        "end_wh": block.bill.end_wh,
        "energy_wh": block.priced.energy_wh,
        "total_fen": block.total_fen,
        "lines": [
            [
                line.band, line.band_name, line.component.value, line.energy_wh, line.price_e4,
                line.amount_e7, line.amount_fen, line.remainder_e7, line.interpolated,
            ]
            for line in block.priced.lines
        ],
        "credited": [list(one) for one in facts.credited],
    }  # fmt: skip


def _decision(row: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if row is None:
        return None
    names = ("choice", "held_for", "register_id", "start_wh", "end_wh", "since_ms", "until_ms")
    return {
        **{name: row[name] for name in names},
        "reason": row["reason"],
        "decided_ms": _ms(row["decided_at"]),
    }


def _ms(at: datetime | None) -> int | None:
    return None if at is None else to_ms(at)
