"""A new price through the pages: proposed, compared, printed, voted on; and slips on the way."""

import re
from datetime import timedelta

from httpx import Response

from service.billing.actions import post_sessions, tariff_in_force, tariff_versions
from service.billing.actions.posting import append
from service.billing.ledger import Account, Cause, Draft, Posting
from service.billing.outcomes import SessionToBill
from service.billing.pricing import Piece, price
from service.desk.actions.drafts import draft_of
from service.households.records import audit_trail, household_at
from tests.billing.days import SHANGHAI, local
from tests.pages.visitors import House, Person, hidden, words

PRICES, NEW = "/committee/prices", "/committee/prices/new"
FLAT = {"start": "2026-04-01", "electricity": "0.487", "service": "0.30", "why": "repairs"}
TWO = {
    "start": "2026-04-01",
    "name": ["peak", "valley"],
    "times": ["08:00-22:00", "22:00-08:00"],
    "electricity": ["0.487", "0.286"],
    "service": ["0.20", "0.15"],
    "why": "",
}
VOTED = {"decided": "2026-03-01", "votes_for": "132", "votes_against": "18", "remark": ""}


def february(house: House, **wh_of_door: int) -> None:
    """Each of these doors charged once in February, from 14:00 to 16:00."""
    with house.compound.house.store.writing() as uow:
        holds = tariff_versions(uow)[0]
        bills = []
        for door, wh in wh_of_door.items():
            home = household_at(uow, door.replace("_", "-").removeprefix("d"))
            assert home is not None
            end = local("2026-02-10 16:00")
            bill = SessionToBill(
                f"feb {door}", home.id or 0, "LB-001", 1, end - timedelta(hours=2), end, "a1",
                1000, 1000 + wh, "full",
            )  # fmt: skip
            bills.append((bill, price(holds, [Piece(0, wh)])))
        post_sessions(uow, bills, house.clock.now(), SHANGHAI)


def the_piles_cost(house: House, fen: int) -> None:
    with house.compound.house.store.writing() as uow:
        bought = (Posting(Account.INVESTMENT, fen), Posting(Account.BANK, -fen))
        now = house.clock.now()
        append(uow, [Draft(Cause.VOUCHER, "H-1", now, bought)], now, SHANGHAI)


def send(person: Person, page: str, **fields: object) -> Response:
    """Send the form of a page to where it points."""
    form = re.search(rf'<form[^>]*action="{page}".*?</form>', person.get(page).text, re.S)
    assert form, page
    return person.client.post(page, data=hidden(form.group()) | {"do": "keep"} | fields)


def faults(answer: Response) -> dict[str, str]:
    """The sentence next to each field, by the field's id."""
    found = re.findall(r'id="([\w-]+)-says"><b class="fault">(.*?)</b>', answer.text)
    return {name: words(sentence) for name, sentence in found}


def typed(answer: Response) -> dict[str, str]:
    """What stands in the fields, by their ids."""
    fields = re.findall(r'<input id="([\w-]+)"[^>]*? value="([^"]*)"', answer.text)
    areas = re.findall(r'<textarea id="([\w-]+)"[^>]*>\n(.*?)</textarea>', answer.text, re.S)
    return {**dict(fields), **dict(areas)}


# --- from the proposal to the price --------------------------------------------------------------


