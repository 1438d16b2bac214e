"""What the bytes of a packet mean: parsing of what clients send, making of what they get."""

from dataclasses import dataclass, field

from simulator.broker.codec import (
    Kind,
    MalformedError,
    Prop,
    Properties,
    Reader,
    Reason,
    frame,
    properties,
    text,
)
from simulator.broker.topics import is_topic

_MESSAGE = frozenset(
    {
        Prop.PAYLOAD_FORMAT, Prop.MESSAGE_EXPIRY, Prop.CONTENT_TYPE, Prop.RESPONSE_TOPIC,
        Prop.CORRELATION, Prop.USER,
    }
)  # fmt: skip
_PUBLISH = _MESSAGE | {Prop.ALIAS}
_WILL = _MESSAGE | {Prop.WILL_DELAY}
_CONNECT = frozenset(
    {
        Prop.SESSION_EXPIRY, Prop.RECEIVE_MAXIMUM, Prop.PACKET_MAXIMUM, Prop.ALIAS_MAXIMUM,
        Prop.REQUEST_RESPONSE, Prop.REQUEST_PROBLEM, Prop.USER, Prop.AUTH_METHOD, Prop.AUTH_DATA,
    }
)  # fmt: skip
_ACK = frozenset({Prop.REASON_STRING, Prop.USER})
_SUBSCRIBE = frozenset({Prop.SUBSCRIPTION_ID, Prop.USER})
_UNSUBSCRIBE = frozenset({Prop.USER})
_DISCONNECT = frozenset({Prop.SESSION_EXPIRY, Prop.REASON_STRING, Prop.USER})


@dataclass(frozen=True)
class Message:
    """Something published. `expires_at` is in seconds of the broker's clock."""

    topic: str
    payload: bytes
    qos: int
    retain: bool = False
    properties: Properties = field(default_factory=dict)
    sender: str = ""
    expires_at: float | None = None


@dataclass(frozen=True)
class Will:
    """What to publish when a client is gone without a word, and how many seconds later."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    properties: Properties
    delay_s: int


@dataclass(frozen=True)
class Connect:
    """A client asks to come in."""

    v5: bool
    clean: bool
    keep_alive_s: int
    client_id: str
    will: Will | None
    login: str | None
    password: bytes | None
    properties: Properties


@dataclass(frozen=True)
class Publish:
    """A client publishes. `topic` may be empty when an alias stands for it."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    packet_id: int
    properties: Properties


@dataclass(frozen=True)
class Ack:
    """PUBACK, PUBREC, PUBREL or PUBCOMP."""

    packet_id: int
    reason: int


@dataclass(frozen=True)
class Options:
    """How one wants to hear a filter."""

    qos: int
    no_local: bool = False
    as_published: bool = False
    retain_handling: int = 0


@dataclass(frozen=True)
class Subscribe:
    """Filters a client wants to hear."""

    packet_id: int
    filters: list[tuple[str, Options]]
    properties: Properties


@dataclass(frozen=True)
class Unsubscribe:
    """Filters a client no longer wants to hear."""

    packet_id: int
    filters: list[str]


@dataclass(frozen=True)
class Disconnect:
    """A client leaves. `session_expiry_s` is None when it said nothing new about it."""

    reason: int
    session_expiry_s: int | None


def parse_connect(body: bytes) -> Connect:
    """CONNECT. MalformedError with BAD_VERSION for anything but MQTT 3.1.1 and 5."""
    reader = Reader(body)
    name, level = reader.text(), reader.number(1)
    if name != "MQTT" or level not in (4, 5):
        raise MalformedError("this broker speaks MQTT 3.1.1 and 5", Reason.BAD_VERSION)
    v5, flags, keep_alive_s = level == 5, reader.number(1), reader.number(2)
    has_will, qos = bool(flags & 4), flags >> 3 & 3
    if flags & 1 or qos == 3 or (not has_will and flags & 0x38):
        raise MalformedError("the connect flags contradict each other")
    said = reader.properties(_CONNECT) if v5 else {}
    client_id = reader.text()
    will = _parse_will(reader, v5, qos, bool(flags & 32)) if has_will else None
    login = reader.text() if flags & 0x80 else None
    password = reader.binary() if flags & 0x40 else None
    _finished(reader)
    return Connect(v5, bool(flags & 2), keep_alive_s, client_id, will, login, password, said)


def _parse_will(reader: Reader, v5: bool, qos: int, retain: bool) -> Will:
    said = reader.properties(_WILL) if v5 else {}
    topic, payload = reader.text(), reader.binary()
    if not is_topic(topic):
        raise MalformedError("the will's topic cannot be published on", Reason.BAD_TOPIC)
    return Will(topic, payload, qos, retain, said, said.pop(Prop.WILL_DELAY, 0))


