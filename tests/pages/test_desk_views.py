"""What the desks read, as plain facts: walls, incidents, what a pile said, the month in figures."""

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.alerts.lifecycle import Deed
from service.alerts.records import Incident
from service.clock import to_ms
from service.feeders.load import Load
from service.feeders.risk import FeederState, Level
from service.feeders.tree import Cable, build_tree
from service.pages.committee_view import change, heat_map, tenth_percent
from service.pages.fault_words import check_first, fault_words
from service.pages.gate_view import RunningFacts as Running
from service.pages.gate_view import bars_of_entrances, feeder_bars, running_rows, wall_view
from service.pages.glance import Glance
from service.pages.incident_view import IncidentFacts, incident_view, stamp
from service.pages.live_pages import read_variant
from service.pages.pile_words import command_line, message_line
from service.piles.board import Face
from service.piles.faults import catalogue
from service.piles.records import Command, PileMessage
from service.usage.utilisation import HourUse

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 3, 2, 13, 3, 10, tzinfo=UTC)


# --- the wall ------------------------------------------------------------------------------------


def outlet(pile: int, number: int, entrance: int, face: Face = Face.FREE) -> Glance:
    return Glance(f"LB-{pile:03d}", pile, number, entrance, face, NOW, NOW)


def test_the_wall_groups_piles_by_entrance_and_counts_every_state():
    seen = [
        outlet(2, 1, 1, Face.IN_USE), outlet(1, 2, 1), outlet(1, 1, 1), outlet(9, 1, 2, Face.FULL),
    ]  # fmt: skip
    wall = wall_view(seen, {}, NOW, ZONE)
    assert [card.number for card in wall.entrances] == [1, 2]
    assert [cell.number for cell in wall.entrances[0].piles] == [1, 2]
    assert [card.free for card in wall.entrances] == [2, 0]
    assert {face: count for face, _, count in wall.counts} == {
        Face.FREE: 2, Face.IN_USE: 1, Face.FULL: 1, Face.SILENT: 0, Face.OUT_OF_ORDER: 0,
    }  # fmt: skip
    assert wall.updated == "21:03:10"


def test_an_entrance_shows_its_fullest_cable_and_the_site_the_main_one():
    tree = build_tree(
        [
            Cable("site", None, "Site", None, "3P", 63_000),
            Cable("a", "site", "Entrance 1", 1, "L1", 25_000),
            Cable("b", "a", "Entrance 1, shed", 1, "L1", 10_000),
        ]
    )
    loads = {
        "site": Load("site", (9000, 0, 0), 0, 3, 0, False),
        "a": Load("a", (9000, 0, 0), 0, 3, 0, False),
        "b": Load("b", (9000, 0, 0), 0, 3, 0, False),
    }
    bars = feeder_bars(tree, {"b": FeederState(level=Level.NEAR, ratio=0.9)}, loads)
    by_entrance = bars_of_entrances(tree, bars)
    assert by_entrance[1].name == "Entrance 1, shed"
    assert by_entrance[1].percent == 90
    assert by_entrance[1].word.in_language("en") == "near the limit"
    assert by_entrance[None].name == "Site"


def test_what_runs_is_listed_by_the_number_of_the_pile():
    rows = running_rows(
        [
            Running("b", "3-201", 17, 2, "charging", NOW, 420),
            Running("a", "", 2, 1, "queued", NOW, None),
        ],
        NOW,
        ZONE,
    )
    assert [(row.pile_number, row.word.in_language("en")) for row in rows] == [
        (2, "waiting for its turn"),
        (17, "charging"),
    ]


# --- incidents -----------------------------------------------------------------------------------


def an_incident(**more: object) -> Incident:
    row = Incident(
        id=7, key="k", pile="LB-017", outlet=2, entrance=3, code="over_temp_outlet",
        severity="critical", source="pile", raised_at=NOW - timedelta(minutes=4),
        last_raised_at=NOW - timedelta(minutes=4), seen_at=NOW, show_at=NOW,
    )  # fmt: skip
    for name, value in more.items():
        setattr(row, name, value)
    return row


def test_an_incident_says_what_where_since_when_how_bad_and_what_to_check():
    view = incident_view(IncidentFacts(an_incident(), (), 17), NOW, ZONE)
    assert view.where.in_language("zh_CN") == "17 号桩 2 号口"
    assert view.severity_word.in_language("zh_CN") == "危险"
    assert view.age.in_language("en") == "4 min ago"
    assert view.state_word.in_language("en") == "nobody has seen it yet"
    assert view.check_first.in_language("en")
    assert view.may >= {Deed.ACKNOWLEDGE, Deed.TAKE, Deed.CLOSE}
    assert view.needs_reason


