"""Publishing tariff versions: never backwards, never changed, always sealed."""

from dataclasses import replace

import pytest

from service.billing import actions
from service.billing.outcomes import Published
from service.billing.pricing import Piece
from service.billing.tariff import TariffVersion
from service.store import Store
from tests.billing.books import THE_LIS, a_session, close, misfits, post, publish, words
from tests.billing.days import FLAT, GOVERNMENT_E4, PEAK, SHANGHAI, TWO_BANDS, VALLEY, local

DRAFT = replace(FLAT, id=0)
DEARER = TariffVersion.flat(local("2026-04-01"), 4870, 3000)


def try_to_publish(uow, draft, now="2026-03-15"):
    return actions.publish_tariff(uow, draft, GOVERNMENT_E4, local(now), SHANGHAI, "committee")


def test_before_the_first_tariff_nothing_has_a_price(store: Store):
    with store.reading() as uow:
        assert actions.tariff_in_force(uow, local("2026-03-02")) is None
        assert actions.tariff_version(uow, 1) is None
        assert actions.tariff_versions(uow) == []


def test_a_published_version_comes_back_as_it_was_drafted(store: Store):
    with store.writing() as uow:
        number = publish(uow, replace(TWO_BANDS, id=0))
    with store.reading() as uow:
        assert actions.tariff_version(uow, number) == replace(TWO_BANDS, id=number)
        assert actions.tariff_in_force(uow, local("2026-03-02")).bands == TWO_BANDS.bands


def test_rule_2_a_tariff_above_the_government_price_is_not_published(store: Store):
    with store.writing() as uow:
        assert "0.488" in words(try_to_publish(uow, TariffVersion.flat(FLAT.starts_at, 4880, 0)))
        assert actions.tariff_versions(uow) == []


def test_rule_7_bands_without_consent_are_not_published(store: Store):
    with store.writing() as uow:
        assert "consent" in words(try_to_publish(uow, replace(TWO_BANDS, consent_at=None)))


def test_a_consent_that_is_still_to_be_given_is_none(store: Store):
    with store.writing() as uow:
        tomorrow = replace(TWO_BANDS, consent_at=local("2026-03-16"))
        assert "dated in the future" in words(try_to_publish(uow, tomorrow))


def test_rule_9_a_new_version_leaves_the_past_alone(store: Store):
    with store.writing() as uow:
        publish(uow)
        post(uow, a_session("before"))
        before = actions.statement_of(uow, THE_LIS, "2026-03")
        publish(uow, DEARER, now="2026-03-15")
        assert actions.statement_of(uow, THE_LIS, "2026-03") == before
        assert actions.tariff_in_force(uow, local("2026-03-31 23:59")).id == 1
        assert actions.tariff_in_force(uow, local("2026-04-01 00:00")).id == 2
        assert [version.id for version in actions.tariff_versions(uow)] == [1, 2]


def test_rule_9_a_session_keeps_the_price_of_its_start_also_when_it_ends_after_the_change(store):
    with store.writing() as uow:
        publish(uow)
        publish(uow, DEARER, now="2026-03-15")
        started = actions.tariff_in_force(uow, local("2026-03-31 22:00"))
        post(uow, a_session(ended="2026-04-01 01:00", tariff=started), now="2026-04-01 02:00")
        april = actions.statement_of(uow, THE_LIS, "2026-04")
    assert [line.price_e4 for line in april.sessions[0].priced.lines] == [4870, 2000]


@pytest.mark.parametrize("start", ["2026-02-01", "2026-03-15"])
def test_a_tariff_that_starts_in_the_past_or_this_instant_is_refused(store, start):
    with store.writing() as uow:
        publish(uow)
        draft = TariffVersion.flat(local(start), 4870, 1000)
        assert "starts in the future" in words(try_to_publish(uow, draft))


def test_the_first_tariff_may_have_started_before_it_was_typed_in(store: Store):
    with store.writing() as uow:
        assert isinstance(try_to_publish(uow, DRAFT), Published)


def test_publishing_the_same_draft_twice_is_one_version(store: Store):
    with store.writing() as uow:
        first = try_to_publish(uow, DEARER)
        assert try_to_publish(uow, DEARER) == first
        assert len(actions.tariff_versions(uow)) == 1


def test_a_version_can_be_replaced_before_it_begins(store: Store):
    with store.writing() as uow:
        publish(uow)
        publish(uow, DEARER, now="2026-03-15")
        gentler = TariffVersion.flat(DEARER.starts_at, 4870, 2500)
        publish(uow, gentler, now="2026-03-20")
        assert actions.tariff_in_force(uow, local("2026-04-02")).bands == gentler.bands


def test_all_reasons_against_a_draft_are_told_at_once(store: Store):
    with store.writing() as uow:
        publish(uow)
        refusal = words(try_to_publish(uow, TariffVersion.flat(local("2026-02-01"), 9000, -1)))
    assert all(reason in refusal for reason in ("government", "negative", "future"))


def test_what_was_published_is_sealed_in_the_ledger(store: Store):
    with store.writing() as uow:
        publish(uow, replace(TWO_BANDS, id=0))
        post(uow, a_session(wh=[Piece(PEAK, 400), Piece(VALLEY, 600)], tariff=TWO_BANDS))
        close(uow)
    assert not misfits(store)
