"""An archive as somebody else gets it: unpacked into an empty folder, without this program."""

import csv
import hashlib
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from zipfile import ZipFile

from beancount import loader
from beancount.core.amount import Amount
from beancount.core.data import Directives, Transaction

from service.archive import Archived, write_archive
from service.store import UnitOfWork
from tests.billing.days import SHANGHAI

COMPOUND = "北门小区"


def zipped(uow: UnitOfWork, month: str, *, public: bool = False) -> bytes:
    out = io.BytesIO()
    done = write_archive(uow, month, SHANGHAI, out, compound=COMPOUND, public=public)
    assert isinstance(done, Archived), done
    return out.getvalue()


def unzipped(archive: bytes, folder: Path) -> Path:
    with ZipFile(io.BytesIO(archive)) as box:
        box.extractall(folder)
    return folder


def run(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """Python with nothing but its standard library: no site packages, no environment."""
    command = [sys.executable, "-I", "-S", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env={})


def rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)


class Beans:
    """The ledger as beancount reads it. It knows nothing of fen: decimals, and its own checks."""

    def __init__(self, path: Path | str):
        entries: Directives
        if isinstance(path, Path):
            entries, self.errors, _ = loader.load_file(str(path))
        else:
            entries, self.errors, _ = loader.load_string(path)
        self.transactions = [one for one in entries if isinstance(one, Transaction)]

    def total(self, account: str, currency: str = "CNY", cause: str | None = None) -> Decimal:
        """What an account and everything under it moved, in yuan or kWh."""
        found = Decimal(0)
        for one in self.transactions:
            if cause is not None and one.payee != cause:
                continue
            for posting in one.postings:
                units = posting.units
                assert isinstance(units, Amount)
                name = f"{posting.account}:"
                if name.startswith(f"{account}:") and units.currency == currency:
                    found += units.number or 0
        return found

    def fen(self, account: str, cause: str | None = None) -> int:
        return int(self.total(account, cause=cause) * 100)

    def wh(self, account: str) -> int:
        return int(self.total(account, "KWH") * 1000)

    @property
    def days(self) -> set[date]:
        return {one.date for one in self.transactions}


def chain_is_whole(seals: Path) -> bool:
    """A second checker of the chain, written from README.txt alone."""
    before = None
    for row in rows(seals):
        text, seal = row["text"], row["seal"]
        if hashlib.sha256(text.encode("utf-8")).hexdigest() != seal:
            return False
        told = json.loads(text)
        if told[0] != "beimen-ledger-1" or str(told[1]) != row["entry"]:
            return False
        number, previous = told[1], told[12]
        if before is None:
            if number == 1 and previous != "0" * 64:
                return False
        elif before != (number - 1, previous):
            return False
        if sum(fen for _account, _household, fen in told[11]) != 0:
            return False
        before = (number, seal)
    return before is not None
