"""What can be looked at: outlets, prices, statements, feeders, incidents, figures."""

from datetime import timedelta

from service.billing.actions import PaidBy, PaymentReceived, record_payment
from service.flow import ticks
from tests.api.conftest import Town


def test_everybody_sees_which_outlets_are_free_and_nobody_sees_whose_they_are(town: Town, charge):
    charge(outlet=1)
    outlets = town.knock().get("/api/v1/outlets").json()
    assert len(outlets) == 8
    assert [one["face"] for one in outlets[:4]] == ["in_use", "free", "silent", "silent"]
    assert set(outlets[0]) == {"pile", "pile_number", "outlet", "entrance", "face", "heard_at"}
    one = town.knock().get("/api/v1/outlets/LB-001/2").json()
    assert one == outlets[1]
    assert town.knock().get("/api/v1/outlets/LB-001/7").status_code == 404


def test_the_price_is_two_parts_and_says_when_it_changes(town: Town):
    price = town.knock().get("/api/v1/tariff").json()
    assert (price["electricity_e4"], price["service_e4"]) == (4870, 2000)
    assert price["next_change_at"] is None
    assert [band["times"] for band in price["bands"]] == ["00:00-24:00"]


def test_a_statement_carries_the_arithmetic_of_every_line(town: Town, charge):
    session = charge(energy_wh=500)
    town.clock.advance(700)
    town.pile.say("session", town.pile.settlement(session, 1000, 1613))
    town.clock.advance(700)
    ticks.tick_slowly(town.house)
    paid = PaymentReceived(
        "r-1", town.household(), 100, town.clock.now(), PaidBy.CASH, "committee:1"
    )
    with town.house.store.writing() as uow:
        record_payment(uow, paid, town.clock.now(), town.house.settings.zone)
    resident = town.resident()
    assert resident.get("/api/v1/me/statements").json() == ["2026-03"]
    statement = resident.get("/api/v1/me/statements/2026-03").json()
    assert (statement["lines_fen"], statement["payments_fen"], statement["closing_fen"]) == (
        42,
        100,
        -58,
    )
    (block,) = statement["sessions"]
    assert (block["start_wh"], block["end_wh"], block["energy_wh"]) == (1000, 1613, 613)
    electricity, service = block["lines"]
    assert electricity["arithmetic"].startswith("0.613 kWh × 0.487 = 0.2985310 → 0.30")
    assert service["amount_fen"] == 12
    assert town.resident("1-102").get("/api/v1/me/statements/2026-03").status_code == 404
    assert resident.get("/api/v1/me/statements/march").status_code == 422


def test_a_feeder_says_how_full_it_is_in_a_sentence_and_in_milliamps(town: Town, charge):
    charge()
    feeders = {one["id"]: one for one in town.staff("gatehouse").get("/api/v1/feeders").json()}
    entrance = feeders["entrance-1"]
    assert (entrance["rating_ma"], entrance["level"]) == (25_000, "calm")
    assert entrance["current_ma"] >= 880
    assert "of 25.0 A" in entrance["sentence"]
    assert feeders["site"]["parent_id"] is None


def test_maintenance_answers_an_incident_step_by_step(town: Town):
    town.pile.fault("smoke", outlet=1)
    electrician = town.staff("maintenance")
    (incident,) = electrician.get("/api/v1/incidents").json()
    assert (incident["code"], incident["severity"], incident["state"]) == (
        "smoke",
        "critical",
        "raised",
    )
    assert "119" in incident["check_first"]
    here = f"/api/v1/incidents/{incident['id']}"
    assert electrician.post(f"{here}/acknowledge").json()["state"] == "acknowledged"
    again = electrician.post(f"{here}/acknowledge")
    assert (again.status_code, again.json()["reason"]) == (409, "incident_not_possible")
    assert electrician.post(f"{here}/take").json()["taken_by"] == "maintenance:4"
    noted = electrician.post(f"{here}/notes", json={"text": "A charger burnt; taken away."})
    assert [note["text"] for note in noted.json()["notes"]] == ["A charger burnt; taken away."]
    assert electrician.post(f"{here}/close", json={}).status_code == 409
    closed = electrician.post(f"{here}/close", json={"text": "Sensor replaced."})
    assert closed.json()["state"] == "closed"
    assert electrician.get("/api/v1/incidents").json() == []
    assert len(electrician.get("/api/v1/incidents?days=1").json()) == 1


def test_silence_for_a_while_needs_a_reason(town: Town):
    town.pile.fault("smoke", outlet=1)
    electrician = town.staff("maintenance")
    (incident,) = electrician.get("/api/v1/incidents").json()
    here = f"/api/v1/incidents/{incident['id']}/snooze"
    assert electrician.post(here, json={"minutes": 30}).status_code == 422
    snoozed = electrician.post(here, json={"minutes": 30, "reason": "A drill."}).json()
    until = town.clock.now() + timedelta(minutes=30)
    assert snoozed["snoozed_until"] == until.isoformat().replace("+00:00", "Z")
    assert electrician.post("/api/v1/incidents/999/take").status_code == 404


def test_sentences_come_in_the_language_that_was_asked_for(town: Town):
    town.pile.fault("smoke", outlet=1)
    electrician = town.staff("maintenance")
    names = [
        electrician.get("/api/v1/incidents", headers={"accept-language": said}).json()[0][
            "headline"
        ]
        for said in ("zh-CN", "en")
    ]
    assert names == ["烟雾报警", "Smoke"]


def test_the_committee_sees_the_month_in_figures(town: Town, charge):
    session = charge(energy_wh=500)
    town.clock.advance(700)
    town.pile.say("session", town.pile.settlement(session, 1000, 1613))
    town.clock.advance(700)
    ticks.tick_slowly(town.house)
    committee = town.staff("committee")
    month = committee.get("/api/v1/usage/months/2026-03").json()
    assert (month["visits"]["started"], month["visits"]["energy_wh"]) == (1, 613)
    assert month["visits"]["success_share"] == 1.0
    assert len(month["by_hour"]) == 168
    compared = committee.get("/api/v1/usage/comparison").json()
    assert (compared["this"]["billed_fen"], compared["last"]["billed_fen"]) == (42, 0)
    (money,) = committee.get("/api/v1/usage/money").json()
    assert (money["electricity_fen"], money["service_fen"], money["net_fen"]) == (30, 12, 42)
    check = committee.get("/api/v1/usage/months/2026-03/books-check").json()
    assert check["agrees"] is True
    assert check["total"]["billed_wh"] == check["total"]["moved_wh"] == 613


def test_a_month_that_has_not_begun_is_empty_and_no_error(town: Town):
    month = town.staff("viewer").get("/api/v1/usage/months/2027-05").json()
    assert month["visits"]["asked"] == 0
    assert month["by_day"] == []
