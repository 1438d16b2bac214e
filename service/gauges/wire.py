"""The connections to the broker in figures. The wire is above this room, so only its shape is known
here: service/wire/health.py has it."""

from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Any, Protocol

from prometheus_client.core import CounterMetricFamily, Metric

from service.gauges.families import family


class Lane(Protocol):
    """One connection to the broker, as far as it is shown."""

    @property
    def name(self) -> str:
        """Which of them."""

    @property
    def connected(self) -> bool:
        """Accepted and subscribed."""

    @property
    def loopback_age_s(self) -> float:
        """Seconds since our own message last came back."""

    @property
    def inbox(self) -> int:
        """Messages heard and not yet taken."""

    @property
    def outgoing(self) -> int:
        """Messages not yet with the broker."""

    @property
    def failing_s(self) -> float:
        """Seconds since a batch was last committed, while that fails; else 0."""

    @property
    def counts(self) -> Any:
        """A dataclass of totals."""


class WireState(Protocol):
    """What the wire says of itself."""

    @property
    def lanes(self) -> Sequence[Lane]:
        """Every connection."""


def of_wire(wire: WireState) -> Iterator[Metric]:
    """Every connection, and what happened on it."""
    lanes = {lane.name: lane for lane in wire.lanes}
    yield family(
        "wire_connected",
        "1 while the broker has accepted and subscribed us.",
        "lane",
        {name: int(lane.connected) for name, lane in lanes.items()},
    )
    yield family(
        "wire_loopback_age_seconds",
        "Since our own message last came back.",
        "lane",
        {name: lane.loopback_age_s for name, lane in lanes.items()},
    )
    yield family(
        "wire_inbox_messages",
        "Heard and not yet committed.",
        "lane",
        {name: lane.inbox for name, lane in lanes.items()},
    )
    yield family(
        "wire_outgoing_messages",
        "Not yet with the broker.",
        "lane",
        {name: lane.outgoing for name, lane in lanes.items()},
    )
    yield family(
        "wire_failing_seconds",
        "How long nothing could be committed; 0 while all is well.",
        "lane",
        {name: lane.failing_s for name, lane in lanes.items()},
    )
    events = CounterMetricFamily(
        "beimen_wire_events", "What happened on a connection.", labels=["lane", "event"]
    )
    for name, lane in lanes.items():
        for event in fields(lane.counts):
            events.add_metric([name, event.name], getattr(lane.counts, event.name))
    yield events
