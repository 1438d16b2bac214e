"""Outlets one by one, and how well the piles served: the deeper pages of a month's figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from service.clock import from_ms
from service.pages.fault_words import fault_words
from service.pages.sheets import (
    Column,
    Kind,
    Quantity,
    Sheet,
    count,
    lasted,
    numbers,
    share,
    words,
)
from service.pages.statement_page import place_words
from service.usage.actions import Figures
from service.usage.outages import Availability, Outage
from service.usage.utilisation import OutletUse
from service.words import N_, Sentence

SORTS = ("place", "charges", "kwh", "taken", "usable")


# --- outlets -------------------------------------------------------------------------------------


def outlets_sheet(figures: Figures, numbers_of: Mapping[str, int], sort: str = "taken") -> Sheet:
    """Every outlet; `sort` is one of SORTS. What is good or much stands first, places in order."""
    able = {(one.pile, one.outlet): one.share for one in figures.availability}

    def usable(use: OutletUse) -> float:
        return able.get((use.pile, use.outlet), 1.0)

    def place(use: OutletUse) -> tuple[int, int]:
        return numbers_of.get(use.pile, 0), use.outlet

    order = {
        "place": lambda use: 0,
        "charges": lambda use: -use.sessions,
        "kwh": lambda use: -use.energy_wh,
        "taken": lambda use: -use.share,
        "usable": usable,
    }[sort]
    uses = sorted(figures.by_outlet, key=lambda use: (order(use), *place(use)))
    return Sheet(
        "outlets",
        Sentence(N_("Outlets")),
        Sentence(
            N_(
                "Taken: the share of the time in which a charge held the outlet. Usable: the share "
                "in which it was neither broken, silent nor out of service."
            )
        ),
        (
            Column(Sentence(N_("Outlet")), is_number=False, key="place"),
            numbers(N_("Charges"), "charges"),
            numbers(N_("kWh"), "kwh"),
            numbers(N_("taken"), "taken"),
            numbers(N_("usable"), "usable"),
        ),
        tuple(
            (
                place_words(use.pile, use.outlet, numbers_of),
                count(use.sessions),
                Quantity(use.energy_wh, Kind.KWH),
                share(use.share),
                share(usable(use)),
            )
            for use in uses
        ),
        (
            Sentence(N_("All outlets")),
            count(sum(use.sessions for use in uses)),
            Quantity(sum(use.energy_wh for use in uses), Kind.KWH),
            share(figures.utilisation),
            share(figures.mean_availability),
        ),
    )


# --- how well the piles served -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ServiceView:
    """Availability and repairs."""

    usable: str | None
    lost: Sentence
    raised: int
    still_open: int
    oldest: Sentence | None
    median: Sentence | None
    mean: Sentence | None
    longest: Sentence | None
    answered: Sentence | None
    entrances: Sheet
    worst: Sheet
    incidents: Sheet


def service_view(
    figures: Figures,
    longest: Sequence[tuple[Outage, int]],
    numbers_of: Mapping[str, int],
    entrance_of: Mapping[str, int],
) -> ServiceView:
    """How much of the time outlets could be used, and how long repairs took."""
    repairs, able = figures.repairs, figures.availability
    mean = share(figures.mean_availability)
    return ServiceView(
        usable=mean.text if mean else None,
        lost=Sentence(
            N_("{hours} hours of all outlets together were lost."),
            {"hours": sum(one.unusable_seconds for one in able) // 3600},
        ),
        raised=repairs.raised,
        still_open=repairs.open,
        oldest=lasted(repairs.oldest_open_seconds),
        median=lasted(repairs.median_seconds),
        mean=lasted(repairs.mean_seconds),
        longest=lasted(repairs.longest_seconds),
        answered=lasted(repairs.mean_to_answer_seconds),
        entrances=_able_sheet(able, entrance_of),
        worst=_worst_sheet(able, numbers_of),
        incidents=_incidents_sheet(longest, numbers_of),
    )


_LOST = (
    N_("usable"),
    N_("out of service, h"),
    N_("silent, h"),
    N_("broken, h"),
)


def _able_sheet(able: Sequence[Availability], entrance_of: Mapping[str, int]) -> Sheet:
    groups: dict[int, list[Availability]] = {}
    for one in able:
        groups.setdefault(entrance_of.get(one.pile, 0), []).append(one)
    return Sheet(
        "usable",
        Sentence(N_("Usable by entrance")),
        Sentence(
            N_("Hours of all its outlets together: out of service, else silent, else broken.")
        ),
        (words(N_("Entrance")), *(numbers(one) for one in _LOST)),
        tuple((str(door), *_lost(groups[door])) for door in sorted(groups)),
        (Sentence(N_("All")), *_lost(able)),
    )


def _lost(able: Sequence[Availability]) -> tuple[Quantity | None, ...]:
    mean = sum(one.share for one in able) / len(able) if able else None
    return (
        share(mean),
        Quantity(sum(one.closed_seconds for one in able), Kind.HOURS),
        Quantity(sum(one.silent_seconds for one in able), Kind.HOURS),
        Quantity(sum(one.broken_seconds for one in able), Kind.HOURS),
    )


def _worst_sheet(able: Sequence[Availability], numbers_of: Mapping[str, int]) -> Sheet:
    lost = [one for one in able if one.unusable_seconds]
    lost.sort(key=lambda one: (one.share, numbers_of.get(one.pile, 0), one.outlet))
    return Sheet(
        "lost",
        Sentence(N_("Outlets that could not always be used")),
        Sentence(N_("The worst first. All others could be used the whole time.")),
        (words(N_("Outlet")), *(numbers(one) for one in _LOST)),
        tuple((place_words(one.pile, one.outlet, numbers_of), *_lost([one])) for one in lost),
    )


def _incidents_sheet(longest: Sequence[tuple[Outage, int]], numbers_of: Mapping[str, int]) -> Sheet:
    return Sheet(
        "repairs",
        Sentence(N_("What lasted longest")),
        Sentence(N_("Incidents at piles that began in this month, up to now if they last.")),
        (
            words(N_("What")),
            words(N_("Where")),
            words(N_("Since when")),
            numbers(N_("Lasted")),
            words(N_("State")),
        ),
        tuple(
            (
                fault_words(one.code),
                _where(one, numbers_of),
                from_ms(one.raised_ms),
                lasted(seconds),
                Sentence(N_("still open")) if one.over_ms is None else Sentence(N_("over")),
            )
            for one, seconds in longest
        ),
    )


def _where(one: Outage, numbers_of: Mapping[str, int]) -> Sentence:
    if one.outlet is not None:
        return place_words(one.pile or "", one.outlet, numbers_of)
    return Sentence(N_("Pile {pile}"), {"pile": numbers_of.get(one.pile or "", 0)})
