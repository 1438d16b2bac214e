"""The sentences of one session's page: what happened, what it waits for, what was asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum

from service.feeders.queue import Turn
from service.pages.say_time import clock_time, moment, span
from service.pages.states import held_sentence, not_started_sentence, stop_sentence
from service.sessions.lifecycle import State
from service.sessions.records import Session
from service.words import N_, Sentence


class Ending(StrEnum):
    """How a charge ended, as far as its page looks different."""

    FULL = "full"
    LIMIT = "limit"
    PAUSED = "paused"
    ASKED = "asked"
    UNPLUGGED = "unplugged"
    CUT = "cut"
    LOST = "lost"


ENDINGS: Mapping[str, Ending] = {
    "full": Ending.FULL, "low_power": Ending.FULL,
    "max_time": Ending.LIMIT, "set_energy": Ending.LIMIT,
    "unplugged": Ending.UNPLUGGED,
    "user": Ending.ASKED, "card": Ending.ASKED, "operator": Ending.ASKED,
    "power_loss": Ending.LOST, "offline_limit": Ending.LOST, "other": Ending.LOST,
}  # fmt: skip
"""Every other reason of a pile is a danger or a fault: it was cut off."""

HEADLINES = {
    Ending.FULL: N_("Full"),
    Ending.LIMIT: N_("Your limit is reached"),
    Ending.PAUSED: N_("Paused"),
    Ending.ASKED: N_("Finished"),
    Ending.UNPLUGGED: N_("Unplugged"),
    Ending.CUT: N_("Switched off for safety"),
    Ending.LOST: N_("It stopped early"),
}

NEXT = {
    Ending.LIMIT: N_("If you need more, start again here."),
    Ending.CUT: N_(
        "Do not use this charger again before somebody has looked at it. Touch nothing that is "
        "warm or smells, and call the gatehouse."
    ),
    Ending.LOST: N_("You can start again once the outlet is shown as free or full."),
}


@dataclass(frozen=True, slots=True)
class Told:
    """What the sentences are made of."""

    row: Session
    now: datetime
    longest_s: int
    full_energy_wh: int
    turn: Turn | None = None
    most_fen: int | None = None


def ending_of(row: Session) -> Ending | None:
    """How a settled charge ended; None while it runs, is held, or never began."""
    if row.state != State.SETTLED:
        return None
    if row.why == "shed":
        return Ending.PAUSED
    return ENDINGS.get(row.stop_reason or "other", Ending.CUT)


def detail(told: Told) -> Sentence | None:
    """What happened, or what is waited for, in one sentence."""
    row = told.row
    state = State(row.state)
    if state is State.CANCELLED:
        if row.stop_asked_by or row.why is None or row.why.startswith(("feeder:", "queue")):
            return Sentence(N_("You left before it started. Nothing is charged."))
        return not_started_sentence(row.why)
    if state is State.HELD:
        message = N_("Nothing is billed until somebody has looked: {reason}.")
        if row.posted_at is not None:
            message = N_("The bill stands, and somebody looks at it again: {reason}.")
        return Sentence(message, {"reason": held_sentence(row.held_reason)})
    if state is State.SETTLED:
        return stop_sentence(row.stop_reason, row.why)
    if state is State.QUEUED and told.turn is not None:
        return told.turn.sentence
    fixed = {
        State.WAIVED: N_("The committee has looked at this charge: you pay nothing for it."),
        State.ENDED: N_("The pile's final record is on its way; then the exact bill is here."),
    }
    return Sentence(fixed[state]) if state in fixed else None


def expected(told: Told, zone: tzinfo) -> Sentence | None:
    """When a charge that waits will start, as far as it can be told."""
    if told.row.state != State.QUEUED:
        return None
    if told.turn is None or told.turn.expected is None:
        return Sentence(N_("Nobody can tell yet when it will start. It starts by itself."))
    between = told.turn.expected
    earliest = moment(between.earliest, told.now, zone)
    if between.latest is None:
        return Sentence(
            N_("It starts by itself, {earliest} at the earliest."), {"earliest": earliest}
        )
    if between.latest - between.earliest < timedelta(minutes=10):
        return Sentence(
            N_("It starts by itself by {time} at the latest; sooner if somebody finishes."),
            {"time": earliest},
        )
    return Sentence(
        N_("It starts by itself, between {earliest} and {latest}."),
        {"earliest": earliest, "latest": clock_time(between.latest, zone)},
    )


def limits(told: Told, zone: tzinfo) -> tuple[Sentence, ...]:
    """What was asked for, each with the exact point at which the pile itself stops."""
    row = told.row
    said = [one for one in (_most(told),) if one]
    if row.max_duration_s < told.longest_s:
        if row.started_at is not None:
            end = moment(row.started_at + timedelta(seconds=row.max_duration_s), told.now, zone)
            said.append(Sentence(N_("until {time} at the latest"), {"time": end}))
        else:
            said.append(Sentence(N_("for {span}"), {"span": span(row.max_duration_s)}))
    return tuple(said)


def _most(told: Told) -> Sentence | None:
    row = told.row
    values: dict[str, object] = {"kwh": _kwh(row.max_energy_wh)}
    if row.cap_fen is not None:
        values["amount"] = _yuan(row.cap_fen)
        return Sentence(
            N_("never more than {amount} yuan; the pile itself stops at {kwh} kWh"), values
        )
    if row.max_energy_wh >= told.full_energy_wh or row.continues_id is not None:
        return None
    if told.most_fen is None:
        return Sentence(N_("never more than {kwh} kWh"), values)
    values["amount"] = _yuan(told.most_fen)
    return Sentence(N_("never more than {kwh} kWh, which is at most {amount} yuan"), values)


def never_more(told: Told) -> Sentence | None:
    """The limit that holds without anything being asked for."""
    if told.most_fen is None or told.row.cap_fen is not None:
        return None
    values = {"amount": _yuan(told.most_fen), "kwh": _kwh(told.row.max_energy_wh)}
    return Sentence(
        N_("In no case more than {amount} yuan: the pile itself stops at {kwh} kWh."), values
    )


def ready_by(row: Session, now: datetime, zone: tzinfo) -> Sentence | None:
    """By when it was wished to be ready, and what that does today."""
    if row.ready_by_at is None:
        return None
    return Sentence(
        N_(
            "You want it ready by {time}. This is kept with the charge; for now every charge "
            "starts as soon as there is room for it."
        ),
        {"time": moment(row.ready_by_at, now, zone)},
    )


def stop_doubt() -> Sentence:
    """A stop that the pile has not confirmed: what a person can do."""
    return Sentence(
        N_(
            "The pile has been told. If the lamp is still on in two minutes, "
            "pull the plug or call the gatehouse."
        )
    )


def next_step(ending: Ending | None) -> Sentence | None:
    """What to do after such an ending, if anything."""
    message = NEXT.get(ending) if ending else None
    return Sentence(message) if message else None


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


def _kwh(energy_wh: int) -> str:
    return f"{energy_wh // 1000}.{energy_wh % 1000:03d}"
