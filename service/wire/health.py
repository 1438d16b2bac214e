"""What the wire says of itself: plain numbers, for /readyz and the gauges."""

from dataclasses import dataclass, field


@dataclass
class Counts:
    """Totals since the start of the process. Written by one lane, read by anyone."""

    heard: int = 0
    taken: int = 0
    acknowledged: int = 0
    batches: int = 0
    take_failures: int = 0
    set_aside: int = 0
    full: int = 0
    """Times the inbox was full and the socket was left unread."""
    unacknowledged: int = 0
    """Taken, but their connection was gone: the broker sends them again."""
    connects: int = 0
    losses: int = 0
    refusals: int = 0
    sessions_lost: int = 0
    """Connections on which the broker had forgotten us."""
    replaced: int = 0
    """Connections ended because no loop-back message came back."""
    stumbles: int = 0
    """Our own or paho's errors that ended a connection."""
    sent: int = 0
    unheard: int = 0
    """Sent, but the broker said that nobody listens (MQTT 5)."""
    send_refused: int = 0
    oversize: int = 0
    expired: int = 0
    given_up: int = 0
    outbox_full: int = 0
    command_failures: int = 0
    """Times the outbox could not be asked or told."""
    foreign_downlinks: int = 0
    """Live messages to piles that we did not send: someone else has a login of the service."""
    retained_downlinks: int = 0


@dataclass(frozen=True)
class LaneHealth:
    """One connection at one moment."""

    name: str
    connected: bool
    """Accepted and subscribed."""
    mqtt5: bool
    generation: int
    """How many connections there have been; a message belongs to one of them."""
    session_durable: bool | None
    """Whether the broker keeps our queue while we are away; None: not known yet."""
    loopback_age_s: float
    inbox: int
    outgoing: int
    failing_s: float
    """Seconds since `take` last worked, while it fails; else 0."""
    counts: Counts = field(default_factory=Counts)


@dataclass(frozen=True)
class WireHealth:
    """Both connections at one moment."""

    telemetry: LaneHealth
    control: LaneHealth

    @property
    def lanes(self) -> tuple[LaneHealth, LaneHealth]:
        """Both, telemetry first."""
        return (self.telemetry, self.control)

    @property
    def connected(self) -> bool:
        """Whether both lanes hear."""
        return all(lane.connected for lane in self.lanes)

    @property
    def loopback_age_s(self) -> float:
        """The older of the two."""
        return max(lane.loopback_age_s for lane in self.lanes)

    @property
    def inbox(self) -> int:
        """Messages heard and not yet taken."""
        return sum(lane.inbox for lane in self.lanes)

    @property
    def failing_s(self) -> float:
        """How long the worse lane has been unable to commit."""
        return max(lane.failing_s for lane in self.lanes)
