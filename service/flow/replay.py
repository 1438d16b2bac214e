"""A month's bills made again from the stored messages, and laid beside what was published.

`beimen replay --month 2026-10`: pile by pile every message of the month is decoded again, every
session is measured and priced again (see `rebuild`), the statements are added up again, and the
root of the proofs is grown again from them. Either everything is equal, to the fen and to the last
digit of the root, or each difference is named with both figures.

What it takes from elsewhere, because no message says it: who asked for what (orders, tariffs), what
people decided about held sessions, what the ledger says was paid or corrected, when a bill was
posted, and salt and door of each leaf of the proofs.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from datetime import timedelta

from service.billing import facts
from service.billing.actions.reading import load_blocks
from service.billing.actions.tariffs import tariff_versions
from service.billing.facts import StatementFigures
from service.billing.months import is_month
from service.billing.outcomes import Refused, SessionToBill
from service.billing.pricing import Priced, PricedLine
from service.billing.proof import Leaf, TreeError, grow
from service.billing.records import MonthClose
from service.billing.records.archive import billed_at, moved_by_household, piles_billed
from service.billing.records.closing import (
    close_of,
    month_closed_before,
    root_figures,
    written_figures,
)
from service.billing.records.publishing import proven_bills
from service.billing.records.queries import entries_of_sessions
from service.billing.statement import SessionBlock, arithmetic
from service.billing.tariff import TariffVersion
from service.clock import to_ms
from service.flow.raw import Said, choice_of, hear_again, order_of
from service.flow.rebuild import Bill, Doubt, rebuild
from service.piles.records import pile_rows
from service.sessions.lifecycle import State
from service.sessions.records import Session
from service.settings import Settings
from service.store import UnitOfWork
from service.usage.spans import Span, month_span
from service.words import N_, Sentence

MOST_TOLD = 1000
"""Differences that are kept in words; more are only counted."""

A_DAY = timedelta(days=1)


@dataclass(slots=True)
class Replayed:
    """What came of it. Energies in Wh, amounts in fen."""

    month: str
    span: Span
    messages: int = 0
    values: int = 0
    sessions: int = 0
    decided: int = 0
    held: Counter[str] = field(default_factory=Counter)
    let_go: int = 0
    energy_wh: int = 0
    lines_fen: int = 0
    statements: int = 0
    root: str | None = None
    published: bool = False
    lives: int = 0
    steps: int = 0
    slack_ms: int = 0
    """The most by which stored messages alone would have placed an event later."""
    differences: list[Sentence] = field(default_factory=list)
    differing: int = 0

    @property
    def is_equal(self) -> bool:
        """Whether everything came out as it was published."""
        return self.differing == 0

    def differs(self, message: str, **values: object) -> None:
        """Note a difference."""
        self.differing += 1
        if len(self.differences) < MOST_TOLD:
            self.differences.append(Sentence(message, values))


def replay_month(
    uow: UnitOfWork,
    settings: Settings,
    month: str,
    tell: Callable[[float], None] = lambda share: None,
) -> Replayed | Refused:
    """Make a month again and compare; of a month that is still open, only its sessions.

    Memory holds one pile's month at a time, and a few figures of each household.
    """
    if not is_month(month):
        message = N_("'{month}' is not a month; write it like 2026-10.")
        return Refused((Sentence(message, {"month": month}),))
    return _Replay(uow, settings, month).run(tell)


class _Replay:
    def __init__(self, uow: UnitOfWork, settings: Settings, month: str):
        self.uow, self.settings, self.month = uow, settings, month
        self.found = Replayed(month, month_span(month, settings.zone))
        self.tariffs: dict[int, TariffVersion] = {one.id: one for one in tariff_versions(uow)}
        self.close: MonthClose | None = close_of(uow, month)
        self.lines_fen: dict[int, int] = defaultdict(int)
        self.energy_wh: dict[int, int] = defaultdict(int)
        self.sessions: dict[int, int] = defaultdict(int)

    def run(self, tell: Callable[[float], None]) -> Replayed:
        piles = sorted({row.id for row in pile_rows(self.uow)} | set(self.billed_piles()))
        for number, pile in enumerate(piles, start=1):
            self.pile(pile)
            self.uow.session.expunge_all()
            tell(number / len(piles))
        if self.close is not None and self.close.state != "closing":
            self.found.published = self.close.state == "published"
            self.statements()
        return self.found

    def billed_piles(self) -> Sequence[str]:
        return piles_billed(self.uow, self.month)

    # --- sessions ---------------------------------------------------------------------------------

    def pile(self, pile: str) -> None:
        billed = {row.session_id: (row, to_ms(at), sealed)
                  for row, at, sealed in billed_at(self.uow, self.month, pile)}  # fmt: skip
        longest = timedelta(seconds=self.settings.longest_session_s) + A_DAY
        since, until = self.found.span.since - longest, self.found.span.until
        said = hear_again(self.uow, pile, list(billed), since, until)
        self.count(said)
        rows = [row for row, _, _ in billed.values()]
        for row, block in zip(rows, load_blocks(self.uow, rows), strict=True):
            _, posted_ms, sealed = billed[row.session_id]
            self.compare(block, sealed, self.again(said, row.session_id, posted_ms))
        others = [row for row in said.rows.values() if row.id not in billed]
        self.unbilled(said, others)

    def count(self, said: Said) -> None:
        found = self.found
        found.messages += said.messages
        found.values += sum(len(values) for values in said.values.values())
        found.lives += len(said.lives.steps)
        found.steps += sum(len(steps) for steps in said.lives.steps.values())
        for name in said.broken:
            message = N_("{pile}: {name} as stored cannot be read any more.")
            found.differs(message, pile=said.pile, name=name)
        for spread_ms in said.spread_ms():
            if spread_ms < 0:
                message = N_(
                    "{pile}: a stored live message contradicts the clock offset by {ms} ms."
                )
                found.differs(message, pile=said.pile, ms=-spread_ms)
            found.slack_ms = max(found.slack_ms, spread_ms)

    def again(self, said: Said, session_id: str, known_ms: int) -> Bill | Doubt:
        row = said.rows.get(session_id)
        if row is None:
            return Doubt("no_order")
        order = order_of(row, self.tariffs)
        if order is None:
            return Doubt("no_tariff" if row.household_id is not None else "no_household")
        choice = choice_of(said.decisions.get(session_id))
        records = said.records.get(session_id, ())
        values = said.values.get(session_id, ())
        self.found.decided += choice is not None
        return rebuild(order, records, values, said.lives, known_ms, self.settings.zone, choice)

    def compare(self, printed: SessionBlock, sealed: str, again: Bill | Doubt) -> None:
        session = printed.bill.session_id
        if isinstance(again, Doubt):
            message = N_("Session {session} was billed; replayed it would be held: {why}.")
            self.found.differs(message, session=session, why=again.why)
            return
        bill, priced = again
        self.found.sessions += 1
        self.found.energy_wh += priced.energy_wh
        self.found.lines_fen += priced.total_fen
        self.lines_fen[bill.household_id] += priced.total_fen
        self.energy_wh[bill.household_id] += priced.energy_wh
        self.sessions[bill.household_id] += 1
        unlike = [*_unlike(bill, printed.bill), *_unlike_lines(priced, printed.priced)]
        if not unlike and facts.of_session(bill, priced) != sealed:
            unlike = [("seal", "as printed", "another")]
        for name, right, wrong in unlike:
            message = N_("Session {session}: {name} is {again} replayed and {published} billed.")
            self.found.differs(message, session=session, name=name, again=right, published=wrong)

    def unbilled(self, said: Said, rows: Sequence[Session]) -> None:
        """What is not on a statement of this month: on another one, held, let go, or forgotten."""
        elsewhere = entries_of_sessions(self.uow, [row.id for row in rows])
        for row in rows:
            ended = row.ended_at or row.requested_at
            if row.id in elsewhere or not self.found.span.since <= ended < self.found.span.until:
                continue
            if row.state == State.HELD:
                self.found.held[row.held_reason or ""] += 1
            elif row.state == State.WAIVED:
                self.found.let_go += 1
            elif self.is_forgotten(said, row):
                message = N_(
                    "Session {session} was settled before the close and is billed nowhere."
                )
                self.found.differs(message, session=row.id)

    def is_forgotten(self, said: Said, row: Session) -> bool:
        if self.close is None:
            return False
        closed_ms = to_ms(self.close.closed_at)
        return any(one.received_ms < closed_ms for one in said.records.get(row.id, ()))

    # --- statements and root ----------------------------------------------------------------------

    def statements(self) -> None:
        published = {one.household_id: one for one in written_figures(self.uow, self.month)}
        again = self.figures()
        self.found.statements = len(again)
        for household in sorted({*published, *again}):
            for name, right, wrong in _unlike(again.get(household), published.get(household)):
                message = N_("Household {household}: {name} is {again} replayed and {published} "
                             "on the statement.")  # fmt: skip
                self.found.differs(
                    message, household=household, name=name, again=right, published=wrong
                )
        self.proof(again)

    def figures(self) -> dict[int, StatementFigures]:
        before = month_closed_before(self.uow, self.month)
        opening = {
            one.household_id: one.closing_fen
            for one in (written_figures(self.uow, before) if before else ())
            if one.closing_fen
        }
        moved = moved_by_household(self.uow, self.month)
        found = {}
        for household in {*opening, *moved, *self.sessions}:
            corrections, payments = moved.get(household, (0, 0))
            begin, lines = opening.get(household, 0), self.lines_fen[household]
            found[household] = StatementFigures(
                household, begin, lines, corrections, payments,
                begin + lines + corrections - payments,
                self.energy_wh[household], self.sessions[household],
            )  # fmt: skip
        return found

    def proof(self, again: dict[int, StatementFigures]) -> None:
        """The root from salts and doors as they were fixed, and bills as they came out now."""
        leaves = [
            Leaf(bill.household_id, bill.door, bill.salt, one.lines_fen, one.energy_wh)
            for bill in proven_bills(self.uow, self.month)
            if (one := again.get(bill.household_id)) is not None
        ]
        try:
            self.found.root = grow(self.month, leaves).root
        except TreeError:
            self.found.root = ""
        figures = root_figures(self.uow, self.month)
        published = figures.root if figures else ""
        if self.found.root != published:
            message = N_("The root is {again} replayed and {published} published.")
            self.found.differs(message, again=self.found.root, published=published)


Unlike = tuple[str, object, object]
"""What it is called, as it came out now, and as it was published."""


def _unlike(again: object, published: object) -> Iterator[Unlike]:
    """The fields in which two of a kind differ; one of them may be missing."""
    for name in _names(again if again is not None else published):
        right, wrong = getattr(again, name, None), getattr(published, name, None)
        if right != wrong:
            yield name, right, wrong


def _names(figures: object) -> Sequence[str]:
    if isinstance(figures, StatementFigures):
        return figures._fields
    return [one.name for one in fields(SessionToBill)]


def _unlike_lines(again: Priced, published: Priced) -> Iterator[Unlike]:
    """The tariff, and every line with its arithmetic."""
    if again.version_id != published.version_id:
        yield "tariff", again.version_id, published.version_id
    right = {(line.band, line.component): line for line in again.lines}
    wrong = {(line.band, line.component): line for line in published.lines}
    for key in sorted({*right, *wrong}):
        if right.get(key) != wrong.get(key):
            name = f"line {key[0]} {key[1]}"
            yield name, _arithmetic(right.get(key)), _arithmetic(wrong.get(key))


def _arithmetic(line: PricedLine | None) -> str:
    if line is None:
        return "-"
    return (
        f"{line.band_name}: {'≈ ' if line.interpolated else ''}{arithmetic(line).in_language('en')}"
    )
