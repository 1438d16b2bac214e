"""Price boards: what they say, who prints them, and which pile carries the right one."""

from dataclasses import replace
from datetime import datetime, timedelta

from service.billing.actions import publish_tariff
from service.billing.outcomes import Published
from service.billing.tariff import TariffVersion
from service.clock import FixedClock
from service.doctor import CONTENTS
from service.households.records import audit_trail
from service.pages.boards_view import BoardFacts, board_text, boards_view, printable
from service.quantities import show_numbers
from tests.billing.days import FLAT, LONG_AGO, SHANGHAI, TWO_BANDS, local
from tests.pages.visitors import House, hidden, words

NOW = local("2026-03-02 19:00")
APRIL = local("2026-04-01")
NEXT = replace(TWO_BANDS, starts_at=APRIL)
JUNE = replace(FLAT, id=3, starts_at=local("2026-06-01"))
BOARDS = "/committee/boards"


def said(version: TariffVersion, *versions: TariffVersion, now: datetime = NOW) -> list[str]:
    text = board_text(version, versions, now, SHANGHAI)
    return [block.heading.in_language("en") for block in text.blocks]


# --- what a board says ---------------------------------------------------------------------------


def test_a_board_of_the_price_in_force_shows_that_price():
    assert said(FLAT, FLAT) == ["Since 1 January 2026"]
    (block,) = board_text(FLAT, [FLAT], NOW, SHANGHAI).blocks
    assert (block.least_fen, block.most_fen) == (41, 41)  # 0.600 x 0.487 -> 29, x 0.20 -> 12


def test_a_board_printed_ahead_shows_the_price_of_today_too():
    assert said(NEXT, FLAT, NEXT) == ["Until the end of 31 March 2026", "From 1 April 2026 on"]
    block = board_text(NEXT, [FLAT, NEXT], NOW, SHANGHAI).blocks[1]
    assert (block.least_fen, block.most_fen) == (26, 41)  # valley: 17 + 9


def test_once_its_day_has_come_the_same_board_shows_one_price():
    assert said(NEXT, FLAT, NEXT, now=APRIL) == ["Since 1 April 2026"]


def test_only_the_price_in_force_and_the_next_one_can_be_printed():
    choices = printable([FLAT, NEXT, JUNE], NOW, SHANGHAI)
    assert [(choice.id, choice.is_coming) for choice in choices] == [(1, False), (2, True)]
    assert printable([], NOW, SHANGHAI) == ()
    before_the_first = printable([FLAT], LONG_AGO - timedelta(days=1), SHANGHAI)
    assert [choice.is_coming for choice in before_the_first] == [True]


def test_each_pile_tells_what_hangs_on_it():
    facts = [
        BoardFacts("LB-001", 1, 1, None, None),
        BoardFacts("LB-002", 2, 1, 1, NOW),
        BoardFacts("LB-003", 3, 2, 2, NOW),
        BoardFacts("LB-004", 4, 2, 3, NOW),
    ]
    view = boards_view(facts, [FLAT, NEXT, JUNE], 2, NOW, SHANGHAI)
    assert (view.wrong, view.total, view.chosen.id) == (2, 4, 2)
    told = [pile.words.in_language("en") for entrance in view.entrances for pile in entrance.piles]
    assert told == [
        "no board yet",
        "right, hung 2 March 2026",
        "shows the new price too, hung 2 March 2026",
        "old, hung 2 March 2026",
    ]
    later = boards_view(facts, [FLAT, NEXT, JUNE], None, APRIL, SHANGHAI)
    assert [entrance.wrong for entrance in later.entrances] == [2, 1]
    assert later.chosen.id == 2
    assert boards_view([], [], None, NOW, SHANGHAI).chosen is None


def test_numbers_in_a_row_are_told_in_short():
    assert show_numbers([3, 1, 2, 7, 9, 10]) == "1-3, 7, 9-10"
    assert show_numbers([]) == ""


# --- printed, hung, and looked after -------------------------------------------------------------


def doctor(house: House) -> str:
    look = dict(CONTENTS)["price boards"]
    found = look(house.compound.house.store, house.clock)
    return "" if found is None else found.in_language("en")


def test_boards_are_printed_hung_noted_and_printed_ahead_for_the_next_price(
    house: House, clock: FixedClock
):
    clerk = house.staff("maintenance")
    assert "8 of 8 piles carry no board" in clerk.text(BOARDS)
    assert "on 8 piles (1-8): print and hang them, see /committee/boards" in doctor(house)

    piles = clerk.get(f"{BOARDS}/print?kind=piles&version=1")
    assert piles.text.count('class="a4 board') == 8
    assert clerk.get(f"{BOARDS}/print?version=1&entrance=2").text.count('class="a4 board') == 2
    entrances = clerk.get(f"{BOARDS}/print?kind=entrances&version=1")
    assert entrances.text.count('class="a4 board') == 4
    for paper in (piles, entrances):
        for line in ("0.487 electricity", "0.20 service fee", "0.687 yuan per kWh",
                     "A usual charge of 0.6 kWh costs 0.41 yuan", "0358-000-0000", "12345",
                     "12315", "Entrance 4"):  # fmt: skip
            assert line in words(paper.text), line

    def hang(where: str, version: int = 1) -> str:
        fields = hidden(clerk.get(BOARDS).text) | {"where": where, "version": version}
        return words(clerk.client.post(f"{BOARDS}/hung", data=fields).text)

    assert "7 of 8 piles" in hang("pile 3")
    assert "on 7 piles (1-2, 4-8)" in doctor(house)
    assert "5 of 8 piles" in hang("entrance 1")
    assert "The boards of all 8 piles show the right price" in hang("all")
    assert doctor(house) == ""
    assert "nothing was noted" in hang("pile 99")
    assert "nothing was noted" in hang("all", version=7)

    for gone in ("version=9", "version=1&pile=99", "kind=walls&version=1", ""):
        assert clerk.get(f"{BOARDS}/print?{gone}").status_code in (404, 422), gone

    # a new price is published: the old boards are right until its day, the new ones before it too
    with house.compound.house.store.writing() as uow:
        made = publish_tariff(uow, replace(NEXT, id=0), 4870, clock.now(), SHANGHAI)
    assert isinstance(made, Published)
    assert doctor(house) == ""
    ahead = words(clerk.get(f"{BOARDS}/print?version=2&pile=3").text)
    assert "Until the end of 31 March 2026 0.487 electricity" in ahead
    assert "From 1 April 2026 on" in ahead
    assert "valley 22:00-08:00 0.286 0.15 0.436" in ahead
    assert "show the right price" in hang("entrance 2", version=2)
    assert doctor(house) == ""
    clock.at = APRIL
    assert "on 6 piles (1-2, 5-8)" in doctor(house), "those printed ahead are right on the day"

    with house.compound.house.store.reading() as uow:
        deeds = [e for e in audit_trail(uow, 20) if e.action == "labels.print"]
    assert [(e.subject, e.detail["piles"], e.detail["version"]) for e in deeds] == [
        ("entrance 2", 2, 2), ("all", 8, 1), ("entrance 1", 2, 1), ("pile 3", 1, 1),
    ]  # fmt: skip
