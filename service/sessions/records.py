"""Sessions and the settlements that end them."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, PrimaryKeyConstraint, bindparam, text
from sqlmodel import Field, SQLModel, col, select

from service.sessions.lifecycle import OPEN, UNSETTLED, State
from service.store import UnitOfWork
from service.store.columns import big, instant

_IS_OPEN = text("state IN ('queued', 'starting', 'charging', 'stopping')")


class Session(SQLModel, table=True):
    """One bike on one outlet, from scan to unplug. The id is the order number."""

    __tablename__ = "charge_session"
    __table_args__ = (
        Index(
            "uq_charge_session_one_open_per_outlet",
            "pile",
            "outlet",
            unique=True,
            sqlite_where=_IS_OPEN,
            postgresql_where=_IS_OPEN,
        ),
        Index("ix_charge_session_household_requested", "household_id", "requested_at"),
        Index("ix_charge_session_state_ended", "state", "ended_at"),
        Index("ix_charge_session_pass", "pass_id"),
    )

    id: str = Field(primary_key=True, max_length=32)
    pile: str = Field(max_length=23)
    outlet: int
    household_id: int | None = None
    source: str
    pass_id: int | None = big(
        default=None, description="the helper's or guest's pass it was started with"
    )
    asked_by: str = ""
    idempotency_key: str | None = Field(default=None, unique=True, max_length=120)
    state: str = Field(max_length=12)
    tariff_id: int | None = None
    continues_id: str | None = None

    max_duration_s: int
    max_energy_wh: int
    max_power_w: int
    cap_fen: int | None = big(default=None)
    ready_by_at: datetime | None = instant(default=None)

    requested_at: datetime = instant(index=True)
    commanded_at: datetime | None = instant(default=None)
    started_at: datetime | None = instant(default=None)
    ended_at: datetime | None = instant(default=None)
    settled_at: datetime | None = instant(default=None)
    posted_at: datetime | None = instant(default=None)
    decided_at: datetime | None = instant(default=None)

    register_id: str | None = None
    start_wh: int | None = big(default=None)
    end_wh: int | None = big(default=None)
    energy_wh: int | None = big(default=None)
    stop_reason: str | None = None
    stop_asked_by: str | None = None
    held_reason: str | None = None
    why: str | None = Field(default=None, description="what set it: refusal code, shed, feeder")
    power_cuts: int = 0


class Wish(SQLModel, table=True):
    """A household wants to be told when an outlet is free, at an entrance or at one pile.

    One per household; it ends by itself. `told_at` is when it was told last, of which outlet is in
    `told_pile` and `told_outlet`; those two are empty again once that outlet was taken.
    """

    __tablename__ = "wish"

    household_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    entrance: int | None = None
    pile: str | None = Field(default=None, max_length=23)
    asked_at: datetime = instant()
    ends_at: datetime = instant()
    told_at: datetime | None = instant(default=None)
    told_pile: str | None = Field(default=None, max_length=23)
    told_outlet: int | None = None


class SettlementCopy(SQLModel, table=True):
    """A settlement as the pile sent it. Copies that differ are all kept; equal ones are one row."""

    __table_args__ = (PrimaryKeyConstraint("pile", "settlement_seq", "content"),)

    pile: str = Field(max_length=23)
    settlement_seq: int = big()
    content: str = Field(max_length=64, description="sha256 of the record without `attempt`")
    session_id: str = Field(index=True, max_length=32)
    verdict: str
    received_ms: int = big()
    payload: str


class HeldDecision(SQLModel, table=True):
    """What a person decided about a held session, and why. `choice`: record, readings, waive.

    The register values, and the moments between which they lie, are what is billed by `record` and
    `readings`, and what is let go by `waive`; none if nothing shows how much it was. `household_id`
    is whom a session of nobody was given to. `was_billed`: it was in the ledger already when a
    second record contradicted the first, so only a credit note could follow. `evidence` is what
    the person saw.
    """

    __tablename__ = "held_decision"

    session_id: str = Field(primary_key=True, max_length=32)
    choice: str = Field(max_length=12)
    held_for: str = ""
    household_id: int | None = None
    register_id: str | None = None
    was_billed: bool = False
    start_wh: int | None = big(default=None)
    end_wh: int | None = big(default=None)
    since_ms: int | None = big(default=None)
    until_ms: int | None = big(default=None)
    reason: str
    evidence: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    evidence_sha256: str = Field(default="", max_length=64)
    decided_at: datetime = instant()
    decided_by: int | None = None


BY_KEY = select(Session).where(col(Session.idempotency_key) == bindparam("key"))
"""Built once: every start asks it, and building a statement costs more than running it."""


def session_row(uow: UnitOfWork, session_id: str) -> Session | None:
    """One session by its order number."""
    return uow.session.get(Session, session_id)


def locked_session_row(uow: UnitOfWork, session_id: str) -> Session | None:
    """The same, and nobody else may change it until this unit ends."""
    return uow.session.get(Session, session_id, with_for_update=True)


def by_key(uow: UnitOfWork, key: str) -> Session | None:
    """The session that an earlier request with the same idempotency key made."""
    return uow.session.exec(BY_KEY, params={"key": key}).first()


def open_on(uow: UnitOfWork, pile: str, outlet: int) -> Session | None:
    """The session that holds an outlet."""
    statement = select(Session).where(
        Session.pile == pile, Session.outlet == outlet, col(Session.state).in_(OPEN)
    )
    return uow.session.exec(statement).first()


def in_states(uow: UnitOfWork, states: Iterable[State]) -> Sequence[Session]:
    """All sessions in some states, oldest request first."""
    statement = select(Session).where(col(Session.state).in_(set(states))).order_by(col(Session.id))
    return uow.session.exec(statement).all()


def unsettled(uow: UnitOfWork) -> Sequence[Session]:
    """Every session whose settlement is still to come."""
    return in_states(uow, UNSETTLED)


def to_post(uow: UnitOfWork, settled_before: datetime, limit: int) -> Sequence[Session]:
    """Settled sessions that are not in the ledger yet, in the order in which they ended."""
    statement = (
        select(Session)
        .where(
            Session.state == State.SETTLED,
            col(Session.posted_at).is_(None),
            col(Session.settled_at) <= settled_before,
        )
        .order_by(col(Session.ended_at), col(Session.id))
        .limit(limit)
    )
    return uow.session.exec(statement).all()


def ended_before(uow: UnitOfWork, at: datetime) -> Sequence[Session]:
    """Sessions that were over before a moment and whose settlement never came."""
    statement = select(Session).where(Session.state == State.ENDED, col(Session.ended_at) <= at)
    return uow.session.exec(statement).all()


def shed_since(uow: UnitOfWork, since: datetime) -> Sequence[Session]:
    """Sessions that were switched off for the cable's sake and are not continued yet."""
    continued = select(Session.continues_id).where(col(Session.continues_id).is_not(None))
    statement = (
        select(Session)
        .where(
            Session.why == "shed",
            col(Session.state).in_([State.ENDED, State.SETTLED]),
            col(Session.ended_at) >= since,
            col(Session.id).not_in(continued),
        )
        .order_by(col(Session.ended_at), col(Session.id))
    )
    return uow.session.exec(statement).all()


