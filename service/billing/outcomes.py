"""What the books are given and what they answer."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from service.billing.tariff import TariffVersion
from service.words import Sentence


@dataclass(frozen=True, slots=True)
class SessionToBill:
    """A settled session: everything that a statement will say of it besides its priced lines.

    Times are UTC; `start_wh` and `end_wh` are the meter's cumulative register at its start and end.
    `stop_reason` is the code of the contract.
    """

    session_id: str
    household_id: int
    pile: str
    outlet: int
    started_at: datetime
    ended_at: datetime
    register_id: str
    start_wh: int
    end_wh: int
    stop_reason: str


class PaidBy(StrEnum):
    """How money came in, and with it the account it lies on."""

    CASH = "cash"
    BANK = "bank"


@dataclass(frozen=True, slots=True)
class PaymentReceived:
    """Money from a household. `ref` is the receipt's number or the bank's: it is taken once."""

    ref: str
    household_id: int
    amount_fen: int
    received_at: datetime
    paid_by: PaidBy
    written_by: str
    memo: str = ""
    facts: str = ""


@dataclass(frozen=True, slots=True)
class Posted:
    """Written into the ledger. `late`: its own month was closed, so it counts in a later one."""

    ref: str
    entry_id: int
    month: str
    late: bool
    amount_fen: int


@dataclass(frozen=True, slots=True)
class AlreadyPosted:
    """It was in the ledger before; nothing changed.

    `same` is False when what came now differs from what was written then: somebody should look.
    """

    ref: str
    entry_id: int
    same: bool


@dataclass(frozen=True, slots=True)
class Published:
    """A tariff version that nobody can change any more."""

    version: TariffVersion


@dataclass(frozen=True, slots=True)
class LeftOpen:
    """What was still open when a month was closed: a word for it, how many, and why all the same.

    The reason is printed on the public account, so it names nobody.
    """

    what: str
    count: int
    reason: str


@dataclass(frozen=True, slots=True)
class Closed:
    """A month whose statements are published."""

    month: str
    closed_at: datetime
    published_at: datetime
    statements: int
    sessions: int
    energy_wh: int
    lines_fen: int
    seal: str


@dataclass(frozen=True, slots=True)
class StillClosing:
    """A month in which nothing lands any more and that is not published yet.

    `moved`: this call has taken a step; False when it found everything done by an earlier one.
    """

    month: str
    state: str
    moved: bool = True


@dataclass(frozen=True, slots=True)
class Refused:
    """A no, with every reason for it."""

    reasons: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check of the whole books found; `misfits` is empty when every figure fits."""

    entries: int
    seal: str
    misfits: tuple[Sentence, ...]
