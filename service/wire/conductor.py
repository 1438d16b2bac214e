"""What the wire asks of the house above the tables: the wire knows this and nothing else of it."""

from collections.abc import Sequence
from typing import Protocol

from service.piles.messages import Heard, Outgoing


class Taken(Protocol):
    """What came of a batch that is now committed."""

    @property
    def replies(self) -> Sequence[Outgoing]:
        """What to tell the piles; sent before the batch is acknowledged."""
        ...


class Conductor(Protocol):
    """Called in a lane's own thread, by one lane at a time or by both at once."""

    def take(self, heard: Sequence[Heard]) -> Taken:
        """Take a batch in order. On return everything of it is committed.

        Anything raised means that nothing was: the batch is not acknowledged and comes again.
        Repeats are normal and must be free. What cannot be decoded is not raised but set aside.
        """
        ...

    def set_aside(self, heard: Heard, reason: str) -> None:
        """Keep, committed, a message on which `take` breaks every time; it is then acknowledged."""
        ...

    def commands_due(self) -> Sequence[Outgoing]:
        """Commands of the outbox that should leave now, each with its `command_id`."""
        ...

    def command_sent(self, command_ids: Sequence[str]) -> None:
        """The wire is done with these: the broker has them, or they can never leave (counted).

        Neither says that a pile heard; only the pile's result does.
        """
        ...