def of_household(uow: UnitOfWork, household_id: int, limit: int) -> Sequence[Session]:
    """A household's sessions, newest first."""
    statement = (
        select(Session)
        .where(Session.household_id == household_id)
        .order_by(col(Session.requested_at).desc(), col(Session.id).desc())
        .limit(limit)
    )
    return uow.session.exec(statement).all()


def of_passes(uow: UnitOfWork, pass_ids: Sequence[int]) -> Sequence[Session]:
    """The sessions that were started with some passes of helpers or guests, newest first."""
    statement = (
        select(Session)
        .where(col(Session.pass_id).in_(pass_ids))
        .order_by(col(Session.requested_at).desc(), col(Session.id).desc())
    )
    return uow.session.exec(statement).all()


def household_page(
    uow: UnitOfWork, household_id: int, limit: int, before: datetime | None = None
) -> Sequence[Session]:
    """A household's sessions that are over, newest first; those asked for before a moment."""
    statement = select(Session).where(
        Session.household_id == household_id, col(Session.state).not_in(OPEN)
    )
    if before is not None:
        statement = statement.where(col(Session.requested_at) < before)
    statement = statement.order_by(col(Session.requested_at).desc(), col(Session.id).desc())
    return uow.session.exec(statement.limit(limit)).all()


