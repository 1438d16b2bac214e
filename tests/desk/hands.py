"""Entries by hand for the stories, in a few words."""

from service.billing.outcomes import PaidBy, Refused
from service.desk.actions import written as desk
from service.desk.vouchers import Paper, look_at
from service.desk.written import Approved, GridPeriod, Hand, Kind, Wish, Written
from service.households.records import Household, add
from service.store import Store, UnitOfWork
from tests.billing.days import SHANGHAI, local
from tests.desk.papers import png

NOW = local("2026-03-31 10:00")
LI, ZHAO, QIAN = 3, 5, 6
"""Three members of the committee, as numbers of the staff list."""


def a_paper(grey: int = 255) -> Paper:
    paper = look_at(png(grey=grey))
    assert isinstance(paper, Paper)
    return paper


def a_wish(kind: Kind = Kind.REPAIR, fen: int = 12_000, **more: object) -> Wish:
    """12,000 fen for a repair on 10 March, paid from the bank."""
    fields: dict[str, object] = {
        "happened_at": local("2026-03-10 12:00"),
        "memo": "" if kind is Kind.PAYMENT else "换插座",
        "paid_by": None if kind in (Kind.TRANSFER, Kind.COUNTER) else PaidBy.BANK,
    }
    return Wish(kind, fen, **{**fields, **more})  # type: ignore[arg-type]


def a_grid_bill(
    since: str = "2026-02-01",
    until: str = "2026-03-01",
    start_kwh: float = 1000,
    end_kwh: float = 2200,
    changed: bool = False,
) -> Wish:
    grid = GridPeriod(
        local(since), local(until), round(start_kwh * 1000), round(end_kwh * 1000), changed
    )
    return a_wish(Kind.GRID_BILL, 58_440, grid=grid, memo="二月电费")


def households_of(store: Store, *doors: str) -> list[int]:
    with store.writing() as uow:
        rows = [
            Household(door=door, entrance=int(door[0]), moved_in_at=local("2026-01-01"))
            for door in doors
        ]
        add(uow, *rows)
        return [row.id or 0 for row in rows]


def put_down(
    uow: UnitOfWork, wish: Wish, paper: Paper | None = None, key: str = "", by: int = LI
) -> Written | Refused:
    """Write it; costs get a paper unless one is given."""
    if paper is None and wish.kind in desk.written.COSTS:
        paper = a_paper()
    return desk.write(uow, wish, paper, key or f"form {hash(wish)}", by, NOW, SHANGHAI)


def written(uow: UnitOfWork, wish: Wish, **more: object) -> Hand:
    outcome = put_down(uow, wish, **more)  # type: ignore[arg-type]
    assert isinstance(outcome, Written), outcome
    return outcome.hand


def sign(uow: UnitOfWork, hand: Hand, by: int = ZHAO) -> object:
    return desk.approve(uow, hand.id, by, NOW, SHANGHAI)


def signed(uow: UnitOfWork, wish: Wish, **more: object) -> Approved:
    outcome = sign(uow, written(uow, wish, **more))
    assert isinstance(outcome, Approved), outcome
    return outcome


def words(refused: object) -> str:
    assert isinstance(refused, Refused), refused
    return " ".join(reason.in_language("en") for reason in refused.reasons)
