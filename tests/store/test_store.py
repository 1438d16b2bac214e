"""The ground floor on both databases: all or nothing, times that keep their zone, one writer."""

import threading
from datetime import UTC, datetime

import pytest
from alembic import command
from sqlmodel import select

from service.piles.records import DeadLetter, Pile
from service.store import Store
from service.store.engine import open_engine
from service.store.migrate import configuration
from service.store.revision import newest_revision, revision_of
from service.store.upkeep import tidy

NOON = datetime(2026, 3, 2, 12, 0, 0, 250_000, tzinfo=UTC)


def a_pile(name: str = "LB-017", number: int = 17) -> Pile:
    return Pile(id=name, number=number, entrance=3, feeder_id="entrance-3", enrolled_at=NOON)


def test_what_is_written_in_one_unit_of_work_is_all_there(store: Store):
    with store.writing() as uow:
        uow.session.add(a_pile())
        uow.session.add(a_pile("LB-018", 18))
    with store.reading() as uow:
        assert len(uow.session.exec(select(Pile)).all()) == 2


def test_an_error_undoes_the_whole_unit_and_what_waited_for_it_never_runs(store: Store):
    told = []
    with pytest.raises(RuntimeError), store.writing() as uow:
        uow.session.add(a_pile())
        uow.after_commit(lambda: told.append("committed"))
        raise RuntimeError("the power went")
    with store.reading() as uow:
        assert uow.session.exec(select(Pile)).all() == []
    assert told == []


def test_what_waits_for_the_commit_runs_when_others_can_see_the_rows(store: Store):
    seen = []

    def look() -> None:
        with store.reading() as other:
            seen.append(len(other.session.exec(select(Pile)).all()))

    with store.writing() as uow:
        uow.session.add(a_pile())
        uow.after_commit(look)
        assert seen == []
    assert seen == [1]


def test_times_come_back_aware_and_exact_to_the_millisecond(store: Store):
    with store.writing() as uow:
        uow.session.add(a_pile())
    with store.reading() as uow:
        assert uow.session.exec(select(Pile)).one().enrolled_at == NOON


def test_a_row_that_is_already_there_is_passed_over(store: Store):
    rows = [a_pile().model_dump(), a_pile("LB-018", 18).model_dump()]
    with store.writing() as uow:
        uow.insert_new(Pile, rows)
    with store.writing() as uow:
        uow.insert_new(Pile, [*rows, a_pile("LB-019", 19).model_dump()])
    with store.reading() as uow:
        assert len(uow.session.exec(select(Pile)).all()) == 3


def test_an_upsert_overwrites_all_but_the_key(store: Store):
    with store.writing() as uow:
        uow.upsert(Pile, [a_pile().model_dump()], ["id"])
        uow.upsert(Pile, [{**a_pile().model_dump(), "entrance": 4}], ["id"])
    with store.reading() as uow:
        assert uow.session.exec(select(Pile)).one().entrance == 4


def test_many_writers_at_once_lose_nothing(store: Store):
    def write(number: int) -> None:
        for turn in range(5):
            with store.writing() as uow:
                uow.session.add(
                    DeadLetter(received_ms=turn, topic=f"t/{number}", payload=b"\x00", reason="x")
                )

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.reading() as uow:
        assert len(uow.session.exec(select(DeadLetter)).all()) == 40


def test_tidying_waits_for_its_turn_instead_of_finding_the_database_locked(store: Store):
    """Seen in a demo: `pragma optimize` on a connection of its own met the writer and failed."""
    done = threading.Event()
    tidier = threading.Thread(target=lambda: (tidy(store), done.set()))
    with store.writing() as uow:
        uow.session.add(a_pile())
        tidier.start()
        assert not done.wait(0.05) or store.engine.dialect.name != "sqlite"
    tidier.join(10)
    assert done.is_set()


def test_the_tables_are_those_of_the_records_and_nothing_is_left_to_migrate(store: Store):
    config = configuration()
    with store.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.check(config)
    assert revision_of(store.engine) == newest_revision()


def test_the_migrations_can_be_walked_back_to_nothing(store: Store):
    config = configuration()
    with store.engine.execution_options(beimen_writes=True).begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    assert revision_of(store.engine) is None


def test_an_address_of_another_database_is_refused_with_a_sentence():
    with pytest.raises(ValueError, match="use sqlite:///path or postgresql://"):
        open_engine("mysql://somewhere/x")
