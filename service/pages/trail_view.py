"""The lines of the audit trail as the committee reads them, on the page and in a file."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from service.households.records import AuditEntry
from service.pages.trail_words import deed_words, detail_words, role_words, subject_words
from service.words import N_, Sentence

STING = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so would be worked out as a formula by a spreadsheet program."""

HEADINGS = (
    N_("No."), N_("When"), N_("Who"), N_("Number"), N_("Did what"), N_("To what"), N_("Details"),
    N_("From where"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Deed:
    """One line."""

    id: int
    day: str
    time: str
    who: Sentence
    name: str
    words: Sentence
    subject: Sentence | str
    details: tuple[Sentence, ...]
    address: str


def deeds(entries: Sequence[AuditEntry], names: Mapping[str, str], zone: tzinfo) -> list[Deed]:
    """Entries in words. `names` gives doors and sign-in names by 'household 3', 'staff 2'."""
    return [_deed(one, names, zone) for one in entries]


def actor_key(role: str, actor_id: int | None) -> str:
    """Under what a name of an actor is looked up."""
    if actor_id is None:
        return ""
    kind = {"resident": "household", "helper": "pass", "guest": "pass"}.get(role, "staff")
    return f"{kind} {actor_id}"


def _deed(one: AuditEntry, names: Mapping[str, str], zone: tzinfo) -> Deed:
    local = one.at.astimezone(zone)
    return Deed(
        one.id or 0,
        local.strftime("%Y-%m-%d"),
        local.strftime("%H:%M:%S"),
        role_words(one.actor_role),
        names.get(actor_key(one.actor_role, one.actor_id), ""),
        deed_words(one.action),
        subject_words(one.subject, names),
        tuple(detail_words(one.detail)),
        one.from_address,
    )


def to_csv(
    entries: Sequence[AuditEntry], names: Mapping[str, str], zone: tzinfo, language: str
) -> bytes:
    """The same lines for a spreadsheet program, with all that is stored of the details."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([Sentence(one).in_language(language) for one in HEADINGS])
    for row, deed in zip(entries, deeds(entries, names, zone), strict=True):
        told = json.dumps(row.detail, ensure_ascii=False, sort_keys=True) if row.detail else ""
        cells = [
            str(deed.id),
            f"{deed.day} {deed.time}",
            deed.who.in_language(language),
            deed.name,
            deed.words.in_language(language),
            deed.subject.in_language(language)
            if isinstance(deed.subject, Sentence)
            else deed.subject,
            told,
            deed.address,
        ]
        writer.writerow([_plain(cell) for cell in cells])
    return out.getvalue().encode("utf-8-sig")


def _plain(cell: str) -> str:
    return f"'{cell}" if cell.startswith(STING) else cell