def test_a_new_price_is_proposed_compared_printed_voted_and_published(house: House):
    february(house, d1_101=613, d1_102=1000, d2_101=0)
    the_piles_cost(house, 60_000_00)
    committee = house.staff("committee")
    assert "Nobody has proposed a new price yet" in committee.text(PRICES)
    assert typed(committee.get(NEW)) == {
        "start": "2026-04-01", "electricity-0": "0.487", "service-0": "0.20", "why": "",
    }  # fmt: skip

    kept = send(committee, NEW, **FLAT)
    assert kept.url.path == f"{PRICES}/drafts/1"
    assert "Nothing is priced by it" in words(kept.text)
    assert "not decided yet" in words(kept.text)

    # 0.613: 30 + 12 -> 30 + 18; 1.000: 49 + 20 -> 49 + 30; nothing stays nothing
    look = committee.text(f"{PRICES}/drafts/1/what-if")
    assert "What February 2026 would have cost" in look
    assert "1-101 1 0.613 0.30 0.12 0.42 0.30 0.18 0.48 +0.06" in look
    assert "1-102 1 1.000 0.49 0.20 0.69 0.49 0.30 0.79 +0.10" in look
    assert "2-101 1 0.000 0.00 0.00 0.00 0.00 0.00 0.00 0.00" in look
    assert "Total 3 1.613 0.79 0.32 1.11 0.79 0.48 1.27 +0.16" in look
    assert "60000.00 ÷ 0.48 = 125000.0 125000 months, about 10417 years" in look
    assert "60000.00 ÷ 0.32 = 187500.0" in look
    assert "estimated" not in look
    assert "nothing to compare" in committee.text(f"{PRICES}/drafts/1/what-if?month=2026-03")

    notice = committee.text(f"{PRICES}/drafts/1/notice")
    for said in (
        "Proposal of a new price", "from 1 April 2026 on", "0.30 0.787", "0.20 0.687", "repairs",
        "a household paid 0.37 yuan on average", "would have been 0.42", "2 would have paid more",
        "12345", "12315", "0358-000-0000", "Meeting of the owners", "Stamp",
    ):  # fmt: skip
        assert said in notice, said
    assert "1-101" not in notice, "no household is named in public"

    form = f"{PRICES}/drafts/1/decision"
    done = send(committee, form, outcome="approved", **VOTED)
    assert "Recorded. The new price is published" in words(done.text)
    assert "Approved 1 March 2026: 132 votes for, 18 against." in words(done.text)
    assert "From 1 April 2026 on: version 2" in committee.text(PRICES)
    assert "Approved 1 March 2026" in committee.text(f"{PRICES}/drafts/1/notice")
    with house.compound.house.store.reading() as uow:
        assert tariff_in_force(uow, local("2026-03-31 23:59")).id == 1
        assert tariff_in_force(uow, local("2026-04-01")).bands[0].service_e4 == 3000
        deeds = {(e.action, e.subject): e for e in audit_trail(uow, 9)}
    assert deeds["tariff.publish", "draft 1"].detail["votes"] == "132:18"
    assert deeds["tariff.draft", "draft 1"].actor_id is not None

    # decided is decided: its forms lead back to it, and a late vote is refused
    for late in (form, f"{PRICES}/drafts/1/edit"):
        assert committee.get(late).url.path == f"{PRICES}/drafts/1"


def test_a_refused_proposal_stays_to_be_read_and_changes_no_price(house: House):
    committee = house.staff("committee")
    send(committee, NEW, **TWO)
    page = f"{PRICES}/drafts/1"
    refused = VOTED | {"votes_for": "10", "remark": "too complicated"}
    send(committee, f"{page}/decision", outcome="refused", **refused)
    text = committee.text(page)
    assert "Refused 1 March 2026: 10 votes for, 18 against." in text
    assert "too complicated" in text
    assert "22:00-08:00" in text
    assert "Record the decision" not in text
    assert "version 2" not in committee.text(PRICES)


def test_bands_need_the_consent_with_the_vote(house: House):
    committee = house.staff("committee")
    send(committee, NEW, **TWO)
    form = f"{PRICES}/drafts/1/decision"
    answer = send(committee, form, outcome="approved", **VOTED)
    assert answer.status_code == 422
    assert set(faults(answer)) == {"consent", "scope"}
    assert typed(answer)["votes_for"] == "132"
    consent = {"consent": "2026-03-01", "scope": "all owners, meeting of 1 March"}
    send(committee, form, outcome="approved", **VOTED, **consent)
    text = committee.text(PRICES)
    assert "Consent of the owners of 1 March 2026: all owners, meeting of 1 March" in text
    assert "valley 22:00-08:00: 0.286 + 0.15" in text


# --- slips, each with a sentence, nothing lost ---------------------------------------------------


def test_every_slip_is_told_at_its_field_and_nothing_typed_is_lost(house: House):
    committee = house.staff("committee")
    slips = {
        "start": "2026-02-01",
        "name": ["峰", "峰"],
        "times": ["08:00-22:00", "21:00-07:30"],
        "electricity": ["0.488", "0.48701"],
        "service": ["-0.2", "<b>cheap</b>"],
        "why": 'it is "time" & <i>more</i>',
    }
    answer = send(committee, NEW, **slips)
    assert answer.status_code == 422
    assert "nothing you typed is lost" in words(answer.text)
    told = faults(answer)
    assert set(told) == {
        "start", "bands", "name-1", "times-1", "electricity-0", "electricity-1", "service-0",
        "service-1",
    }  # fmt: skip
    assert told["bands"] == "07:30-08:00 has no price: the bands must fill the whole day."
    assert told["times-1"] == "21:00-22:00 belongs to another band already."
    assert "above the government price" in told["electricity-0"]
    assert "Too many digits" in told["electricity-1"]
    assert "cannot be negative" in told["service-0"]
    assert typed(answer) == {
        "start": "2026-02-01", "name-0": "峰", "name-1": "峰", "times-0": "08:00-22:00",
        "times-1": "21:00-07:30", "electricity-0": "0.488", "electricity-1": "0.48701",
        "service-0": "-0.2", "service-1": "&lt;b&gt;cheap&lt;/b&gt;",
        "why": "it is &#34;time&#34; &amp; &lt;i&gt;more&lt;/i&gt;",
    }  # fmt: skip
    assert "Nobody has proposed" in committee.text(PRICES)

    more = send(committee, NEW, **(slips | {"do": "more"}))
    assert more.status_code == 200
    assert typed(more)["times-1"] == "21:00-07:30"
    assert typed(more)["name-2"] == ""
    fewer = send(committee, NEW, **(slips | {"do": "fewer"}))
    assert "name-1" not in typed(fewer)


