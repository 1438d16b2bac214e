"""Checks an archive of Beimen: does everything in this folder fit everything else?

    python3 check_books.py [FOLDER]

It needs Python's standard library and nothing else: read it, then run it in the unpacked archive.
README.txt says what is checked; whoever wants to trust no one's code can do the same by hand.
"""

from __future__ import annotations

import csv
import hashlib
import importlib.util
import json
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

START = "0" * 64
"""What stands in the place of a seal before the first entry."""

PARTS = ("electricity", "service")

E7_PER_FEN = 100_000
"""A fen in the unit in which energy times price is exact: 0.0000001 yuan."""


class MisfitError(Exception):
    """Something that does not fit; the message is Chinese and English."""


def fits(condition: bool, chinese: str, english: str) -> None:
    """Raise MisfitError unless it is so."""
    if not condition:
        raise MisfitError(f"{chinese}\n{english}")


def sha256(text: str) -> str:
    """As 64 hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def text_of(facts: Any) -> str:
    """A JSON array as it is digested: no spaces, characters as they are."""
    return json.dumps(facts, ensure_ascii=False, separators=(",", ":"))


def rows(path: Path) -> Iterator[dict[str, str]]:
    """A CSV of the archive."""
    csv.field_size_limit(2**31 - 1)
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)


def whole(number: str) -> int:
    """A number with decimals in its smallest unit: '12.60' -> 1260 fen, '0.613' -> 613 Wh."""
    return int(number.replace(".", ""))


def price_e4(number: str) -> int:
    """A price in 0.0001 yuan per kWh: '0.487' -> 4870."""
    return int(float(number) * 10_000 + 0.5)


class Sealed(dict):  # type: ignore[type-arg]
    """The sealed entries by their numbers."""

    def __missing__(self, entry: str) -> Any:
        """An entry that another file speaks of."""
        raise MisfitError(f"第 {entry} 笔不在链中\nEntry {entry} is not in the chain")


def entries(folder: Path) -> Sealed:
    """Every entry of the stretch."""
    return Sealed((row["entry"], json.loads(row["text"])) for row in rows(folder / "seals.csv"))


def files(folder: Path) -> str:
    """Every file is what SHA256SUMS says, and none is missing."""
    lines = (folder / "SHA256SUMS").read_text("utf-8").splitlines()
    for line in lines:
        sha, _, name = line.partition("  ")
        path = folder / name
        there = path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == sha
        fits(there, f"文件缺失或被改动：{name}", f"{name} is missing or was changed")
    return f"{len(lines)} 个文件完整 / files are whole"


def chain(folder: Path) -> str:
    """Every seal is the digest of its text, and every text carries the seal before it."""
    before, number, count = "", 0, 0
    for row in rows(folder / "seals.csv"):
        entry, seal = int(row["entry"]), row["seal"]
        bad = (f"第 {entry} 笔的封印对不上", f"The seal of entry {entry} does not fit")
        fits(not number or entry == number + 1, *bad)
        if row["text"]:
            told = json.loads(row["text"])
            fits(sha256(row["text"]) == seal and told[1] == entry, *bad)
            fits(told[-1] == before or not before, *bad)
            fits(entry != 1 or told[-1] == START, *bad)
            fits(sum(amount for _, _, amount in told[-2]) == 0, *bad)
        before, number, count = seal, entry, count + 1
    return f"{count} 笔的封印连成一链 / entries are one chain of seals"


def root_of(folder: Path) -> tuple[str, list[Any]]:
    """The published root: month, and [root, bills, total in fen, total in Wh]."""
    told = json.loads((folder / "root.json").read_text("utf-8"))
    return told["month"], [told[name] for name in ("root", "leaves", "amount_fen", "energy_wh")]


def published(folder: Path) -> tuple[str, Any]:
    """The month that this archive is of, and what its close has sealed."""
    month = root_of(folder)[0]
    for row in rows(folder / "seals.csv"):
        if row["cause"] == "close" and row["text"] and json.loads(row["text"])[6] == month:
            return month, json.loads(row["text"])
    raise MisfitError("没有找到结账的封印\nThe entry that sealed the month is not there")


def close(folder: Path) -> str:
    """Statements, root and account are those that the close has sealed."""
    month, told = published(folder)
    words = told[7].split(" ")
    parts = dict(zip(words[::2], words[1::2]))  # noqa: B905 - older Pythons run this too
    digests = [parts["statements"], parts["root"], parts["account"]]
    found = sha256(text_of([month, *digests])) == told[10]
    fits(found, "结账封印与内容不符", "The seal of the close does not fit what it names")
    same = sha256(text_of([month, root_of(folder)[1]])) == parts["root"]
    fits(same, "root.json 不是公布的那一份", "root.json is not the one that was published")
    same = sha256((folder / "account.json").read_text("utf-8")) == parts["account"]
    fits(same, "account.json 不是公布的那一份", "account.json is not the one that was published")
    if (folder / "statements.csv").exists():
        figures = [
            [int(row["household"]), *map(whole, list(row.values())[1:-1]), int(row["sessions"])]
            for row in rows(folder / "statements.csv")
        ]
        same = sha256(text_of([month, sorted(figures)])) == parts["statements"]
        fits(same, "账单不是公布的那些", "The statements are not those that were published")
    return f"{month} 的账单、核对码与公示已封存 / statements, root and account are sealed"


def prices(folder: Path) -> str:
    """Every price is the one that its text says, and a text is what was sealed in its entry."""
    sealed = {
        row["entry"]: json.loads(row["text"])[10]
        for row in rows(folder / "seals.csv")
        if row["cause"] == "tariff"
    }
    bad = ("价格与封存的不符", "A price is not the one that was sealed")
    count = 0
    for row in rows(folder / "tariffs.csv"):
        band = json.loads(row["text"])[2][int(row["band"])]
        shown = [price_e4(row[f"{part}_yuan_per_kwh"]) for part in PARTS]
        fits(band[1:3] == shown, *bad)
        fits(sha256(row["text"]) == sealed.get(row["entry"], sha256(row["text"])), *bad)
        count += 1
    return f"{count} 个时段价格与封存的一致 / prices are those that were sealed"


def charges(folder: Path) -> str:
    """Energy times the tariff's price, rounded once, is each line; the lines are those sealed."""
    sealed = entries(folder)
    tariff = {
        (row["version"], int(row["band"]), part): price_e4(row[f"{part}_yuan_per_kwh"])
        for row in rows(folder / "tariffs.csv")
        for part in PARTS
    }
    printed: dict[str, list[list[Any]]] = defaultdict(list)
    for row in rows(folder / "lines.csv"):
        printed[row["entry"]].append(
            [
                int(row["band"]), row["part"], whole(row["kwh"]), price_e4(row["yuan_per_kwh"]),
                whole(row["exact_yuan"]), whole(row["amount_yuan"]), whole(row["left_over_yuan"]),
                row["interpolated"] == "yes",
            ]
        )  # fmt: skip
    count = 0
    for row in rows(folder / "sessions.csv"):
        bad = (f"充电 {row['session']} 对不上", f"Session {row['session']} does not fit")
        told, lines = json.loads(row["text"]), printed.pop(row["entry"], [])
        fits(sha256(row["text"]) == sealed[row["entry"]][10], *bad)
        fits([[line[0], *line[2:]] for line in told[-1]] == lines, *bad)
        owed = sum(fen for account, _, fen in sealed[row["entry"]][-2] if account == "receivable")
        fits(sum(line[5] for line in lines) == owed == whole(row["amount_yuan"]), *bad)
        shown = [int(row["household"]), whole(row["start_kwh"]), whole(row["end_kwh"])]
        fits([told[1], told[7], told[8]] == shown and told[11] == whole(row["kwh"]), *bad)
        fits(told[8] - told[7] == told[11], *bad)
        fits(sum(line[2] for line in lines) == len(PARTS) * told[11], *bad)
        for band, part, energy, price, exact, amount, rest, _ in lines:
            fits(tariff[row["tariff"], band, part] == price, *bad)
            rounded = (2 * exact + E7_PER_FEN) // (2 * E7_PER_FEN)
            fits(energy * price == exact and amount == rounded, *bad)
            fits(exact - rounded * E7_PER_FEN == rest, *bad)
        count += 1
    fits(not printed, "有账目没有充电记录", "There are lines of no session")
    return f"{count} 次充电逐行算对 / sessions come out line by line"