def parse_publish(flags: int, body: bytes, v5: bool) -> Publish:
    """PUBLISH, with the four low bits of its first byte."""
    qos = flags >> 1 & 3
    if qos == 3 or (qos == 0 and flags & 8):
        raise MalformedError("the publish flags contradict each other")
    reader = Reader(body)
    topic = reader.text()
    packet_id = _packet_id(reader) if qos else 0
    said = reader.properties(_PUBLISH) if v5 else {}
    if not is_topic(topic) and (topic or Prop.ALIAS not in said):
        raise MalformedError("the topic cannot be published on", Reason.BAD_TOPIC)
    return Publish(topic, reader.rest(), qos, bool(flags & 1), packet_id, said)


def parse_ack(body: bytes, v5: bool) -> Ack:
    """PUBACK, PUBREC, PUBREL or PUBCOMP."""
    reader = Reader(body)
    packet_id = _packet_id(reader)
    reason = reader.number(1) if v5 and reader.left else 0
    if v5 and reader.left:
        reader.properties(_ACK)
    _finished(reader)
    return Ack(packet_id, reason)


def parse_subscribe(body: bytes, v5: bool) -> Subscribe:
    """SUBSCRIBE. Filters are not judged here."""
    reader = Reader(body)
    packet_id = _packet_id(reader)
    said = reader.properties(_SUBSCRIBE) if v5 else {}
    filters = []
    while reader.left:
        wanted, bits = reader.text(), reader.number(1)
        options = Options(bits & 3, bool(bits & 4), bool(bits & 8), bits >> 4 & 3)
        if options.qos == 3 or options.retain_handling == 3 or bits & (0xC0 if v5 else 0xFC):
            raise MalformedError("the subscription options contradict each other")
        filters.append((wanted, options))
    if not filters:
        raise MalformedError("a subscription without a filter", Reason.PROTOCOL_ERROR)
    return Subscribe(packet_id, filters, said)


def parse_unsubscribe(body: bytes, v5: bool) -> Unsubscribe:
    """UNSUBSCRIBE."""
    reader = Reader(body)
    packet_id = _packet_id(reader)
    if v5:
        reader.properties(_UNSUBSCRIBE)
    filters = []
    while reader.left:
        filters.append(reader.text())
    if not filters:
        raise MalformedError("nothing to unsubscribe", Reason.PROTOCOL_ERROR)
    return Unsubscribe(packet_id, filters)


def parse_disconnect(body: bytes, v5: bool) -> Disconnect:
    """DISCONNECT."""
    reader = Reader(body)
    reason = reader.number(1) if v5 and reader.left else 0
    said = reader.properties(_DISCONNECT) if v5 and reader.left else {}
    _finished(reader)
    return Disconnect(reason, said.get(Prop.SESSION_EXPIRY))


def _packet_id(reader: Reader) -> int:
    packet_id = reader.number(2)
    if packet_id == 0:
        raise MalformedError("packet number 0", Reason.PROTOCOL_ERROR)
    return packet_id


def _finished(reader: Reader) -> None:
    if reader.left:
        raise MalformedError("a packet goes on after its content")


def connack(v5: bool, present: bool, reason: int, said: Properties | None = None) -> bytes:
    """CONNACK; `reason` is the code of the client's own version."""
    tail = properties(said or {}) if v5 else b""
    return frame(Kind.CONNACK, 0, bytes([present, reason]) + tail)


def publish(
    message: Message, qos: int, packet_id: int, flags: tuple[bool, bool], now: float | None
) -> bytes:
    """PUBLISH to a subscriber; `flags` are (retain, dup).

    `now`, in seconds, is given for MQTT 5: its properties are sent then, with what is left of the
    message's life.
    """
    retain, dup = flags
    head = text(message.topic) + (packet_id.to_bytes(2, "big") if qos else b"")
    if now is not None:
        said = dict(message.properties)
        if message.expires_at is not None:
            said[Prop.MESSAGE_EXPIRY] = max(1, round(message.expires_at - now))
        head += properties(said)
    return frame(Kind.PUBLISH, dup << 3 | qos << 1 | retain, head + message.payload)


def ack(kind: Kind, packet_id: int, v5: bool, reason: int = 0) -> bytes:
    """PUBACK, PUBREC, PUBREL or PUBCOMP."""
    flags = 2 if kind is Kind.PUBREL else 0
    return frame(
        kind, flags, packet_id.to_bytes(2, "big") + (bytes([reason]) if v5 and reason else b"")
    )


def granted(kind: Kind, packet_id: int, v5: bool, reasons: list[int]) -> bytes:
    """SUBACK or UNSUBACK, one reason for each filter."""
    codes = bytes(reasons) if v5 or kind is Kind.SUBACK else b""
    return frame(kind, 0, packet_id.to_bytes(2, "big") + (b"\0" if v5 else b"") + codes)


def disconnect(reason: Reason) -> bytes:
    """DISCONNECT; only MQTT 5 knows one from the broker."""
    return frame(Kind.DISCONNECT, 0, bytes([reason]))
