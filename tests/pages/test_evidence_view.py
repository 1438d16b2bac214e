"""The sheet of evidence in words: clocks, gaps, odd readings, what came late; no store needed."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from service.clock import to_ms
from service.pages.evidence_view import MOST_ROWS, evidence_view, reading_rows
from service.pages.held_words import why_held
from service.pages.states import HELD_REASONS
from tests.support.compound import at

ZONE = ZoneInfo("Asia/Shanghai")
SEVEN = to_ms(at("2026-03-02 19:00"))
MINUTE = 60_000


def record(**changes: Any) -> dict[str, Any]:
    plain = {
        "settlement_seq": 7, "session_id": "S", "outlet": 1, "register_id": "a17",
        "energy_start_wh": 1000, "energy_end_wh": 1613, "energy_wh": 613, "duration_s": 3600,
        "charging_s": 3600, "stop_reason": "full", "power_cuts": 0, "start_source": "command",
        "pile": "LB-001", "own": True, "content": "c" * 64, "verdict": "stored",
        "received_ms": SEVEN + 61 * MINUTE, "start_ms": SEVEN, "end_ms": SEVEN + 60 * MINUTE,
        "start_said_ms": None, "end_said_ms": None, "clock": "none", "boot_id": "9f3a61c2",
    }  # fmt: skip
    return {**plain, **changes}


def sheet(**changes: Any) -> dict[str, Any]:
    session = {
        "id": "S", "pile": "LB-001", "outlet": 1, "source": "qr", "state": "settled",
        "held_reason": None, "why": None, "register_id": "a17", "start_wh": 1000, "end_wh": 1613,
        "energy_wh": 613, "stop_reason": "full", "power_cuts": 0, "max_duration_s": 36_000,
        "max_energy_wh": 3000, "max_power_w": 1000, "cap_fen": None, "continues_id": None,
        "asked_by": "resident", "stopped_by": "", "requested_ms": SEVEN, "commanded_ms": SEVEN,
        "started_ms": SEVEN, "ended_ms": SEVEN + 60 * MINUTE, "settled_ms": None, "posted_ms": None,
    }  # fmt: skip
    plain: dict[str, Any] = {
        "format": "beimen-evidence-1", "made_ms": SEVEN + 90 * MINUTE, "session": session,
        "span": [SEVEN, SEVEN + 60 * MINUTE], "records": [], "differences": [], "lives": [],
        "readings": [], "gaps": [], "doubt": None, "messages": [], "commands": [],
        "incidents": [], "tariff": None, "bill": None, "decision": None,
    }  # fmt: skip
    return {**plain, **changes}


def view(**changes: Any):
    return evidence_view(sheet(**changes), {"LB-001": 1}, ZONE)


def points(*values: int, every: int = 1, register: str = "a17") -> list[list[Any]]:
    return [[SEVEN + i * every * MINUTE, wh, 120, register, True] for i, wh in enumerate(values)]


def said(sentences: Any) -> list[str]:
    return [one.in_language("en") for one in sentences]


@pytest.mark.parametrize(
    ("end_said_s", "words"),
    [
        (None, "told no time of its own"),
        (1, "agrees with ours"),
        (-2, "agrees with ours"),
        (300, "was 5 min ahead of ours"),
        (-7200, "was 2 h behind ours"),
    ],
)
def test_the_piles_clock_is_compared_with_ours_in_words(end_said_s, words):
    end = SEVEN + 60 * MINUTE
    told = None if end_said_s is None else end + end_said_s * 1000
    found = view(records=[record(end_said_ms=told)])
    assert words in said(found.clock)[0]


def test_the_beginning_of_a_life_is_named_or_said_to_be_unknown():
    life = {"boot_id": "b", "boot_count": 1, "first_heard_ms": SEVEN, "last_heard_ms": SEVEN}
    found = view(lives=[{**life, "offset_ms": SEVEN}, {**life, "offset_ms": None}])
    assert "switched on 2 March at 19:00:00" in said(found.clock)[0]
    assert "when is not known" in said(found.clock)[1]


def test_records_that_differ_are_marked_where_they_do():
    found = view(
        records=[record(), record(energy_end_wh=1713, content="d" * 64)],
        differences=["energy_end_wh"],
    )
    assert found.records.differ
    assert [row.cells for row in found.records.rows if row.differs] == [("1.613", "1.713")]


def test_a_record_of_another_pile_says_whose_it_is():
    found = view(records=[record(own=False, pile="LB-009")])
    assert said(found.records.heads) == ["Record of another pile, LB-009"]


def test_a_long_charge_is_thinned_to_what_fits_on_paper_and_keeps_what_is_odd():
    values = [1000 + 2 * i for i in range(600)]
    values[301] = 100  # the meter fell here
    gap = [SEVEN + 450 * MINUTE, SEVEN + 451 * MINUTE]
    rows = reading_rows(sheet(readings=points(*values), gaps=[gap]), ZONE)
    assert MOST_ROWS <= len(rows) <= MOST_ROWS + 6
    assert (rows[0].index, rows[-1].index) == (0, 599)
    notes = {row.index: row.note.in_language("en") for row in rows if row.note}
    assert notes == {301: "the meter fell", 451: "after a gap"}
    assert {300, 450} <= {row.index for row in rows}


def test_a_gap_is_grey_in_the_curve_and_a_sentence():
    gap = [SEVEN + 1 * MINUTE, SEVEN + 3 * MINUTE]
    readings = [*points(1000, 1002), [SEVEN + 4 * MINUTE, 1010, 120, "a17", True]]
    found = view(readings=readings, gaps=[gap])
    assert said(found.gaps) == ["No reading from 19:01 to 19:03 (2 min)."]
    assert found.gap_bars == (("80.0", "160.0"),)


def test_a_sheet_without_anything_measured_is_a_page_too():
    found = view()
    assert (found.power, found.meter, found.records, found.readings, found.events) == (
        None, None, None, (), (),
    )  # fmt: skip


def test_what_happened_is_in_order_and_what_came_late_says_so():
    found = view(
        messages=[
            {
                "at_ms": SEVEN + MINUTE, "received_ms": SEVEN + 30 * MINUTE, "kind": "outlet",
                "body": {"outlet": 1, "event": "full_detected"},
            }
        ],
        commands=[
            {
                "id": "C", "cmd": "start", "issued_ms": SEVEN, "status": "rejected",
                "code": "busy", "closed_ms": SEVEN, "asked_by": "resident",
            }
        ],
        incidents=[
            {
                "code": "silent", "outlet": None, "severity": "warning",
                "raised_ms": SEVEN - MINUTE, "cleared_ms": SEVEN + 2 * MINUTE,
            }
        ],
    )  # fmt: skip
    lines = [" ".join(said([*event.words, *event.more])) for event in found.events]
    assert lines == [
        "Began: Pile is silent. It stood before the charge began.",
        "Switch on outlet 1: refused: the outlet is busy. Asked by a resident.",
        "Outlet 1: the battery is full. It arrived at 19:30:00.",
        "Over: Pile is silent.",
    ]


def test_every_held_reason_says_what_it_means_and_what_to_look_at():
    for reason in (*HELD_REASONS, "something new", None):
        found = why_held(reason)
        assert len(found.means.in_language("en")) > 20
        assert len(found.look.in_language("en")) > 10
    means = {why_held(reason).means.message for reason in HELD_REASONS}
    assert len(means) == len(HELD_REASONS)
