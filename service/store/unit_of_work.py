"""One unit of work is one transaction: all of it is stored, or nothing."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from typing import Any

from sqlalchemy import CursorResult, Engine, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel


def _insert(dialect: str, model: type[SQLModel]) -> Any:
    """The insert of the database in use: both know ON CONFLICT, each in a class of its own."""
    table: Table = model.__table__  # type: ignore[attr-defined]
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


@cache
def _insert_new(dialect: str, model: type[SQLModel]) -> Any:
    """Kept, because building a statement costs more than running it for one row."""
    return _insert(dialect, model).on_conflict_do_nothing()


@cache
def _insert_one(dialect: str, model: type[SQLModel]) -> Any:
    return _insert(dialect, model)


@cache
def _upsert(
    dialect: str, model: type[SQLModel], columns: tuple[str, ...], key: tuple[str, ...]
) -> Any:
    statement = _insert(dialect, model)
    changed = {name: statement.excluded[name] for name in columns if name not in key}
    return statement.on_conflict_do_update(index_elements=list(key), set_=changed)


class UnitOfWork:
    """An open transaction. Rooms' actions read and write through it; they never commit."""

    def __init__(self, session: Session):
        self.session = session
        self._after: list[Callable[[], None]] = []

    def after_commit(self, call: Callable[[], None]) -> None:
        """Do this once everything is durable; never if the transaction fails."""
        self._after.append(call)

    def insert(self, row: SQLModel) -> None:
        """Insert one row by the plain statement, for where somebody waits: the session's own way
        takes four times as long. The row is not attached; IntegrityError if its key is taken."""
        connection = self.session.connection()
        statement = _insert_one(connection.dialect.name, type(row))
        connection.execute(statement, row.model_dump())

    def insert_new(self, model: type[SQLModel], rows: Sequence[dict[str, Any]]) -> int:
        """Insert many rows, passing over those whose key is already there; how many were new.

        The count is -1 where the driver does not tell.
        """
        if not rows:
            return 0
        connection = self.session.connection()
        statement = _insert_new(connection.dialect.name, model)
        result: CursorResult[Any] = connection.execute(statement, list(rows))
        return result.rowcount

    def upsert(
        self, model: type[SQLModel], rows: Sequence[dict[str, Any]], key: Sequence[str]
    ) -> None:
        """Insert rows, or overwrite the other columns of those whose `key` is already there."""
        if not rows:
            return
        connection = self.session.connection()
        statement = _upsert(connection.dialect.name, model, tuple(rows[0]), tuple(key))
        connection.execute(statement, list(rows))

    def committed(self) -> None:
        """Run what was waiting for the commit (called by the Store)."""
        for call in self._after:
            call()


class Store:
    """Where everything is kept. `writing()` and `reading()` open a unit of work."""

    def __init__(self, engine: Engine):
        self.engine = engine
        self._writes = engine.execution_options(beimen_writes=True)
        # What SQLite does by itself: every question of one look is answered as of one moment.
        self._reads = (
            engine.execution_options(isolation_level="REPEATABLE READ")
            if engine.dialect.name == "postgresql"
            else engine
        )
        # SQLite has one writer. Waiting in our own queue is fair and quick; its busy handler
        # sleeps in growing steps and would make a start wait behind telemetry.
        self._turn: AbstractContextManager[Any] = (
            threading.Lock() if engine.dialect.name == "sqlite" else nullcontext()
        )

    @contextmanager
    def writing(self) -> Iterator[UnitOfWork]:
        """A transaction that may write: committed at the end of the block, undone on an error."""
        with (
            self._turn,
            Session(self._writes, expire_on_commit=False) as session,
            session.begin(),
        ):
            uow = UnitOfWork(session)
            yield uow
        uow.committed()

    @contextmanager
    def reading(self) -> Iterator[UnitOfWork]:
        """A consistent view that is never written."""
        with Session(self._reads, expire_on_commit=False) as session:
            yield UnitOfWork(session)

    def close(self) -> None:
        """Give back every connection."""
        self.engine.dispose()
