"""Whatever bytes come, the demo broker closes that connection at worst, and keeps nothing."""

import asyncio
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.broker.codec import Kind, Prop, frame, next_frame, properties, text, varint
from simulator.broker.connection import Connection
from simulator.broker.hub import Hub
from simulator.broker.sessions import Limits

LOOP = asyncio.new_event_loop()
"""One for all: a new one for each input would cost more than the input."""

LIMITS = Limits(packet_bytes=4096, in_flight=20, queue=50, retained=20)


class Socket(asyncio.Transport):
    """A socket that takes everything and remembers whether it was closed."""

    def __init__(self) -> None:
        super().__init__()
        self.written = bytearray()
        self.closed = False

    def write(self, data: bytes) -> None:  # type: ignore[override]
        self.written += data

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass


@pytest.fixture(scope="module", autouse=True)
def the_loop_is_closed() -> Iterator[None]:
    yield
    LOOP.close()


def connect(v5: bool, clean: bool = True) -> bytes:
    said = properties({Prop.SESSION_EXPIRY: 5, Prop.RECEIVE_MAXIMUM: 3}) if v5 else b""
    will = (properties({Prop.WILL_DELAY: 1}) if v5 else b"") + text("will/x") + text("gone")
    head = text("MQTT") + bytes([5 if v5 else 4, 0xE6 if clean else 0xE4]) + b"\0\x3c"
    return frame(Kind.CONNECT, 0, head + said + text("pile") + will + text("login") + text("pass"))


def valid_packets(v5: bool) -> dict[str, bytes]:
    """One of each packet that a client may send."""
    none = b"\0" if v5 else b""
    message = properties(
        {Prop.MESSAGE_EXPIRY: 9, Prop.ALIAS: 1, Prop.USER: [("schema", "meter/1.0")],
         Prop.CORRELATION: b"\1\2", Prop.RESPONSE_TOPIC: "r", Prop.PAYLOAD_FORMAT: 1}
    ) if v5 else b""  # fmt: skip
    return {
        "publish 0": frame(Kind.PUBLISH, 1, text("a/b") + none + b"payload"),
        "publish 1": frame(Kind.PUBLISH, 2, text("a/b") + b"\0\7" + message + b"payload"),
        "publish 2": frame(Kind.PUBLISH, 4, text("a/b") + b"\0\7" + none + b"payload"),
        "puback": frame(Kind.PUBACK, 0, b"\0\1" + (b"\0\0" if v5 else b"")),
        "pubrec": frame(Kind.PUBREC, 0, b"\0\1"),
        "pubrel": frame(Kind.PUBREL, 2, b"\0\7"),
        "pubcomp": frame(Kind.PUBCOMP, 0, b"\0\1"),
        "subscribe": frame(Kind.SUBSCRIBE, 2, b"\0\1" + none + text("a/#") + b"\1"),
        "unsubscribe": frame(Kind.UNSUBSCRIBE, 2, b"\0\1" + none + text("a/#")),
        "ping": frame(Kind.PINGREQ, 0, b""),
        "disconnect": frame(Kind.DISCONNECT, 0, b"\4\0" if v5 else b""),
    }


def feed(*chunks: bytes, then: Callable[[Hub, Connection, Socket], None] | None = None) -> None:
    """Give the bytes to a new connection in these pieces, and look at what is left."""

    async def story() -> None:
        hub, socket = Hub(limits=LIMITS), Socket()
        connection = Connection(hub, lambda _ended: None)
        connection.connection_made(socket)
        for chunk in chunks:
            if not socket.closed:
                connection.data_received(chunk)
        await asyncio.sleep(0)
        assert len(connection._buffer) <= LIMITS.packet_bytes
        assert len(hub.sessions) <= 1
        if then:
            then(hub, connection, socket)
        connection.connection_lost(None)
        for session in list(hub.sessions.values()):
            hub.forget(session)
        assert not hub.sessions

    LOOP.run_until_complete(story())


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=200), max_size=5))
def test_random_bytes_break_nothing(chunks):
    feed(*chunks)


@settings(max_examples=200, deadline=None)
@given(st.booleans(), st.lists(st.binary(max_size=200), max_size=5))
def test_random_bytes_after_a_good_connect_break_nothing(v5, chunks):
    feed(connect(v5), *chunks)


@settings(max_examples=300, deadline=None)
@given(st.booleans(), st.integers(1, 15), st.integers(0, 15), st.binary(max_size=120))
def test_a_packet_of_any_kind_with_any_content_breaks_nothing(v5, kind, flags, body):
    feed(connect(v5), frame(Kind(kind), flags, body))


@pytest.mark.parametrize("v5", [True, False], ids=["MQTT 5", "MQTT 3.1.1"])
def test_every_packet_cut_at_every_byte_waits_for_the_rest(v5):
    for name, packet in {"connect": connect(v5), **valid_packets(v5)}.items():
        start = b"" if name == "connect" else connect(v5)
        for cut in range(1, len(packet)):

            def not_closed(_hub: Hub, _connection: Connection, socket: Socket) -> None:
                assert not socket.closed, "half a packet is no mistake"

            feed(start, packet[:cut], then=not_closed)
            feed(start, packet[:cut], packet[cut:])


