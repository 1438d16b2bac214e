"""Collects the sentences of code and pages into the catalogue, and compiles it (`make words`).

New messages arrive untranslated and messages that nobody uses any more are dropped; the test in
test_words.py then names what is still to be translated.
"""

import os
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parents[2]
PO = ROOT / "service/locale/zh_CN/LC_MESSAGES/beimen.po"
KEYWORDS: dict[str, None] = {"N_": None, "_": None, "gettext": None}
METHODS = [("**/migrations/**", "ignore"), ("**.py", "python"), ("**.html", "jinja2")]
OPTIONS = {"**.html": {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}}


def messages() -> Catalog:
    """Every message of code and pages, with the files that use it."""
    found = Catalog(project="Beimen", charset="utf-8")
    service = ROOT / "service"
    for name, _line, message, _comments, _context in extract_from_dir(
        service, METHODS, OPTIONS, KEYWORDS
    ):
        found.add(message, locations=[(f"service/{name}", 0)])
    return found


def translated() -> Catalog:
    """The catalogue as it is."""
    if not PO.exists():
        return Catalog(locale="zh_CN", project="Beimen", charset="utf-8")
    with PO.open("rb") as text:
        return read_po(text, locale="zh_CN")


def updated() -> Catalog:
    """The catalogue with every message that is in use, and no other."""
    catalogue = translated()
    catalogue.update(messages(), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    catalogue.header_comment = "# The Chinese words of Beimen. `make words` keeps this in step."
    catalogue.fuzzy = False
    return catalogue


def save(catalogue: Catalog) -> None:
    """Write the catalogue; sorted, and without dates, so that changes are easy to read."""
    PO.parent.mkdir(parents=True, exist_ok=True)
    with PO.open("wb") as out:
        write_po(
            out, catalogue, width=100, sort_output=True, include_lineno=False, omit_header=False
        )
    lines = PO.read_text(encoding="utf-8").splitlines(keepends=True)
    PO.write_text("".join(x for x in lines if not x.startswith(DATED)), encoding="utf-8")


DATED = (
    '"POT-Creation-Date',
    '"PO-Revision-Date',
    '"Generated-By',
    '"Last-Translator',
    '"Language-Team',
)


@cache
def compile_words() -> None:
    """What the service reads: made once in a run, and put in its place whole, because another
    worker of the same run may be reading it."""
    made = PO.with_suffix(f".{os.getpid()}.mo")
    with made.open("wb") as out:
        write_mo(out, translated())
    made.replace(PO.with_suffix(".mo"))


def main() -> None:
    """Collect, save, compile, and say what is left to do."""
    catalogue = updated()
    save(catalogue)
    compile_words()
    missing = [str(m.id) for m in catalogue if m.id and not m.string]
    print(f"{len(catalogue)} messages, {len(missing)} untranslated")
    for message in missing:
        print(f"  {message}")


if __name__ == "__main__":
    main()
