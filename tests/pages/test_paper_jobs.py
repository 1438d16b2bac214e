"""Papers made behind the page: shared, stopped, kept for an hour, and told what became of them."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from service.pages.paper import press
from service.pages.paper.jobs import MOST_WAITING, Job, Jobs, State
from service.pages.paper.press import Order
from service.words import Sentence

NOW = datetime(2026, 4, 3, 1, 0, tzinfo=UTC)
PATIENT = """
import json, pathlib, sys, time
order = json.loads(sys.stdin.buffer.readline())
gate = pathlib.Path(order["facts"]["gate"])
sys.stderr.write("set 1\\n")
sys.stderr.flush()
while not gate.exists():
    time.sleep(0.01)
sys.stdout.write("%PDF of " + order["facts"]["title"])
"""


class Shop:
    """Jobs with a press that waits at a gate until it is opened."""

    def __init__(self, folder: Path, **how: float):
        self.gate, self.jobs, self.orders = folder / "open", Jobs(**how), 0

    def begin(self, wanted: str = "March", who: str = "li", reuse: bool = False) -> Job:
        job = self.try_to_begin(wanted, who, reuse)
        assert isinstance(job, Job), job
        return job

    def try_to_begin(self, wanted: str, who: str = "li", reuse: bool = False) -> Job | Sentence:
        return self.jobs.begin(wanted, who, NOW, lambda: self.order(wanted), reuse)

    def order(self, wanted: str) -> Order:
        self.orders += 1
        facts = {"papers": [{}, {}], "gate": str(self.gate), "title": wanted}
        return Order("any.typ", facts, NOW)

    def open(self) -> None:
        self.gate.touch()


def until(true: Callable[[], bool]) -> None:
    """Wait for a thread or a child, ten seconds at most."""
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.005)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    program = tmp_path / "patient_press.py"
    program.write_text(PATIENT)
    monkeypatch.setattr(press, "PRESS", program)
    return Shop(tmp_path)


def test_a_job_counts_what_is_set_and_then_has_its_paper(shop: Shop):
    job = shop.begin()
    until(lambda: job.done == 1)
    assert (job.state, job.of) == (State.WORKING, 2)
    assert shop.jobs.read(job) is None
    shop.open()
    until(lambda: job.state == State.DONE)
    assert shop.jobs.read(job) == shop.jobs.read(job) == b"%PDF of March"
    assert shop.jobs.find(job.id) is job


def test_two_people_who_ask_for_the_same_paper_share_one_job(shop: Shop):
    first, second = shop.begin(who="li"), shop.begin(who="wang")
    assert first is second
    april = shop.begin("April")
    assert april is not first
    assert shop.jobs.at_hand(lambda wanted: wanted == "April") == [april]
    shop.open()
    until(lambda: first.state == State.DONE)
    assert shop.orders <= 2


def test_a_finished_paper_is_given_again_only_where_nothing_can_have_changed(shop: Shop):
    shop.open()
    first = shop.begin()
    until(lambda: first.state == State.DONE)
    assert shop.begin(reuse=True) is first
    second = shop.begin(reuse=False)
    assert second is not first
    assert first.state == State.GONE
    assert shop.jobs.read(first) is None
    until(lambda: second.state == State.DONE)


def test_who_cancels_leaves_the_others_their_paper(shop: Shop):
    job = shop.begin(who="li")
    shop.begin(who="wang")
    assert not shop.jobs.cancel(job, "li")
    shop.open()
    until(lambda: job.state == State.DONE)


def test_the_last_one_who_cancels_ends_the_work(shop: Shop):
    job = shop.begin()
    until(lambda: job.done == 1)
    assert shop.jobs.cancel(job, "li")
    assert job.state == State.STOPPED
    until(lambda: job.file is None)
    assert shop.jobs.read(job) is None
    again = shop.begin()
    assert again is not job
    shop.open()
    until(lambda: again.state == State.DONE)


def test_one_paper_is_made_at_a_time_and_one_that_waits_can_be_cancelled(shop: Shop):
    first, second = shop.begin("March"), shop.begin("April")
    until(lambda: first.done == 1)
    assert second.state == State.WAITING
    assert shop.jobs.cancel(second, "li")
    shop.open()
    until(lambda: first.state == State.DONE)
    assert (second.state, second.of) == (State.STOPPED, 0)


def test_a_cancelled_paper_cannot_be_cancelled_again(shop: Shop):
    job = shop.begin()
    assert shop.jobs.cancel(job, "li")
    assert not shop.jobs.cancel(job, "li")


def test_too_many_papers_at_once_are_refused_in_a_sentence(shop: Shop):
    jobs = [shop.begin(f"month {n}") for n in range(MOST_WAITING)]
    said = shop.try_to_begin("one more")
    assert isinstance(said, Sentence)
    assert "5 other files are being made" in said.in_language("en")
    assert shop.begin("month 0", who="wang") is jobs[0]
    for job in jobs:
        shop.jobs.cancel(job, "li")
    shop.jobs.cancel(jobs[0], "wang")
    until(lambda: all(job.run is None for job in jobs))


def test_a_paper_is_removed_after_its_time(shop: Shop):
    shop.jobs.kept_s = 0.05
    shop.open()
    job = shop.begin()
    until(lambda: job.state == State.GONE)
    until(lambda: job.file is None)
    assert shop.jobs.read(job) is None


def test_a_paper_has_no_name_that_anybody_else_could_open(shop: Shop, tmp_path: Path):
    shop.open()
    job = shop.begin()
    until(lambda: job.state == State.DONE)
    assert job.file is not None
    link = Path(f"/proc/self/fd/{job.file.fileno()}").readlink()
    assert "(deleted)" in str(link) or not link.exists()


def test_nothing_to_print_and_a_broken_look_up_are_said(shop: Shop):
    nothing = shop.jobs.begin("a", "li", NOW, lambda: Sentence("Nothing there."), reuse=False)
    assert isinstance(nothing, Job)
    until(lambda: nothing.state == State.FAILED)
    assert nothing.why == Sentence("Nothing there.")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_look_up_that_breaks_fails_the_job_and_not_the_next_one(shop: Shop):
    def breaks() -> Order:
        raise LookupError("no such table")

    job = shop.jobs.begin("a", "li", NOW, breaks, reuse=False)
    assert isinstance(job, Job)
    until(lambda: job.state == State.FAILED)
    assert job.why is not None
    assert "No figure was changed" in job.why.in_language("en")
    shop.open()
    after = shop.begin()
    until(lambda: after.state == State.DONE)


def test_a_disk_without_room_for_a_file_is_said(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    def full(**_how: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryFile", full)
    job = shop.begin()
    until(lambda: job.state == State.FAILED)
    assert job.why is not None
    assert "the disk of the service is full" in job.why.in_language("en")


def test_a_job_of_another_start_of_the_service_is_told_from_one_of_this(shop: Shop):
    job = shop.begin()
    assert not shop.jobs.is_of_another_start(job.id)
    assert Jobs().is_of_another_start(job.id)
    shop.jobs.cancel(job, "li")