@pytest.mark.parametrize("v5", [True, False], ids=["MQTT 5", "MQTT 3.1.1"])
def test_every_packet_whose_content_ends_early_is_refused_or_understood(v5):
    for name, packet in {"connect": connect(v5), **valid_packets(v5)}.items():
        found = next_frame(bytearray(packet), 0, 4096)
        assert found
        first, body, _end = found
        for cut in range(len(body)):
            start = b"" if name == "connect" else connect(v5)
            feed(start, bytes([first]) + varint(cut) + body[:cut])


@settings(max_examples=200, deadline=None)
@given(st.booleans(), st.data())
def test_a_packet_with_flipped_bytes_breaks_nothing(v5, data):
    packets = [connect(v5), *valid_packets(v5).values()]
    stream = bytearray(
        b"".join(data.draw(st.lists(st.sampled_from(packets), min_size=1, max_size=6)))
    )
    for place in data.draw(st.lists(st.integers(0, len(stream) - 1), max_size=4)):
        stream[place] = data.draw(st.integers(0, 255))
    feed(connect(v5), bytes(stream))


@pytest.mark.parametrize(
    "length", [b"\xff\xff\xff\x7f", b"\xff\xff\xff\xff", b"\x81\x80\x80\x80\x01"]
)
def test_a_length_that_lies_is_refused_before_anything_is_kept(length):
    def closed(_hub: Hub, connection: Connection, socket: Socket) -> None:
        assert socket.closed
        assert not connection._buffer

    feed(connect(True), b"\x30" + length + b"x" * 100, then=closed)


def test_a_property_length_that_lies_is_refused():
    for lie in (b"\x7f", b"\xff\x7f", b"\xff\xff\xff\x7f", b"\xff\xff\xff\xff\x01"):

        def closed(_hub: Hub, _connection: Connection, socket: Socket) -> None:
            assert socket.closed

        feed(connect(True), frame(Kind.PUBLISH, 0, text("a") + lie + b"\x01"), then=closed)


def test_a_packet_that_comes_byte_by_byte_is_heard():
    packet = frame(Kind.PUBLISH, 1, text("a/b") + b"\0" + b"payload")

    def kept(hub: Hub, _connection: Connection, _socket: Socket) -> None:
        assert hub.retained["a/b"].payload == b"payload"

    feed(connect(True), *(bytes([byte]) for byte in packet), then=kept)


@pytest.mark.parametrize(
    "wrong",
    [
        frame(Kind.CONNECT, 0, text("MQIsdp") + b"\x03\x02\0\x3c" + text("x")),
        frame(Kind.CONNECT, 0, text("MQTT") + b"\x04\x03\0\x3c" + text("x")),
        frame(Kind.CONNECT, 0, text("MQTT") + b"\x04\x02\0\x3c" + b"\0\1\xff"),
        frame(Kind.CONNECT, 0, text("MQTT") + b"\x04\x02\0\x3c" + b"\0\1\0"),
        frame(Kind.PINGREQ, 0, b""),
        frame(Kind.PUBLISH, 6, text("a") + b"\0\1"),
    ],
)
def test_what_is_no_connect_of_mqtt_ends_the_connection(wrong):
    def closed(hub: Hub, _connection: Connection, socket: Socket) -> None:
        assert socket.closed
        assert not hub.sessions

    feed(wrong, then=closed)


@pytest.mark.parametrize(
    "wrong",
    [
        connect(True),
        frame(Kind.PUBLISH, 6, text("a") + b"\0\1\0"),
        frame(Kind.PUBLISH, 2, text("a") + b"\0\0\0"),
        frame(Kind.PUBLISH, 0, text("a/+") + b"\0"),
        frame(Kind.PUBLISH, 0, text("") + b"\0"),
        frame(Kind.PUBLISH, 0, text("") + properties({Prop.ALIAS: 9})),
        frame(Kind.PUBLISH, 0, text("a") + properties({Prop.ALIAS: 99})),
        frame(Kind.PUBLISH, 0, text("a") + properties({Prop.SESSION_EXPIRY: 9})),
        frame(Kind.SUBSCRIBE, 0, b"\0\1\0" + text("a") + b"\0"),
        frame(Kind.SUBSCRIBE, 2, b"\0\1\0"),
        frame(Kind.SUBSCRIBE, 2, b"\0\1\0" + text("a") + b"\3"),
        frame(Kind.UNSUBSCRIBE, 2, b"\0\1\0"),
        frame(Kind.CONNACK, 0, b"\0\0"),
        frame(Kind.AUTH, 0, b""),
        b"\x00\x00",
    ],
)
def test_what_breaks_a_rule_ends_the_connection(wrong):
    def closed(hub: Hub, _connection: Connection, socket: Socket) -> None:
        assert socket.closed
        assert hub.counts.malformed == 1

    feed(connect(True), wrong, then=closed)
