"""Both connections to the broker as one thing: start, stop, wake, send, health."""

from collections.abc import Sequence

from service.clock import Clock, monotonic
from service.piles.messages import Outgoing
from service.settings import Settings
from service.wire.conductor import Conductor
from service.wire.health import WireHealth
from service.wire.lane import LaneThread
from service.wire.plan import Broker, control_lane, telemetry_lane

STOP_S = 2.0


class Wire:
    """Telemetry on one connection, everything a person waits for on another."""

    def __init__(self, settings: Settings, conductor: Conductor, clock: Clock):
        broker, limit = Broker.of(settings), settings.inbox_limit
        self._control = LaneThread(control_lane(settings), broker, conductor, clock, limit)
        self._telemetry = LaneThread(
            telemetry_lane(settings), broker, conductor, clock, limit, reply=self._control.send
        )

    def start(self) -> None:
        """Begin; returns at once. The broker may come up later."""
        self._control.start()
        self._telemetry.start()

    def stop(self, seconds: float = STOP_S) -> bool:
        """Finish what is begun and say goodbye; whether both lanes ended within the time."""
        until = monotonic() + seconds
        # Telemetry first: its last answers leave by the control lane.
        ended = self._telemetry.stop(seconds / 2)
        return self._control.stop(max(0.1, until - monotonic())) and ended

    def wake(self) -> None:
        """Commands may be due: ask for them at once. Any thread; call it after a commit."""
        self._control.wake()

    def send(self, messages: Sequence[Outgoing]) -> None:
        """Send what is no command of the outbox (a word to all piles, the mirror). Any thread."""
        self._control.send(messages)

    def health(self) -> WireHealth:
        """Where both lanes stand now."""
        return WireHealth(self._telemetry.health(), self._control.health())
