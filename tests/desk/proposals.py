"""Drafts and forms that the stories of the desk share."""

from dataclasses import replace

from service.billing.tariff import TariffVersion
from service.desk.decision_form import TypedDecision
from service.desk.draft_form import TypedBand, TypedDraft
from service.desk.drafts import Decision, Proposal
from tests.billing.days import TWO_BANDS, local

NOW = local("2026-03-02 19:00")
APRIL = local("2026-04-01")
DEARER = Proposal(TariffVersion.flat(APRIL, 4870, 3000), "repairs cost more")
BY_DAY_AND_NIGHT = Proposal(
    replace(TWO_BANDS, id=0, starts_at=APRIL, consent_at=None, consent_scope=""), "cheaper nights"
)
AGREED = Decision(True, local("2026-03-01"), 132, 18, "meeting in the yard")
AGREED_WITH_CONSENT = replace(
    AGREED, consent_at=local("2026-03-01"), consent_scope="all owners, meeting of 1 March"
)
DECLINED = Decision(False, local("2026-03-01"), 18, 132)

FLAT_FORM = TypedDraft("2026-04-01", "repairs cost more", (TypedBand("", "", "0.487", "0.30"),))
TWO_ROWS = TypedDraft(
    "2026-04-01",
    "cheaper nights",
    (
        TypedBand("peak", "08:00-22:00", "0.487", "0.20"),
        TypedBand("valley", "22:00-08:00", "0.286", "0.15"),
    ),
)
DECISION_FORM = TypedDecision("approved", "2026-03-01", "132", "18", "meeting in the yard")
