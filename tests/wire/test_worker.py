"""The inbox and the batch in hand: what is acknowledged is stored, whatever breaks meanwhile."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import DataError, IntegrityError, OperationalError, ProgrammingError

from service.clock import monotonic
from service.piles.messages import Heard, Outgoing
from service.wire.health import Counts
from service.wire.link import Item
from service.wire.worker import Worker, is_outage
from tests.wire.conductors import Answers, Recorder

LOCKED = OperationalError("insert", {}, sqlite3.OperationalError("database is locked"))
BROKEN_BY_ITS_CONTENT = ValueError("not a number")


def item(number: int, size: int = 2) -> Item:
    payload = f"{number}".encode().ljust(size)
    return Item(Heard("pile/1/LB-001/up/meter", payload, 0), number, generation=1)


@dataclass
class Desk:
    """A worker with everything it did, in order."""

    conductor: Recorder = field(default_factory=Recorder)
    most: int = 10
    wait_s: float = 0.01
    limit: int = 100
    counts: Counts = field(default_factory=Counts)
    acknowledged: list[int] = field(default_factory=list)
    log: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.now = monotonic()
        self.worker = Worker(
            self.conductor, self._reply, self._acknowledge, self.counts,
            self.most, self.wait_s, self.limit,
        )  # fmt: skip

    def _reply(self, replies: Sequence[Outgoing]) -> None:
        self.log += [f"reply {reply.topic}" for reply in replies]

    def _acknowledge(self, items: Sequence[Item]) -> None:
        self.acknowledged += [item.packet_id for item in items]
        self.log.append("acknowledge")

    def hears(self, *numbers: int) -> None:
        for number in numbers:
            self.worker.hear(item(number))

    def works(self, times: int = 1) -> None:
        for _ in range(times):
            self.now += 10
            self.worker.work(self.now)


def test_a_message_waits_for_company_but_not_long():
    desk = Desk()
    desk.hears(1)
    assert 0 < (desk.worker.due_in(monotonic()) or 0) <= 0.01
    desk.worker.work(monotonic())
    assert desk.conductor.batches == []
    desk.works()
    assert desk.conductor.batches == [1]


def test_a_full_batch_goes_at_once_and_the_rest_in_the_next():
    desk = Desk(wait_s=60)
    desk.hears(*range(1, 14))
    desk.worker.work(monotonic())
    assert desk.conductor.batches == [10]
    desk.worker.work(monotonic())
    assert desk.conductor.batches == [10], "three more wait for company"


def test_answers_leave_before_the_acknowledgement_of_what_they_answer():
    desk = Desk(Recorder(reply=lambda heard: Outgoing("pile/1/LB-001/down/welcome", b"{}")))
    desk.hears(1)
    desk.works()
    assert desk.log == ["reply pile/1/LB-001/down/welcome", "acknowledge"]


def test_nothing_is_acknowledged_while_the_database_is_down_and_everything_after():
    desk = Desk(Recorder(breaks_with=LOCKED))
    desk.hears(1, 2, 3)
    desk.works(20)
    assert desk.acknowledged == []
    assert desk.counts.take_failures == 20
    assert desk.counts.set_aside == 0
    assert desk.worker.failing_s(desk.now) > 100
    desk.conductor.breaks_with = None
    desk.hears(4)
    desk.works(2)
    assert desk.acknowledged == [1, 2, 3, 4]
    assert desk.conductor.payloads() == [b"1 ", b"2 ", b"3 ", b"4 "]
    assert desk.worker.failing_s(desk.now) == 0


def test_tries_come_less_often_the_longer_it_fails():
    desk = Desk(Recorder(breaks_with=LOCKED))
    desk.hears(1)
    waits = []
    for _ in range(8):
        desk.works()
        waits.append(round(desk.worker.due_in(monotonic()) or 0, 2))
    assert waits == sorted(waits)
    assert waits[0] <= 0.1
    assert waits[-1] >= 4.9


def test_of_a_batch_that_one_message_breaks_only_that_one_is_set_aside():
    recorder = Recorder()

    def breaks_on_seven(heard: Sequence[Heard]) -> None:
        if any(message.payload == b"7 " for message in heard):
            raise BROKEN_BY_ITS_CONTENT

    recorder.before_take = breaks_on_seven
    desk = Desk(recorder)
    desk.hears(*range(1, 10))
    desk.works(3)
    assert desk.acknowledged == [], "three times it could still have been a passing thing"
    desk.works(9)
    assert [(kept.payload, reason) for kept, reason in recorder.aside] == [
        (b"7 ", "ValueError: not a number")
    ]
    assert desk.acknowledged == [1, 2, 3, 4, 5, 6, 7, 8, 9], "the poison too, or it comes for ever"
    assert recorder.payloads() == [f"{n} ".encode() for n in (1, 2, 3, 4, 5, 6, 8, 9)]
    assert desk.counts.set_aside == 1
    desk.hears(*range(10, 20))
    desk.works()
    assert recorder.batches[-1] == 10, "afterwards it works in whole batches again"


def test_a_passing_error_sets_nothing_aside():
    desk = Desk(Recorder(breaks_with=KeyError("seq")))
    desk.hears(1, 2)
    desk.works(2)
    desk.conductor.breaks_with = None
    desk.works()
    assert desk.acknowledged == [1, 2]
    assert desk.conductor.aside == []


def test_a_lone_poisonous_message_is_tried_three_times():
    desk = Desk(Recorder(breaks_with=BROKEN_BY_ITS_CONTENT))
    desk.hears(1)
    desk.works(2)
    assert desk.conductor.aside == []
    desk.works()
    assert len(desk.conductor.aside) == 1
    assert desk.acknowledged == [1]


def test_poison_that_cannot_be_kept_is_not_acknowledged():
    class FullDisk(Recorder):
        full = True

        def set_aside(self, heard: Heard, reason: str) -> None:
            if self.full:
                raise OSError("no space left on device")
            super().set_aside(heard, reason)

    recorder = FullDisk(breaks_with=BROKEN_BY_ITS_CONTENT)
    desk = Desk(recorder)
    desk.hears(1)
    desk.works(10)
    assert desk.acknowledged == []
    recorder.full = False
    desk.works(1)
    assert desk.acknowledged == [1]


def test_an_outage_while_poison_is_sought_condemns_no_one():
    recorder = Recorder(breaks_with=BROKEN_BY_ITS_CONTENT)
    desk = Desk(recorder)
    desk.hears(1, 2)
    desk.works(3)
    recorder.breaks_with = LOCKED
    desk.works(10)
    recorder.breaks_with = None
    desk.works(3)
    assert recorder.aside == []
    assert desk.acknowledged == [1, 2]


@pytest.mark.parametrize(
    ("error", "outage"),
    [
        (LOCKED, True),
        (OperationalError("", {}, sqlite3.OperationalError("disk I/O error")), True),
        (sqlite3.OperationalError("database is locked"), True),
        (sqlite3.DatabaseError("database disk image is malformed"), True),
        (ProgrammingError("", {}, Exception("relation does not exist")), True),
        (OSError(28, "No space left on device"), True),
        (MemoryError(), True),
        (IntegrityError("", {}, sqlite3.IntegrityError("CHECK failed")), False),
        (sqlite3.IntegrityError("CHECK failed"), False),
        (DataError("", {}, Exception("integer out of range")), False),
        (OverflowError("int too large"), False),
        (KeyError("seq"), False),
    ],
    ids=lambda value: getattr(type(value), "__name__", "") if not isinstance(value, bool) else "",
)
def test_an_outage_is_told_from_a_message_that_cannot_be_stored(error: Exception, outage: bool):
    assert is_outage(error) is outage


def test_the_inbox_says_when_it_is_full_by_number_and_by_size():
    desk = Desk(limit=5, wait_s=60)
    desk.hears(1, 2, 3)
    assert desk.worker.room == 2
    desk.hears(4, 5, 6)
    assert desk.worker.room == 0
    heavy = Desk(limit=10_000, most=1000)
    for number in range(300):
        heavy.worker.hear(item(number, size=65_000))
    assert heavy.worker.room == 0, "300 large messages are 19 MB"
    heavy.works()
    assert heavy.worker.room > 0


def test_the_batch_in_hand_counts_as_unread_mail():
    desk = Desk(Recorder(breaks_with=LOCKED), limit=5)
    desk.hears(1, 2, 3)
    desk.works()
    assert (len(desk.worker), desk.worker.room) == (3, 2)


class Moody:
    """Breaks where the plan says so, for outages or poison; remembers what it committed."""

    def __init__(self, plan: list[str], poison: set[int]):
        self.plan, self.poison = plan, poison
        self.stored: list[int] = []
        self.aside: list[int] = []

    def take(self, heard: Sequence[Heard]) -> Answers:
        mood = self.plan.pop() if self.plan else "well"
        if mood == "down":
            raise LOCKED
        if mood == "odd" or self.poison & {int(message.payload) for message in heard}:
            raise BROKEN_BY_ITS_CONTENT
        self.stored += [int(message.payload) for message in heard]
        return Answers()

    def set_aside(self, heard: Heard, reason: str) -> None:
        self.aside.append(int(heard.payload))

    def commands_due(self) -> Sequence[Outgoing]:
        return ()

    def command_sent(self, command_ids: Sequence[str]) -> None:
        raise AssertionError


@settings(max_examples=150, deadline=None)
@given(
    moods=st.lists(st.sampled_from(["well", "down", "odd"]), max_size=25),
    poison=st.sets(st.integers(1, 30), max_size=4),
    count=st.integers(1, 30),
)
def test_every_message_is_stored_or_set_aside_once_in_order_and_then_acknowledged_once(
    moods: list[str], poison: set[int], count: int
):
    conductor = Moody(moods, poison)
    desk = Desk(conductor)  # type: ignore[arg-type]
    desk.hears(*range(1, count + 1))
    for _ in range(200):
        desk.works()
        done = {*conductor.stored, *conductor.aside}
        assert set(desk.acknowledged) <= done, "never acknowledged before it is kept"
    assert desk.acknowledged == list(range(1, count + 1))
    assert sorted(conductor.stored + conductor.aside) == list(range(1, count + 1))
    assert conductor.stored == sorted(conductor.stored)
