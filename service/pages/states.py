"""The five states of an outlet and the reasons of a session, in words, the same on every page."""

from service.piles.board import Face
from service.sessions.lifecycle import State
from service.words import N_, Sentence

FACES = {
    Face.FREE: N_("free"),
    Face.IN_USE: N_("in use"),
    Face.FULL: N_("full, still plugged in"),
    Face.SILENT: N_("not heard from"),
    Face.OUT_OF_ORDER: N_("out of order"),
}

SINCE = {
    Face.IN_USE: N_("in use since {when}"),
    Face.FULL: N_("full since {when}"),
    Face.SILENT: N_("last heard {when}"),
    Face.OUT_OF_ORDER: N_("out of order since {when}"),
}

STATES = {
    State.QUEUED: N_("waiting for its turn"),
    State.STARTING: N_("starting"),
    State.CHARGING: N_("charging"),
    State.STOPPING: N_("stopping"),
    State.ENDED: N_("over, waiting for the meter"),
    State.SETTLED: N_("finished"),
    State.HELD: N_("being checked"),
    State.WAIVED: N_("checked, not billed"),
    State.CANCELLED: N_("did not start"),
}

STOP_REASONS = {
    "full": N_("The battery is full and the power is off."),
    "low_power": N_("The battery is full and the power is off."),
    "max_time": N_("The time limit was reached and the power is off."),
    "set_energy": N_("The limit you set was reached and the power is off."),
    "unplugged": N_("The plug was pulled out."),
    "user": N_("You ended it."),
    "card": N_("It was ended with a card."),
    "operator": N_("It was switched off by the staff on duty."),
    "overload": N_("The charger drew more than this outlet may give, so it was switched off."),
    "over_current": N_("The charger drew too much current, so it was switched off."),
    "over_temp_outlet": N_("The outlet became too hot, so it was switched off."),
    "over_temp_ambient": N_("It became too hot around the pile, so it was switched off."),
    "power_loss": N_("The power failed."),
    "smoke": N_("Smoke was detected, so everything was switched off."),
    "water": N_("Water was detected, so everything was switched off."),
    "leakage": N_("A leakage current was detected, so it was switched off."),
    "relay": N_("The switch of the outlet has a fault."),
    "meter": N_("The meter of the outlet has a fault."),
    "offline_limit": N_("The pile had no connection for too long and stopped by itself."),
    "other": N_("The pile ended it by itself."),
}

SHED = N_("It was paused to protect the cable and goes on by itself when there is room.")

NOT_STARTED = {
    "unanswered": N_("The pile did not answer. Nothing was started and nothing is charged."),
    "expired": N_("The pile was told too late. Nothing was started and nothing is charged."),
    "not_plugged": N_(
        "No plug was found in the outlet. Put the charger in first, then start again."
    ),
    "no_load": N_("The bike does not draw power. Check the charger at both ends, then try again."),
    "busy": N_("The outlet is busy. Please take another one."),
    "over_total_power": N_("The pile has no power left for one more. Please take another one."),
}
NOT_STARTED_OTHERWISE = N_(
    "The pile could not switch on and maintenance knows. Nothing was started and nothing is "
    "charged. Please take another outlet."
)

HELD_REASONS = {
    "no_start_reading": N_("the meter reading at the start is missing"),
    "register_fell": N_("the meter went backwards"),
    "register_changed": N_("the meter was exchanged during the charge"),
    "register_jumped": N_("the meter rose faster than it can"),
    "wrong_sum": N_("the pile's own sum does not fit its meter"),
    "readings_disagree": N_("the readings do not fit the final record"),
    "settlement_conflict": N_("the pile sent two different final records"),
    "time_unknown": N_("the time of a price change is not certain"),
    "no_settlement": N_("the final record never came"),
    "no_order": N_("nobody had asked for it"),
    "charging_without_order": N_("it charged although its start had been given up"),
    "no_household": N_("nobody is named who pays"),
    "no_tariff": N_("no price was in force"),
}
HELD_OTHERWISE = N_("something does not add up")


def face_word(face: Face) -> Sentence:
    """The word of a state."""
    return Sentence(FACES[face])


def stop_sentence(reason: str | None, why: str | None = None) -> Sentence:
    """Why a session ended, in one sentence."""
    if why == "shed":
        return Sentence(SHED)
    return Sentence(STOP_REASONS.get(reason or "other", STOP_REASONS["other"]))


def not_started_sentence(why: str | None) -> Sentence:
    """Why a session never began, and what to do."""
    return Sentence(NOT_STARTED.get(why or "", NOT_STARTED_OTHERWISE))


def held_sentence(reason: str | None) -> Sentence:
    """Why a session waits for a person."""
    return Sentence(HELD_REASONS.get(reason or "", HELD_OTHERWISE))


def reasons_for_statements() -> dict[str, Sentence]:
    """Every stop reason in words, for statements."""
    return {code: Sentence(message) for code, message in STOP_REASONS.items()}