def test_an_incident_that_is_taken_names_who_is_on_it():
    row = an_incident(acknowledged_at=NOW, acknowledged_by="li", taken_at=NOW, taken_by="wang")
    view = incident_view(IncidentFacts(row, (), 17), NOW, ZONE)
    assert view.state_word.in_language("en") == "wang is on it"
    assert Deed.ACKNOWLEDGE not in view.may


def test_an_incident_of_a_cable_or_of_the_service_has_a_place_too():
    cable = an_incident(pile=None, outlet=None, feeder_id="entrance-3", source="service")
    view = incident_view(IncidentFacts(cable, (), None, "3 单元"), NOW, ZONE)
    assert view.where.in_language("zh_CN") == "3 单元的线路"
    service = an_incident(pile=None, outlet=None, source="service")
    assert incident_view(IncidentFacts(service), NOW, ZONE).where.in_language("en") == (
        "The service itself"
    )


def test_the_stamp_of_a_list_changes_when_somebody_answers():
    before = stamp([an_incident()])
    assert stamp([an_incident()]) == before
    assert stamp([an_incident(acknowledged_at=NOW)]) != before
    assert stamp([]) != before
    assert read_variant(f"en:{before}") == ("en", before)


def test_every_fault_of_the_catalogue_has_words_in_both_languages():
    for code in catalogue():
        for language in ("zh_CN", "en"):
            assert fault_words(code).in_language(language)
            assert check_first(code).in_language(language)
    assert "x_new" in fault_words("x_new").in_language("en"), "an unknown code is shown"


# --- what a pile said ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "payload", "said"),
    [
        (
            "meter",
            '{"readings":[{"outlet":2,"energy_total_wh":402118,"power_w":96.4}]}',
            "2 号口：表码 402.118 度，96 瓦。",
        ),
        ("outlet", '{"outlet":1,"event":"unplugged"}', "1 号口：插头拔掉了。"),
        ("result", '{"status":"rejected","code":"already_stopped"}', "拒绝指令：本来就是关的。"),
        ("hello", '{"fw":"2.4.1","boot_count":41}', "开机报到：固件 2.4.1，第 41 次启动。"),
        ("card", '{"outlet":1,"card_uid":"04A2B7119C5A80"}', "1 号口刷了卡。"),
        ("news", "{}", "一条“news”消息。"),
        ("meter", "not json", "一条“meter”消息。"),
    ],
)
def test_a_message_is_told_in_plain_words(kind: str, payload: str, said: str):
    row = PileMessage(boot_no=1, seq=1, kind=kind, received_ms=to_ms(NOW), payload=payload)
    line = message_line(row, ZONE)
    assert line.sentences[0].in_language("zh_CN") == said
    assert line.time == "21:03:10"


@given(st.dictionaries(st.text(max_size=8), st.none() | st.integers() | st.text(max_size=8)))
def test_no_message_however_odd_breaks_the_page(body: dict[str, object]):
    for kind in ("meter", "hello", "outlet", "result", "fault", "card", "firmware"):
        row = PileMessage(boot_no=1, seq=1, kind=kind, received_ms=0, payload=json.dumps(body))
        for sentence in message_line(row, ZONE).sentences:
            assert sentence.in_language("en")


def test_a_command_says_what_became_of_it_and_never_whose_it_was():
    row = Command(
        id="c", pile="LB-017", outlet=2, cmd="start", payload="{}", valid_s=30,
        issued_ms=to_ms(NOW), status="rejected", code="not_plugged", asked_by="resident:13",
    )  # fmt: skip
    line = command_line(row, ZONE)
    assert line.sentences[0].in_language("en") == "Switch on outlet 2"
    assert line.status is not None
    assert line.status.in_language("en") == "refused: no plug is in"
    assert line.by is not None
    assert line.by.in_language("en") == "a resident"


# --- the month -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("this", "last", "said"),
    [
        (104, 100, "4 % more than last month"),
        (96, 100, "4 % less than last month"),
        (100, 100, "as in the same part of last month"),
    ],
)
def test_a_figure_is_compared_with_the_same_part_of_last_month(this: int, last: int, said: str):
    found = change(this, last)
    assert found is not None
    assert found.in_language("en") == said
    assert change(this, 0) is None


@given(st.floats(0, 1))
def test_a_share_says_a_hundred_percent_only_when_it_is(share: float):
    assert (tenth_percent(share) == "100.0") == (share == 1)


def test_the_darkest_hour_is_the_busiest_and_an_empty_one_has_no_shade():
    hours = [
        HourUse(day, hour, 0.5 if (day, hour) == (0, 20) else 0.0, 0.0)
        for day in range(7)
        for hour in range(24)
    ]
    rows = heat_map(hours)
    assert len(rows) == 7
    assert [len(row.cells) for row in rows] == [24] * 7
    assert rows[0].cells[20].shade == 9
    assert rows[0].cells[20].percent == 50
    assert rows[1].cells[20].shade == 0
