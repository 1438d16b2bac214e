"""Why a charge is held, for those who must decide: what it means, and what to look at first."""

from dataclasses import dataclass

from service.usage.bases import Choice
from service.words import N_, Sentence


@dataclass(frozen=True, slots=True)
class WhyHeld:
    """`means`: what happened; `look`: what the evidence can tell about it."""

    means: Sentence
    look: Sentence


_MEANS = {
    "no_start_reading": N_(
        "The pile's final record has no meter value for the beginning or the end, so it does not "
        "say how much was used. The meter's whole life is never billed."
    ),
    "register_fell": N_(
        "The meter showed less at one time than before. A meter only counts up; it was replaced, "
        "reset, or is broken."
    ),
    "register_changed": N_(
        "The readings come from another meter than the final record: the metering board was "
        "exchanged during the charge."
    ),
    "register_jumped": N_(
        "The meter rose faster than this outlet can deliver: the meter is wrong, or the times are."
    ),
    "wrong_sum": N_(
        "The pile's own sum is not end minus beginning of its meter. We bill by the meter, so the "
        "sum must be explained."
    ),
    "readings_disagree": N_(
        "Our own readings during the charge lie outside of what the final record says, by more "
        "than 1 % and 10 Wh."
    ),
    "time_unknown": N_(
        "The price changed during the charge, and it is not certain when the energy was used."
    ),
    "settlement_conflict": N_(
        "The pile sent two final records of this charge that are not the same. Both are kept."
    ),
    "no_settlement": N_(
        "The charge has been over for a day, and the pile's final record never came."
    ),
    "no_order": N_(
        "The pile sold energy without an order of ours: nobody is named who pays for it."
    ),
    "charging_without_order": N_(
        "The start had been given up because the pile did not answer, but it charged after all."
    ),
    "no_household": N_("The charge is complete, but nobody is named who pays for it."),
    "no_tariff": N_("No price was in force when it began. Without a price nothing can be billed."),
}
_LOOK = {
    "no_start_reading": N_(
        "Look at our readings: if they run from the beginning to the end, they prove the energy."
    ),
    "register_fell": N_(
        "Look where the curve of the meter falls. What rose without a break before or after it is "
        "proven; the rest is not."
    ),
    "register_changed": N_(
        "Look at the meter's name in the readings and ask maintenance when the board was changed."
    ),
    "register_jumped": N_(
        "Look at the jump in the readings. A jump proves nothing; what rose steadily does."
    ),
    "wrong_sum": N_(
        "Compare the record's meter values with our readings. If they agree, the meter is right."
    ),
    "readings_disagree": N_(
        "Look at the last reading and the record's end value: which of them fits the curve?"
    ),
    "time_unknown": N_("Look at the gaps in the readings around the change of the price."),
    "settlement_conflict": N_(
        "Look at what differs between the records, and which of them our readings support."
    ),
    "no_settlement": N_(
        "Ask maintenance whether the pile is alive: it may still send the record. Otherwise our "
        "readings are all there is."
    ),
    "no_order": N_(
        "Look at the time and the place, ask at the gatehouse who charged there. If nobody knows, "
        "let it go."
    ),
    "charging_without_order": N_(
        "Look at the commands and their answers: did the household that had asked use the outlet?"
    ),
    "no_household": N_("Ask at the gatehouse who charged there. If nobody knows, let it go."),
    "no_tariff": N_("It can only be let go."),
}
_MEANS_OTHERWISE = N_("Something about this charge does not add up.")
_LOOK_OTHERWISE = N_("Compare the record, the readings and the messages.")

CHOICES = {
    Choice.RECORD: N_("Bill by the pile's final record"),
    Choice.READINGS: N_("Bill only what our own readings prove"),
    Choice.WAIVE: N_("Bill nothing"),
}

DECIDED = {
    Choice.RECORD: N_("Decided: billed by the pile's final record."),
    Choice.READINGS: N_("Decided: billed by what our own readings prove."),
    Choice.WAIVE: N_("Decided: nothing is billed."),
}


def why_held(reason: str | None) -> WhyHeld:
    """What a held reason means and what to look at."""
    return WhyHeld(
        Sentence(_MEANS.get(reason or "", _MEANS_OTHERWISE)),
        Sentence(_LOOK.get(reason or "", _LOOK_OTHERWISE)),
    )


def choice_words(choice: Choice) -> Sentence:
    """One of the three choices, as a person chooses it."""
    return Sentence(CHOICES[choice])


def decided_words(choice: str) -> Sentence:
    """What was decided."""
    return Sentence(DECIDED[Choice(choice)])
