"""Who gets what: sessions, subscriptions, retained messages, wills."""

import asyncio
import itertools
import time
from collections.abc import Callable

from simulator.broker.access import Access, Open
from simulator.broker.codec import Prop, Properties, Reason
from simulator.broker.packets import Connect, Message, Options, Publish, Will
from simulator.broker.sessions import Counts, Limits, Link, Session
from simulator.broker.topics import is_filter, matches


class Hub:
    """The state that all connections share. `now` gives seconds of a clock that never jumps."""

    def __init__(
        self,
        access: Access | None = None,
        limits: Limits | None = None,
        now: Callable[[], float] = time.monotonic,
    ):
        self.access: Access = access or Open()
        self.limits = limits or Limits()
        self.now = now
        self.counts = Counts()
        self.sessions: dict[str, Session] = {}
        self.retained: dict[str, Message] = {}
        self._wills: dict[str, asyncio.TimerHandle] = {}
        self._endings: dict[str, asyncio.TimerHandle] = {}
        self._heard_by: dict[str, list[tuple[Session, Options]]] = {}
        self._unnamed = itertools.count(1)

    # --- coming and going ---

    def name(self, asked: Connect) -> str:
        """The client id: the login where that is the rule, what the client asks, or a new one."""
        if self.access.login_is_client_id and asked.login:
            return asked.login
        return asked.client_id or f"unnamed-{next(self._unnamed)}"

    def attach(self, client_id: str, asked: Connect) -> tuple[Session, bool] | None:
        """The client's session and whether it was there before; None when there are too many."""
        session = self.sessions.get(client_id)
        if session is not None and asked.clean:
            self.forget(session)
            session = None
        present = session is not None
        if session is None:
            if len(self.sessions) >= self.limits.sessions:
                return None
            session = Session(client_id, self.limits, self.counts, self.now)
            self.sessions[client_id] = session
        for timers in (self._wills, self._endings):
            if timer := timers.pop(client_id, None):
                timer.cancel()
        session.login = asked.login
        kept = self.limits.session_s
        wanted = asked.properties.get(Prop.SESSION_EXPIRY, 0)
        session.expiry_s = min(wanted, kept) if asked.v5 else (0 if asked.clean else kept)
        return session, present

    def detach(self, session: Session, link: Link, will: Will | None) -> None:
        """A connection is gone; `will` is what it leaves behind (None: it said goodbye)."""
        if session.link is not link:
            return
        session.link = None
        later = asyncio.get_running_loop().call_later
        if will is not None and will.delay_s:
            # As Mosquitto does: a new connection within the delay silences the will, whatever
            # becomes of the session.
            self._wills[session.client_id] = later(will.delay_s, self.speak_will, session, will)
        elif will is not None:
            self.speak_will(session, will)
        if session.expiry_s == 0:
            self.forget(session)
        else:
            self._endings[session.client_id] = later(session.expiry_s, self.forget, session)

    def forget(self, session: Session) -> None:
        """The session ends: nothing is owed any more."""
        if self.sessions.get(session.client_id) is session:
            del self.sessions[session.client_id]
            self._heard_by.clear()
        if timer := self._endings.pop(session.client_id, None):
            timer.cancel()

    def speak_will(self, session: Session, will: Will) -> None:
        """Publish it, if its client was allowed to."""
        self._wills.pop(session.client_id, None)
        if self.access.may(session.login, will.topic, True):
            said = dict(will.properties)
            self.publish(self.message(session, will, said))

    # --- saying and hearing ---

    def message(self, sender: Session, said: Publish | Will, properties: Properties) -> Message:
        """A message as it is kept: its expiry becomes a moment of the broker's clock."""
        expiry = properties.pop(Prop.MESSAGE_EXPIRY, None)
        return Message(
            said.topic,
            said.payload,
            said.qos,
            said.retain,
            properties,
            sender.client_id,
            None if expiry is None else self.now() + expiry,
        )

    def publish(self, message: Message) -> int:
        """Hand it to everyone who hears it; how many that were."""
        if message.retain:
            self._retain(message)
        heard = 0
        for session, options in self._hearers(message.topic):
            if options.no_local and session.client_id == message.sender:
                continue
            if self.access.may(session.login, message.topic, False):
                heard += 1
                retain = message.retain and options.as_published
                session.offer(message, min(options.qos, message.qos), retain)
        return heard

    def subscribe(self, session: Session, wanted: str, options: Options) -> int:
        """Hear a filter from now on; the reason code of SUBACK.

        As Mosquitto does, a filter that the access rules do not allow is granted: what it would
        hear is held back at delivery.
        """
        if not is_filter(wanted):
            return Reason.BAD_FILTER
        if wanted.startswith("$share/"):
            return Reason.NO_SHARED
        known = wanted in session.subscriptions
        if not known and len(session.subscriptions) >= self.limits.subscriptions:
            return Reason.QUOTA
        session.subscriptions[wanted] = options
        self._heard_by.clear()
        return options.qos

    def unsubscribe(self, session: Session, wanted: str) -> int:
        """Hear a filter no longer; the reason code of UNSUBACK."""
        self._heard_by.clear()
        known = session.subscriptions.pop(wanted, None)
        return Reason.NOT_SUBSCRIBED if known is None else Reason.OK

    def repeat_retained(self, session: Session, wanted: str, options: Options) -> None:
        """Send the retained messages of a filter to who has just begun to hear it."""
        levels = wanted.split("/")
        for topic, message in list(self.retained.items()):
            if message.expires_at is not None and message.expires_at <= self.now():
                del self.retained[topic]
            elif options.no_local and session.client_id == message.sender:
                continue
            elif matches(levels, topic.split("/")) and self.access.may(session.login, topic, False):
                session.offer(message, min(options.qos, message.qos), True)

    def _retain(self, message: Message) -> None:
        if not message.payload:
            self.retained.pop(message.topic, None)
        elif message.topic in self.retained or len(self.retained) < self.limits.retained:
            self.retained[message.topic] = message
        else:
            self.counts.retained_full += 1

    def _hearers(self, topic: str) -> list[tuple[Session, Options]]:
        """The sessions that hear a topic, each once, with its filter of the highest QoS."""
        found = self._heard_by.get(topic)
        if found is None:
            levels = topic.split("/")
            found = []
            for session in self.sessions.values():
                mine = [
                    o for f, o in session.subscriptions.items() if matches(f.split("/"), levels)
                ]
                if mine:
                    found.append((session, max(mine, key=lambda options: options.qos)))
            if len(self._heard_by) >= 5000:
                self._heard_by.clear()
            self._heard_by[topic] = found
        return found
