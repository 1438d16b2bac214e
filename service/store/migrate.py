"""Tables are made and changed by migrations only; these are the calls for it."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine

HERE = Path(__file__).parent / "migrations"


def configuration() -> Config:
    """Alembic's settings without an ini file."""
    config = Config()
    config.set_main_option("script_location", str(HERE))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    return config


def migrate(engine: Engine, to: str = "head") -> None:
    """Bring the database to a revision (the newest by default)."""
    config = configuration()
    with engine.execution_options(beimen_writes=True).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, to)
