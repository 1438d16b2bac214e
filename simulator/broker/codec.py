"""The bytes of MQTT 3.1.1 and 5: numbers, texts, properties and frames.

Every read is bounded by what is there, so no input can do more than raise MalformedError. Names and
codes: MQTT Version 5.0, OASIS Standard (docs.oasis-open.org/mqtt/mqtt/v5.0), sections 1.5 and 2.
"""

from collections.abc import Iterable
from enum import IntEnum
from typing import Any


class Kind(IntEnum):
    """The kinds of control packet."""

    CONNECT = 1
    CONNACK = 2
    PUBLISH = 3
    PUBACK = 4
    PUBREC = 5
    PUBREL = 6
    PUBCOMP = 7
    SUBSCRIBE = 8
    SUBACK = 9
    UNSUBSCRIBE = 10
    UNSUBACK = 11
    PINGREQ = 12
    PINGRESP = 13
    DISCONNECT = 14
    AUTH = 15


class Reason(IntEnum):
    """The reason codes that this broker says or hears."""

    OK = 0x00
    WITH_WILL = 0x04
    NO_SUBSCRIBERS = 0x10
    NOT_SUBSCRIBED = 0x11
    MALFORMED = 0x81
    PROTOCOL_ERROR = 0x82
    BAD_VERSION = 0x84
    BAD_CLIENT_ID = 0x85
    BAD_LOGIN = 0x86
    NOT_AUTHORIZED = 0x87
    SHUTTING_DOWN = 0x8B
    BAD_AUTHENTICATION = 0x8C
    KEEP_ALIVE = 0x8D
    TAKEN_OVER = 0x8E
    BAD_FILTER = 0x8F
    BAD_TOPIC = 0x90
    UNKNOWN_PACKET = 0x92
    RECEIVE_MAXIMUM = 0x93
    BAD_ALIAS = 0x94
    TOO_LARGE = 0x95
    QUOTA = 0x97
    NO_SHARED = 0x9E
    NO_IDENTIFIERS = 0xA1


class Prop(IntEnum):
    """The properties of MQTT 5."""

    PAYLOAD_FORMAT = 1
    MESSAGE_EXPIRY = 2
    CONTENT_TYPE = 3
    RESPONSE_TOPIC = 8
    CORRELATION = 9
    SUBSCRIPTION_ID = 11
    SESSION_EXPIRY = 17
    ASSIGNED_ID = 18
    SERVER_KEEP_ALIVE = 19
    AUTH_METHOD = 21
    AUTH_DATA = 22
    REQUEST_PROBLEM = 23
    WILL_DELAY = 24
    REQUEST_RESPONSE = 25
    REASON_STRING = 31
    RECEIVE_MAXIMUM = 33
    ALIAS_MAXIMUM = 34
    ALIAS = 35
    USER = 38
    IDENTIFIERS_AVAILABLE = 41
    PACKET_MAXIMUM = 39
    SHARED_AVAILABLE = 42


class MalformedError(Exception):
    """What came is not MQTT, or breaks one of its rules."""

    def __init__(self, sentence: str, reason: Reason = Reason.MALFORMED):
        super().__init__(sentence)
        self.reason = reason


Properties = dict[Prop, Any]
"""Values by property; USER holds a list of pairs."""

_BYTE = {
    Prop.PAYLOAD_FORMAT, Prop.REQUEST_PROBLEM, Prop.REQUEST_RESPONSE,
    Prop.IDENTIFIERS_AVAILABLE, Prop.SHARED_AVAILABLE,
}  # fmt: skip
_TWO_BYTES = {Prop.SERVER_KEEP_ALIVE, Prop.RECEIVE_MAXIMUM, Prop.ALIAS_MAXIMUM, Prop.ALIAS}
_FOUR_BYTES = {Prop.MESSAGE_EXPIRY, Prop.SESSION_EXPIRY, Prop.WILL_DELAY, Prop.PACKET_MAXIMUM}
_BINARY = {Prop.CORRELATION, Prop.AUTH_DATA}
_NOT_ZERO = {Prop.RECEIVE_MAXIMUM, Prop.ALIAS, Prop.PACKET_MAXIMUM, Prop.SUBSCRIPTION_ID}