def wish_of(uow: UnitOfWork, household_id: int) -> Wish | None:
    """What a household waits for, if it does."""
    return uow.session.get(Wish, household_id)


def wishes(uow: UnitOfWork) -> Sequence[Wish]:
    """Every wish that is kept."""
    return uow.session.exec(select(Wish).order_by(col(Wish.household_id))).all()


def last_that_drew(uow: UnitOfWork, pile: str, outlet: int) -> Session | None:
    """The newest session on an outlet that drew energy."""
    statement = (
        select(Session)
        .where(Session.pile == pile, Session.outlet == outlet, col(Session.energy_wh) > 0)
        .order_by(col(Session.requested_at).desc())
        .limit(1)
    )
    return uow.session.exec(statement).first()


def decision_of(uow: UnitOfWork, session_id: str) -> HeldDecision | None:
    """What a person decided about a session, if one had to."""
    return uow.session.get(HeldDecision, session_id)


def held_rows(uow: UnitOfWork) -> Sequence[Session]:
    """Every session that waits for a person, the one that waits longest first."""
    statement = (
        select(Session)
        .where(Session.state == State.HELD)
        .order_by(col(Session.requested_at), col(Session.id))
    )
    return uow.session.exec(statement).all()


def decisions(uow: UnitOfWork, limit: int) -> Sequence[tuple[HeldDecision, Session]]:
    """What was decided last, newest first, with the sessions it was about."""
    statement = (
        select(HeldDecision, Session)
        .join(Session, col(Session.id) == col(HeldDecision.session_id))
        .order_by(col(HeldDecision.decided_at).desc(), col(HeldDecision.session_id))
        .limit(limit)
    )
    return uow.session.exec(statement).all()


def copies_of(uow: UnitOfWork, pile: str, settlement_seq: int) -> Sequence[SettlementCopy]:
    """All differing copies of one settlement."""
    statement = select(SettlementCopy).where(
        SettlementCopy.pile == pile, SettlementCopy.settlement_seq == settlement_seq
    )
    return uow.session.exec(statement).all()


def settlements_of(uow: UnitOfWork, session_id: str) -> Sequence[SettlementCopy]:
    """All settlement copies that name a session."""
    statement = select(SettlementCopy).where(SettlementCopy.session_id == session_id)
    return uow.session.exec(statement).all()


def requested_between(
    uow: UnitOfWork, pile: str, since: datetime, until: datetime
) -> Sequence[Session]:
    """The sessions that were asked for at a pile in a span."""
    statement = select(Session).where(
        Session.pile == pile, col(Session.requested_at) >= since, col(Session.requested_at) < until
    )
    return uow.session.exec(statement).all()


def started_between(uow: UnitOfWork, since: datetime, until: datetime) -> Sequence[Session]:
    """The sessions that were asked for in a span and really began."""
    statement = select(Session).where(
        col(Session.requested_at) >= since,
        col(Session.requested_at) < until,
        col(Session.started_at).is_not(None),
    )
    return uow.session.exec(statement).all()


def in_parts(keys: Sequence[str], size: int = 500) -> Iterator[Sequence[str]]:
    """Keys in parts that one query may ask for."""
    return (keys[start : start + size] for start in range(0, len(keys), size))


def sessions_by_id(uow: UnitOfWork, ids: Sequence[str]) -> Sequence[Session]:
    """Sessions by their order numbers, in no particular order."""
    return [
        row
        for part in in_parts(ids)
        for row in uow.session.exec(select(Session).where(col(Session.id).in_(part)))
    ]


def copies_by_session(uow: UnitOfWork, ids: Sequence[str]) -> dict[str, list[SettlementCopy]]:
    """Every settlement copy that names one of these sessions."""
    found: dict[str, list[SettlementCopy]] = {}
    for part in in_parts(ids):
        statement = select(SettlementCopy).where(col(SettlementCopy.session_id).in_(part))
        for row in uow.session.exec(statement):
            found.setdefault(row.session_id, []).append(row)
    return found


def decisions_by_session(uow: UnitOfWork, ids: Sequence[str]) -> dict[str, HeldDecision]:
    """What people decided about these sessions."""
    return {
        row.session_id: row
        for part in in_parts(ids)
        for row in uow.session.exec(
            select(HeldDecision).where(col(HeldDecision.session_id).in_(part))
        )
    }
