"""Writes the first migration anew from all records (only until the first release).

python -m tests.support.remigrate
"""

import importlib
import tempfile
from pathlib import Path

from alembic import command

from service.store.engine import open_engine
from service.store.migrate import HERE, configuration, migrate

FIRST = "0001"


def load_every_record() -> None:
    """Import all records, so that the metadata knows every table."""
    for path in sorted((HERE.parents[1]).glob("*/records*")):
        importlib.import_module(f"service.{path.parent.name}.records")
    importlib.import_module("service.store.job_runs")


def main() -> None:
    """Replace 0001 by what the records say now; later migrations stay as they are."""
    load_every_record()
    versions = HERE / "versions"
    kept = {p: p.read_text() for p in versions.glob("*.py") if not p.name.startswith(FIRST)}
    for path in versions.glob("*.py"):
        path.unlink()
    with tempfile.TemporaryDirectory() as folder:
        engine = open_engine(f"sqlite:///{folder}/empty.db")
        migrate(engine)
        config = configuration()
        with engine.connect() as connection:
            config.attributes["connection"] = connection
            command.revision(
                config, message="the tables of the first release", autogenerate=True, rev_id=FIRST
            )
        engine.dispose()
    for path, text in kept.items():
        Path(path).write_text(text)
    print("\n".join(sorted(p.name for p in versions.glob("*.py"))))


if __name__ == "__main__":
    main()