def movements(folder: Path) -> str:
    """Every payment and correction is the one that its entry has sealed."""
    sealed, count = entries(folder), 0
    for name, sign in (("payments", -1), ("corrections", 1)):
        for row in rows(folder / f"{name}.csv"):
            amount = ["receivable", int(row["household"]), sign * whole(row["amount_yuan"])]
            bad = (
                f"第 {row['entry']} 笔的金额对不上",
                f"The amount of entry {row['entry']} does not fit",
            )
            fits(amount in sealed[row["entry"]][-2], *bad)
            count += 1
    return f"{count} 笔付款与更正与封存的一致 / payments and corrections are those that were sealed"


def statements(folder: Path) -> str:
    """Each statement is the sum of its lines, payments and corrections, to the fen."""
    sums: dict[str, dict[str, int]] = {
        name: defaultdict(int) for name in ("lines", "payments", "corrections", "kwh", "sessions")
    }
    for name in ("lines", "payments", "corrections"):
        for row in rows(folder / f"{name}.csv"):
            sums[name][row["household"]] += whole(row["amount_yuan"])
    for row in rows(folder / "sessions.csv"):
        sums["kwh"][row["household"]] += whole(row["kwh"])
        sums["sessions"][row["household"]] += 1
    count = 0
    for row in rows(folder / "statements.csv"):
        who = row["household"]
        bad = (f"住户 {who} 的账单对不上", f"The statement of household {who} does not fit")
        told = {name: whole(row[f"{name}_yuan"]) for name in ("lines", "payments", "corrections")}
        told |= {"kwh": whole(row["kwh"]), "sessions": int(row["sessions"])}
        for name, amount in told.items():
            fits(sums[name].pop(who, 0) == amount, *bad)
        change = told["lines"] + told["corrections"] - told["payments"]
        fits(whole(row["opening_yuan"]) + change == whole(row["closing_yuan"]), *bad)
        count += 1
    left = [name for name in sums if any(sums[name].values())]
    fits(not left, f"有账目不在任何账单上：{left}", f"Some {left} are on no statement")
    return f"{count} 份账单加得起来 / statements add up"