def test_a_missing_proposal_is_a_page_and_votes_that_are_no_numbers_are_told_and_kept(house: House):
    committee = house.staff("committee")
    send(committee, NEW, **FLAT)
    for missing in ("9", str(10**30)):
        for tail in ("", "/edit", "/what-if", "/notice", "/decision"):
            answer = committee.get(f"{PRICES}/drafts/{missing}{tail}")
            assert answer.status_code in (404, 422)
            assert "<html" in answer.text
    slips = {"decided": "2026-03-09", "votes_for": "many", "votes_against": "-3", "remark": "r"}
    answer = send(committee, f"{PRICES}/drafts/1/decision", **slips)
    assert answer.status_code == 422
    assert set(faults(answer)) == {"outcome", "decided", "votes_for", "votes_against"}
    assert {name: typed(answer)[name] for name in slips} == slips


def test_two_who_edit_at_once_see_each_other_and_lose_nothing(house: House):
    committee = house.staff("committee")
    send(committee, NEW, **FLAT)
    page = f"{PRICES}/drafts/1/edit"
    opened = hidden(committee.get(page).text)
    send(committee, page, **(FLAT | {"service": "0.25"}))
    mine = opened | FLAT | {"service": "0.28", "do": "keep"}
    late = committee.client.post(page, data=mine)
    assert late.status_code == 422
    assert "Somebody changed this draft" in words(late.text)
    assert "This is how the proposal stands now" in words(late.text)
    assert "0.25" in words(late.text)
    assert typed(late)["service-0"] == "0.28"
    again = committee.client.post(page, data=mine | hidden(late.text))
    assert again.url.path == f"{PRICES}/drafts/1"
    with house.compound.house.store.reading() as uow:
        assert draft_of(uow, 1).proposal.version.bands[0].service_e4 == 2800

    # a vote on prices that were edited since is not recorded
    page = f"{PRICES}/drafts/1/decision"
    opened = hidden(committee.get(page).text)
    send(committee, f"{PRICES}/drafts/1/edit", **(FLAT | {"service": "0.90"}))
    late = committee.client.post(page, data=opened | VOTED | {"outcome": "approved"})
    assert late.status_code == 422
    assert "Somebody changed this draft" in words(late.text)
    assert "0.90" in words(late.text)
    with house.compound.house.store.reading() as uow:
        assert len(tariff_versions(uow)) == 1


# --- who sees what -------------------------------------------------------------------------------


def test_a_household_sees_its_own_month_by_the_proposal_and_no_other(house: House):
    february(house, d1_101=613, d1_102=1000)
    committee = house.staff("committee")
    assert "Nobody proposes another price" in house.resident("1-101").text("/me/prices")
    send(committee, NEW, **FLAT)
    text = house.resident("1-101").text("/me/prices")
    assert "Your February 2026 as billed: 1 charges, 0.613 kWh 0.42 yuan" in text
    assert "You would have paid more 0.06 yuan" in text
    assert "0.69" not in text
    assert "You did not charge in February 2026" in house.resident("2-101").text("/me/prices")


def test_only_the_committee_drafts_and_publishes(house: House):
    send(house.staff("committee"), NEW, **FLAT)
    pages = (PRICES, NEW, *(f"{PRICES}/drafts/1{t}" for t in ("", "/edit", "/what-if", "/notice")))
    for person in (house.staff("maintenance"), house.staff("gatehouse"), house.resident()):
        for page in (*pages, f"{PRICES}/drafts/1/decision"):
            assert person.get(page).status_code == 403, page
    assert house.public().get(PRICES).url.path == "/sign-in"