class Reader:
    """A cursor over one packet's bytes."""

    def __init__(self, data: bytes):
        self._data, self._at = data, 0

    @property
    def left(self) -> int:
        """How many bytes were not read yet."""
        return len(self._data) - self._at

    def take(self, count: int) -> bytes:
        """The next bytes; MalformedError when there are fewer."""
        if count > self.left:
            raise MalformedError("a packet ends before its content does")
        self._at += count
        return self._data[self._at - count : self._at]

    def rest(self) -> bytes:
        """Everything that is left."""
        return self.take(self.left)

    def number(self, width: int) -> int:
        """An unsigned number of that many bytes."""
        return int.from_bytes(self.take(width), "big")

    def varint(self) -> int:
        """A variable byte integer."""
        value = 0
        for shift in (0, 7, 14, 21):
            byte = self.number(1)
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise MalformedError("a length is longer than four bytes")

    def binary(self) -> bytes:
        """Bytes with their length before them."""
        return self.take(self.number(2))

    def text(self) -> str:
        """UTF-8 with its length before it."""
        try:
            text = self.binary().decode()
        except UnicodeDecodeError:
            raise MalformedError("a text is not UTF-8") from None
        if "\0" in text:
            raise MalformedError("a text holds a NUL")
        return text

    def properties(self, allowed: frozenset[Prop]) -> Properties:
        """The properties of a packet that may have `allowed` and no others."""
        inner = Reader(self.take(self.varint()))
        found: Properties = {}
        while inner.left:
            code = inner.varint()
            prop = next((p for p in allowed if p == code), None)
            if prop is None:
                raise MalformedError(f"property {code} does not belong here", Reason.PROTOCOL_ERROR)
            value = inner._value(prop)
            if prop is Prop.USER:
                found.setdefault(prop, []).append(value)
            elif prop in found or (prop in _NOT_ZERO and value == 0):
                raise MalformedError(f"property {code} is wrong", Reason.PROTOCOL_ERROR)
            else:
                found[prop] = value
        return found

    def _value(self, prop: Prop) -> Any:
        if prop in _BYTE:
            return self.number(1)
        if prop in _TWO_BYTES:
            return self.number(2)
        if prop in _FOUR_BYTES:
            return self.number(4)
        if prop in _BINARY:
            return self.binary()
        if prop is Prop.SUBSCRIPTION_ID:
            return self.varint()
        if prop is Prop.USER:
            return self.text(), self.text()
        return self.text()


def varint(value: int) -> bytes:
    """A number as a variable byte integer."""
    out = bytearray()
    while True:
        value, low = divmod(value, 128)
        out.append(low | (0x80 if value else 0))
        if not value:
            return bytes(out)


def binary(data: bytes) -> bytes:
    """Bytes with their length before them."""
    return len(data).to_bytes(2, "big") + data


def text(value: str) -> bytes:
    """A text with its length before it."""
    return binary(value.encode())


def _encoded(prop: Prop, value: Any) -> bytes:
    if prop in _BYTE:
        return bytes([value])
    if prop in _TWO_BYTES:
        return int(value).to_bytes(2, "big")
    if prop in _FOUR_BYTES:
        return int(value).to_bytes(4, "big")
    if prop in _BINARY:
        return binary(value)
    if prop is Prop.SUBSCRIPTION_ID:
        return varint(value)
    return text(value[0]) + text(value[1]) if prop is Prop.USER else text(value)


def properties(values: Properties) -> bytes:
    """Properties with their length before them."""
    out = bytearray()
    for prop, value in values.items():
        several: Iterable[Any] = value if prop is Prop.USER else (value,)
        for one in several:
            out += bytes([prop]) + _encoded(prop, one)
    return varint(len(out)) + bytes(out)


def frame(kind: Kind, flags: int, body: bytes) -> bytes:
    """A whole packet."""
    return bytes([kind << 4 | flags]) + varint(len(body)) + body


def next_frame(buffer: bytearray, start: int, limit: int) -> tuple[int, bytes, int] | None:
    """The packet that begins at `start`: its first byte, its body, where the next one begins.

    None while it is incomplete. MalformedError when it says it is longer than `limit` bytes:
    nothing of it is kept then.
    """
    length = 0
    for place, byte in enumerate(buffer[start + 1 : start + 5]):
        length |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            begin = start + 2 + place
            if begin - start + length > limit:
                raise MalformedError(f"a packet is larger than {limit} bytes", Reason.TOO_LARGE)
            end = begin + length
            return (buffer[start], bytes(buffer[begin:end]), end) if len(buffer) >= end else None
        if place == 3:
            raise MalformedError("a packet's length is longer than four bytes")
    return None