def proofs(folder: Path) -> str:
    """Every statement's bill is inside the published root."""
    spec = importlib.util.spec_from_file_location("check_proof", folder / "check_proof.py")
    if spec is None or spec.loader is None:
        raise MisfitError("缺少 check_proof.py\ncheck_proof.py is missing")
    module = importlib.util.module_from_spec(spec)
    sys.modules["check_proof"] = module
    spec.loader.exec_module(module)
    month, (root, leaves, fen, wh) = root_of(folder)
    bills = {
        row["household"]: (whole(row["lines_yuan"]), whole(row["kwh"]))
        for row in rows(folder / "statements.csv")
    }
    for row in rows(folder / "households.csv"):
        bad = (f"证明 {row['proof']} 不成立", f"The proof {row['proof']} does not hold")
        try:
            found = module.check((folder / row["proof"]).read_text("utf-8"), root)
        except module.ProofError:
            raise MisfitError("\n".join(bad)) from None
        bill, whose = (found.amount_fen, found.energy_wh), (found.household, found.place)
        fits(whose == (int(row["household"]), int(row["place"])), *bad)
        fits(bill == bills.pop(row["household"], None) and found.month == month, *bad)
        fits((found.leaves, found.total_fen, found.total_wh) == (leaves, fen, wh), *bad)
    fits(not bills, "有账单没有证明", "A statement has no proof")
    return f"{leaves} 份账单都在公布的总数之内 / bills are inside the published total"


FOR_EVERYONE: tuple[Callable[[Path], str], ...] = (files, chain, close, prices)
FOR_THE_COMMITTEE = (charges, movements, statements, proofs)


def main(words: list[str]) -> int:
    """The command: 0 when everything fits, 1 with the first thing that does not."""
    folder = Path(words[0]) if words else Path(__file__).parent
    checks = FOR_EVERYONE
    if (folder / "sessions.csv").exists():
        checks += FOR_THE_COMMITTEE
    for check in checks:
        try:
            print(check(folder))
        except MisfitError as misfit:
            print(misfit, file=sys.stderr)
            return 1
        except (OSError, KeyError, ValueError, IndexError) as error:
            print(f"读不出来 / not readable: {error!r}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
