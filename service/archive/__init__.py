"""A month of the books as one file that stands on its own.

`beimen export --month 2026-10` writes it for the committee; with `--public` nothing in it is about
one household. Whoever has it needs this program no more: plain text, CSV, proofs, the chain of
seals, and two small checkers that ask for nothing but Python's standard library.

container (the zip) <- source (one look at the books) <- tables, text (what is in it).
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo
from importlib.resources import files
from typing import IO

from service.archive import tables, text
from service.archive.container import Container
from service.archive.source import Source, look_at
from service.billing.outcomes import Refused
from service.store import UnitOfWork

HERE = files("service.archive")
CHECK_PROOF = files("service.billing").joinpath("check_proof.py")


@dataclass(frozen=True, slots=True)
class Archived:
    """What was written."""

    month: str
    statements: int
    entries: int
    public: bool


def file_name(month: str, *, public: bool) -> str:
    """What the archive of a month is called."""
    return f"beimen-{month}-public.zip" if public else f"beimen-{month}.zip"


def write_archive(
    uow: UnitOfWork,
    month: str,
    zone: tzinfo,
    out: IO[bytes],
    *,
    compound: str = "",
    public: bool = False,
    tell: Callable[[float], None] = lambda share: None,
) -> Archived | Refused:
    """Write the archive of a published month; the same month always gives the same bytes.

    `tell` hears the share that is done. Nothing is written where the month is refused.
    """
    source = look_at(uow, month, zone, tell)
    if isinstance(source, Refused):
        return source
    box, title = Container(out), f"{compound} {month}".strip()
    _write_public(box, source, title) if public else _write_whole(box, source, title)
    box.close()
    tell(1.0)
    entries = source.close.id - source.first + 1
    return Archived(month, len(source.figures), entries, public)


def _write_whole(box: Container, source: Source, title: str) -> None:
    """Every file, in the order of the names."""
    _copy(box, "README.txt", _readme("readme.txt", title))
    _copy(box, "account.json", source.account)
    _copy(box, "check_books.py", HERE.joinpath("check_books.py").read_text("utf-8"))
    _copy(box, "check_proof.py", CHECK_PROOF.read_text("utf-8"))
    tables.corrections(box, source)
    tables.households(box, source)
    text.ledger(box, source, title)
    tables.lines(box, source)
    tables.payments(box, source)
    _proofs(box, source)
    _root(box, source)
    tables.seals(box, source, public=False)
    tables.sessions(box, source)
    tables.statements(box, source)
    tables.tariffs(box, source)


def _write_public(box: Container, source: Source, title: str) -> None:
    _copy(box, "README.txt", _readme("readme_public.txt", title))
    _copy(box, "account.json", source.account)
    _copy(box, "check_books.py", HERE.joinpath("check_books.py").read_text("utf-8"))
    _copy(box, "check_proof.py", CHECK_PROOF.read_text("utf-8"))
    text.public_ledger(box, source, title)
    _root(box, source)
    tables.seals(box, source, public=True)
    tables.tariffs(box, source)


def _readme(name: str, title: str) -> str:
    return HERE.joinpath(name).read_text("utf-8").replace("{title}", title)


def _copy(box: Container, name: str, content: str) -> None:
    with box.member(name) as out:
        out.write(content)


def _proofs(box: Container, source: Source) -> None:
    for place, leaf in enumerate(source.tree.leaves, start=1):
        _copy(box, tables.proof_name(place), source.tree.proof_of(leaf.household_id) or "")


def _root(box: Container, source: Source) -> None:
    """The root in the words in which the open books publish it."""
    tree = source.tree
    told = {
        "format": "beimen-proof-1",
        "month": source.month,
        "leaves": len(tree.leaves),
        "amount_fen": tree.amount_fen,
        "energy_wh": tree.energy_wh,
        "root": tree.root,
        "code": tree.code,
    }
    _copy(box, "root.json", json.dumps(told, indent=1) + "\n")
