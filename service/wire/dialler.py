"""Keeps one lane connected: when to try, in which version of MQTT, and what the broker remembers.

MQTT 5 is tried first on every reconnection. A broker that refuses it is asked again in 3.1.1 at
once; one that closes without a word, as some old ones do, from the second time on.
"""

import structlog

from service.clock import Clock, monotonic
from service.wire.health import Counts
from service.wire.link import UNSUPPORTED_VERSION, Link, Owner
from service.wire.plan import Broker, Lane
from service.wire.timing import Backoff

log = structlog.get_logger("wire")


class Dialler:
    """The present link of a lane, and the next."""

    def __init__(self, lane: Lane, broker: Broker, owner: Owner, clock: Clock, counts: Counts):
        self.link: Link | None = None
        self.generation = 0
        self.mqtt5 = True
        self.session_durable: bool | None = None
        self._lane, self._broker, self._owner, self._clock = lane, broker, owner, clock
        self._counts = counts
        self._backoff = Backoff()
        self._next_at = 0.0
        self._silent_refusals = 0
        self._testing = False
        self._greeted = 0
        """The generation of the last link that became ready."""

    @property
    def is_connected(self) -> bool:
        """Accepted, subscribed and here to stay."""
        link = self.link
        if link is None or link.closed or self._testing:
            return False
        return link.generation == self._greeted

    def due_in(self, now: float) -> float:
        """Seconds until the next try, while there is no link."""
        return max(0.0, self._next_at - now)

    def connect_if_due(self, now: float) -> None:
        """Try, when there is no link and it is time."""
        if self.link is not None or now < self._next_at:
            return
        self.generation += 1
        link = Link(self._broker, self._lane, self._owner, self._clock, self.generation, self.mqtt5)
        try:
            link.open()
        except OSError as error:
            self._counts.refusals += 1
            wait_s = self._wait()
            log.warning(
                "broker not reached", lane=self._lane.name, error=str(error), again_in_s=wait_s
            )
        else:
            self.link = link

    def _wait(self) -> float:
        wait_s = round(self._backoff.wait_s(), 2)
        self._next_at = monotonic() + wait_s
        return wait_s

    def newly_ready(self) -> Link | None:
        """The link, once, when it has become ready for use."""
        link = self.link
        if link is None or not link.ready or link.closed or link.generation == self._greeted:
            return None
        self._greeted = link.generation
        self._silent_refusals = 0
        self._backoff.reset()
        self._judge_session(link)
        if self._testing:
            link.leave()
            return None
        self._counts.connects += 1
        log.info("connected", lane=self._lane.name, mqtt="5" if link.mqtt5 else "3.1.1")
        return link

    def _judge_session(self, link: Link) -> None:
        """The self-test of durability: a session new to the broker is left and sought once again.

        It costs one reconnection in the life of an installation. Whether the session survives a
        restart of the broker too is for clean start off and the deployed configuration to see to.
        """
        if link.session_present:
            self.session_durable, self._testing = True, False
        elif self._testing:
            self.session_durable, self._testing = False, False
            log.warning("the broker keeps no session for us", lane=self._lane.name)
        elif self.session_durable is None:
            self._testing = True
        else:
            self._counts.sessions_lost += 1
            log.warning(
                "the broker had forgotten our session and what it queued while we were away; the "
                "piles send again what was not committed",
                lane=self._lane.name,
            )

    def lost(self, link: Link) -> None:
        """The link has ended: decide when and how to try next."""
        self.link = None
        if self._testing and link.ready:
            self._next_at = 0.0
            return
        if link.ready:
            self._counts.losses += 1
        else:
            self._counts.refusals += 1
        self._choose_version(link)
        speaks_another = link.mqtt5 and link.end_reason == UNSUPPORTED_VERSION
        wait_s = 0.0 if speaks_another else self._wait()
        log.warning(
            "connection lost" if link.ready else "connection refused",
            lane=self._lane.name, reason=link.end_reason, again_in_s=wait_s,
        )  # fmt: skip

    def _choose_version(self, link: Link) -> None:
        if link.accepted:
            self.mqtt5 = True
        elif link.end_reason == UNSUPPORTED_VERSION:
            self.mqtt5 = not link.mqtt5
        elif link.end_reason is None:
            self._silent_refusals += 1
            self.mqtt5 = self._silent_refusals < 2 or not link.mqtt5
