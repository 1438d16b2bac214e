"""A zip whose bytes depend on nothing but what is put into it.

No time of making, no machine, no order of a dictionary: whoever makes the archive of a month again
gets the same file and can compare it with an older one. Members are streamed, one after the other.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from csv import writer
from typing import IO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

SUMS = "SHA256SUMS"
NO_TIME = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip can hold, and it means none."""

ANYBODY_READS = 0o644 << 16
UNIX = 3
MARK = "\ufeff"
"""Without a byte order mark a spreadsheet takes Chinese for something else."""


class Member:
    """One file that is being written into the archive."""

    def __init__(self, out: IO[bytes]):
        self._out, self._hash = out, hashlib.sha256()

    def write(self, text: str) -> None:
        """Add text; lines end as they are given."""
        data = text.encode()
        self._hash.update(data)
        self._out.write(data)

    @property
    def sha256(self) -> str:
        """The digest of what was written so far."""
        return self._hash.hexdigest()


class Table:
    """A CSV inside the archive."""

    def __init__(self, member: Member, headings: Sequence[str]):
        member.write(MARK)
        self._rows = writer(member)
        self._rows.writerow(headings)

    def add(self, *cells: object) -> None:
        """One row, as long as the headings."""
        self._rows.writerow(cells)


class Container:
    """An archive that is being written; `close` adds the sums of all its files."""

    def __init__(self, out: IO[bytes]):
        self._zip = ZipFile(out, "w", ZIP_DEFLATED, compresslevel=6)
        self._sums: list[tuple[str, str]] = []

    @contextmanager
    def member(self, name: str) -> Iterator[Member]:
        """A file of the archive; only one can be open at a time, and names come in their order."""
        if self._sums and name <= self._sums[-1][0]:
            raise ValueError(f"{name} comes after {self._sums[-1][0]}: the order is by name")
        with self._open(name) as out:
            member = Member(out)
            yield member
        self._sums.append((name, member.sha256))

    @contextmanager
    def table(self, name: str, headings: Sequence[str]) -> Iterator[Table]:
        """A CSV of the archive."""
        with self.member(name) as member:
            yield Table(member, headings)

    def close(self) -> None:
        """Write the sums, in the form that `sha256sum --check` reads, and end the archive."""
        with self._open(SUMS) as out:
            out.write("".join(f"{sha}  {name}\n" for name, sha in self._sums).encode())
        self._zip.close()

    def _open(self, name: str) -> IO[bytes]:
        info = ZipInfo(name, NO_TIME)
        info.compress_type, info.create_system = ZIP_DEFLATED, UNIX
        info.external_attr = ANYBODY_READS
        return self._zip.open(info, "w")
