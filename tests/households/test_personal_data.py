"""docs/personal-data.md says of every table whether it is about people, and how long it is kept."""

import re
from pathlib import Path

from sqlmodel import SQLModel

from service.settings import Settings

TEXT = (Path(__file__).parents[2] / "docs/personal-data.md").read_text(encoding="utf-8")
TABLES = set(SQLModel.metadata.tables)


def test_every_table_is_in_the_document_and_no_other():
    named = set(re.findall(r"`([a-z]+(?:_[a-z]+)*)`", TEXT)) - {"agent", "from_address", "verify"}
    assert TABLES - named == set(), "say in docs/personal-data.md what it keeps of people"
    assert named - TABLES == set(), "no such table"


def test_every_row_says_why_and_how_long():
    rows = [line for line in TEXT.splitlines() if line.startswith("| ") and "---" not in line]
    assert len(rows) > 15
    for row in rows:
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        assert len(cells) == 4, row
        assert all(cells), row


def test_the_set_time_is_the_one_of_the_settings():
    days = Settings.model_fields["erase_after_days"].default
    assert f"`BEIMEN_ERASE_AFTER_DAYS`, {days}" in TEXT
