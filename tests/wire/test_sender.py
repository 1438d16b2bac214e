"""What goes down: in order, never too large, never for ever, and a command never twice at once."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from service.piles.messages import MAX_UPLINK_BYTES, Outgoing
from service.wire import sender as sender_module
from service.wire.health import Counts
from service.wire.sender import Sender


@dataclass
class Wire:
    """A link that takes everything and answers when told to."""

    window: int = 100
    largest_packet: int = 65_536
    closed: bool = False
    published: list[tuple[str, bytes, int | None]] = field(default_factory=list)

    def fits(self, message: Outgoing) -> bool:
        return len(message.payload) < self.largest_packet

    def publish(self, message: Outgoing, expires_s: int | None) -> int | None:
        self.published.append((message.topic, message.payload, expires_s))
        return len(self.published)

    def write(self) -> None:
        pass

    def drop(self) -> None:
        self.closed = True

    @property
    def payloads(self) -> list[bytes]:
        return [payload for _, payload, _ in self.published]


@pytest.fixture
def counts() -> Counts:
    return Counts()


@pytest.fixture
def sender(counts: Counts) -> Sender:
    return Sender(counts)


@pytest.fixture
def link() -> Any:
    return Wire()


def to_pile(payload: bytes = b"{}", **others: Any) -> Outgoing:
    return Outgoing("pile/1/LB-001/down/cmd", payload, **others)


def command(number: int, **others: Any) -> Outgoing:
    return to_pile(f"{number}".encode(), command_id=f"C{number}", **others)


def test_messages_leave_in_the_order_they_were_posted(sender: Sender, link: Any):
    sender.post([to_pile(b"1"), to_pile(b"2"), to_pile(b"3")], now=0)
    sender.fill(link, now=0)
    assert link.payloads == [b"1", b"2", b"3"]


def test_no_more_are_under_way_than_the_broker_allows(sender: Sender):
    link: Any = Wire(window=2)
    sender.post([to_pile(b"%d" % n) for n in range(5)], now=0)
    sender.fill(link, now=0)
    assert len(link.published) == 2
    sender.published(1, 0)
    sender.fill(link, now=0)
    assert len(link.published) == 3


def test_what_is_too_large_for_the_contract_or_the_broker_stays_here(
    sender: Sender, link: Any, counts: Counts
):
    sender.post([to_pile(b"x" * (MAX_UPLINK_BYTES + 1)), to_pile(b"ok")], now=0)
    sender.fill(link, now=0)
    narrow: Any = Wire(largest_packet=100)
    sender.post([to_pile(b"x" * 200), to_pile(b"fine")], now=0)
    sender.fill(narrow, now=0)
    assert (link.payloads, narrow.payloads) == ([b"ok"], [b"fine"])
    assert counts.oversize == 2


@pytest.mark.parametrize("topic", ["pile/1/+/down/cmd", "pile/1/#", ""])
def test_a_message_to_no_single_topic_is_refused(
    topic: str, sender: Sender, link: Any, counts: Counts
):
    sender.post([Outgoing(topic, b"{}")], now=0)
    sender.fill(link, now=0)
    assert link.published == []
    assert counts.send_refused == 1


def test_the_time_a_message_waited_is_taken_off_its_life(sender: Sender, link: Any, counts: Counts):
    sender.post([to_pile(b"long", expires_s=60), to_pile(b"short", expires_s=15)], now=0)
    sender.fill(link, now=20)
    assert link.published == [("pile/1/LB-001/down/cmd", b"long", 40)]
    assert counts.expired == 1


def test_a_command_on_its_way_is_not_sent_again_when_the_outbox_names_it_again(
    sender: Sender, link: Any
):
    sender.post_commands([command(1)], now=0)
    sender.fill(link, now=0)
    sender.post_commands([command(1)], now=0.5)
    sender.fill(link, now=0.5)
    assert link.payloads == [b"1"]
    sender.published(1, 0)
    assert sender.take_done() == ["C1"]
    sender.post_commands([command(1)], now=0.6)
    assert len(sender) == 0, "the outbox has not been told yet"
    sender.told(["C1"])
    sender.post_commands([command(1)], now=15)
    sender.fill(link, now=15)
    assert link.payloads == [b"1", b"1"], "the resend at 15 s carries the same id"


def test_a_command_that_can_never_leave_is_done_with(sender: Sender, link: Any):
    sender.post_commands([to_pile(b"x" * 5000, command_id="C9")], now=0)
    sender.fill(link, now=0)
    assert sender.take_done() == ["C9"]


def test_when_the_link_is_lost_replies_wait_and_commands_go_back_to_the_outbox(
    sender: Sender, link: Any
):
    sender.post([to_pile(b"first"), to_pile(b"second")], now=0)
    sender.post_commands([command(1)], now=0)
    sender.fill(link, now=0)
    sender.post([to_pile(b"third")], now=1)
    sender.link_lost(None)
    assert sender.take_done() == [], "the broker never said that it has it"
    newer: Any = Wire()
    sender.post_commands([command(1)], now=2)
    sender.fill(newer, now=2)
    assert newer.payloads == [b"first", b"second", b"third", b"1"]


def test_an_answer_to_an_older_link_counts_for_nothing(sender: Sender, link: Any):
    sender.post_commands([command(1)], now=0)
    sender.fill(link, now=0)
    sender.link_lost(None)
    sender.published(1, 0)
    assert sender.take_done() == []


def test_what_the_broker_called_too_large_does_not_come_back(
    sender: Sender, link: Any, counts: Counts
):
    sender.post([to_pile(b"reply")], now=0)
    sender.post_commands([command(1)], now=0)
    sender.fill(link, now=0)
    sender.link_lost(0x95)
    newer: Any = Wire()
    sender.fill(newer, now=1)
    assert newer.payloads == []
    assert sender.take_done() == ["C1"]
    assert counts.given_up == 2


def test_a_message_that_takes_the_link_down_with_it_is_given_up_after_three_times(
    sender: Sender, counts: Counts
):
    sender.post([to_pile(b"reply")], now=0)
    seen = []
    for turn in range(5):
        link: Any = Wire()
        sender.post_commands([command(1)] if "C1" not in sender.take_done() else [], now=turn)
        sender.fill(link, now=turn)
        sender.link_lost(None)
        seen.append(len(link.published))
        if turn == 2:
            assert counts.given_up == 2
            sender.told(["C1"])
    assert seen[:3] == [2, 2, 2]
    assert seen[3] <= 1, "the reply is gone"


def test_a_refusal_by_the_broker_is_final_and_a_pile_that_does_not_listen_is_counted(
    sender: Sender, link: Any, counts: Counts
):
    sender.post_commands([command(1), command(2), command(3)], now=0)
    sender.fill(link, now=0)
    sender.published(1, 0x87)
    sender.published(2, 0x10)
    sender.published(3, 0)
    assert sender.take_done() == ["C1", "C2", "C3"]
    assert (counts.send_refused, counts.sent, counts.unheard) == (1, 2, 1)


def test_a_message_that_needs_no_answer_is_gone_when_it_is_written(
    sender: Sender, link: Any, counts: Counts
):
    sender.post([to_pile(qos=0)], now=0)
    sender.fill(link, now=0)
    assert sender.is_idle
    assert counts.sent == 1


def test_a_link_that_takes_nothing_is_dropped_and_nothing_is_forgotten(sender: Sender):
    class Deaf(Wire):
        def publish(self, message: Outgoing, expires_s: int | None) -> int | None:
            return None

    link: Any = Deaf()
    sender.post([to_pile(b"1"), to_pile(b"2")], now=0)
    sender.fill(link, now=0)
    assert link.closed
    sender.link_lost(None)
    newer: Any = Wire()
    sender.fill(newer, now=1)
    assert newer.payloads == [b"1", b"2"]


def test_the_queue_is_bounded_and_what_falls_off_is_counted(
    sender: Sender, counts: Counts, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sender_module, "LIMIT", 3)
    sender.post([to_pile()] * 5, now=0)
    assert (len(sender), counts.outbox_full) == (3, 2)
    sender.post_commands([command(1)], now=0)
    assert sender.take_done() == [], "a command simply stays in the outbox"
