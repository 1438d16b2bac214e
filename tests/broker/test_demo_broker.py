"""The demo broker as a process, and what keeps it bounded."""

import asyncio
import base64
import hashlib
import subprocess
import sys
from collections.abc import Awaitable, Callable

import pytest

from simulator.broker.access import Files, read_passwords, read_rules
from simulator.broker.codec import Kind, Prop, Reader, frame, properties, text
from simulator.broker.connection import Connection
from simulator.broker.hub import Hub
from simulator.broker.server import Broker, NotLoopbackError
from simulator.broker.sessions import Limits
from simulator.broker.topics import is_filter, matches
from tests.broker.clients import Setup, connected
from tests.support.processes import DEPLOYED, ROOT, start_demo_broker, write_passwords

ClientAt = Callable[..., Awaitable["ByteClient"]]


# --- the process ---


def test_it_says_its_port_and_ends_when_its_stdin_closes():
    with start_demo_broker() as broker:
        assert broker.process.stdin
        broker.process.stdin.close()
        assert broker.process.wait(5) == 0


def test_it_ends_on_sigterm():
    with start_demo_broker() as broker:
        broker.process.terminate()
        assert broker.process.wait(5) == 0


def test_it_listens_on_the_port_it_was_given_and_says_so_when_that_is_taken():
    with start_demo_broker() as broker:
        second = run("--port", str(broker.port))
        assert second.returncode == 2
        assert "broker:" in second.stderr


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::"])  # noqa: S104
def test_it_refuses_to_listen_where_others_could_reach_it(host):
    ended = run("--host", host)
    assert ended.returncode == 2
    assert "loopback only" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_it_wants_both_files_or_neither(tmp_path):
    write_passwords(tmp_path / "passwords", {"LB-001": "x"})
    assert "or neither" in run("--passwords", str(tmp_path / "passwords")).stderr


def test_it_tells_which_line_of_a_file_it_cannot_use(tmp_path):
    (tmp_path / "acl").write_text("user core\ntopic readwrite pile/#\npattern write x/%c/#\n")
    write_passwords(tmp_path / "passwords", {"LB-001": "x"})
    ended = run("--passwords", str(tmp_path / "passwords"), "--acl", str(tmp_path / "acl"))
    assert (ended.returncode, "line 3" in ended.stderr) == (2, True)


def run(*options: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "simulator.broker", *options]
    return subprocess.run(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )


def test_without_files_everybody_may_do_everything():
    with (
        start_demo_broker() as broker,
        connected(Setup(broker.port, "a")) as one,
        connected(Setup(broker.port, "b")) as two,
    ):
        two.hear("#")
        one.say("any/topic", b"hello", 2)
        assert two.next().payload == b"hello"


# --- access files ---


def test_the_passwords_of_the_deployed_script_are_those_of_mosquitto(tmp_path):
    write_passwords(tmp_path / "passwords", {"LB-001": "sömething"})
    files = Files((tmp_path / "passwords").read_text(), "")
    assert files.may_connect("LB-001", "sömething".encode())
    assert not files.may_connect("LB-001", b"something")
    assert not files.may_connect("LB-001", None)
    assert not files.may_connect(None, None)


@pytest.mark.parametrize("login", ["+", "#", "LB-001/x"])
def test_a_login_that_holds_a_wildcard_or_a_slash_opens_nothing(login):
    salt = b"twelve bytes"
    key = hashlib.pbkdf2_hmac("sha512", b"x", salt, 101)
    kept = "$".join(["", "7", "101", *(base64.b64encode(part).decode() for part in (salt, key))])
    assert Files(f"LB-001:{kept}", "").may_connect("LB-001", b"x")
    assert not Files(f"{login}:{kept}", "pattern read pile/%u/#").may_connect(login, b"x")


def test_the_deployed_access_file_is_understood():
    rules = read_rules((DEPLOYED / "acl").read_text())
    assert any(rule.login is None and rule.write for rule in rules)
    assert read_passwords("# nothing but a comment\n\n") == {}


@pytest.mark.parametrize("line", ["topic read x", "user", "pattern deny x", "pattern", "deny x"])
def test_a_line_that_is_not_understood_is_an_error_not_a_hole(line):
    with pytest.raises(ValueError, match="line 1"):
        read_rules(line)


@pytest.mark.parametrize("kept", ["LB-001:plain", "LB-001:$6$x$y", "LB-001"])
def test_a_password_that_is_no_hash_is_an_error(kept):
    with pytest.raises(ValueError, match="line 1"):
        read_passwords(kept)


# --- topics (MQTT 5, section 4.7) ---


@pytest.mark.parametrize(
    ("wanted", "topic", "heard"),
    [
        ("sport/tennis/#", "sport/tennis", True),
        ("sport/tennis/#", "sport/tennis/player1/ranking", True),
        ("sport/+", "sport", False),
        ("sport/+", "sport/", True),
        ("+/+", "/finance", True),
        ("/+", "/finance", True),
        ("+", "/finance", False),
        ("#", "$SYS/broker", False),
        ("+/broker", "$SYS/broker", False),
        ("$SYS/#", "$SYS/broker", True),
        ("a/b", "a/b/c", False),
    ],
)
def test_a_filter_hears_what_the_standard_says(wanted, topic, heard):
    assert matches(wanted.split("/"), topic.split("/")) is heard


@pytest.mark.parametrize(
    "text", ["", "sport/tennis#", "sport/#/ranking", "sport+", "a+/b", "x" * 600]
)
def test_a_wrong_filter_is_refused(text):
    assert not is_filter(text)


# --- bounds, in this process ---


class ByteClient:
    """Speaks bytes to an in-process broker."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self.reader, self.writer = reader, writer

    def send(self, kind: Kind, flags: int, body: bytes) -> None:
        self.writer.write(frame(kind, flags, body))

    def connect(self, name: str, clean: bool = True, keep_alive_s: int = 60, **said: int) -> None:
        tail = properties({Prop[key.upper()]: value for key, value in said.items()})
        head = text("MQTT") + bytes([5, 2 if clean else 0]) + keep_alive_s.to_bytes(2, "big")
        self.send(Kind.CONNECT, 0, head + tail + text(name))

    def subscribe(self, wanted: str, options: int = 1, said: bytes = b"\0") -> None:
        self.send(Kind.SUBSCRIBE, 2, b"\0\1" + said + text(wanted) + bytes([options]))

    def publish(self, topic: str, payload: bytes, qos: int = 1, packet_id: int = 7) -> None:
        number = packet_id.to_bytes(2, "big") if qos else b""
        self.send(Kind.PUBLISH, qos << 1, text(topic) + number + b"\0" + payload)

    async def next(self) -> tuple[Kind, bytes]:
        first = (await self.reader.readexactly(1))[0]
        length = shift = 0
        while True:
            byte = (await self.reader.readexactly(1))[0]
            length |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return Kind(first >> 4), await self.reader.readexactly(length)


def with_broker(
    story: Callable[[Hub, ClientAt], Awaitable[None]], limits: Limits | None = None
) -> None:
    """Run a story against a broker in this process."""

    async def run_it() -> None:
        hub = Hub(limits=limits)
        opened: list[asyncio.StreamWriter] = []
        async with Broker(hub).listening() as port:

            async def client(name: str = "", **said: int) -> ByteClient:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                opened.append(writer)
                made = ByteClient(reader, writer)
                if name:
                    made.connect(name, **said)
                    kind, body = await made.next()
                    assert (kind, body[1]) == (Kind.CONNACK, 0)
                return made

            await asyncio.wait_for(story(hub, client), 20)
            for writer in opened:
                writer.close()

    asyncio.run(run_it())


def test_a_queue_is_bounded_and_what_does_not_fit_is_counted():
    async def story(hub: Hub, client: ClientAt) -> None:
        away = await client("pile", clean=False, session_expiry=60)
        away.subscribe("x")
        await away.next()
        away.writer.close()
        sender = await client("core")
        for _ in range(30):
            sender.publish("x", b"1")
            await sender.next()
        assert len(hub.sessions["pile"].queue) == 20
        assert hub.counts.queue_full == 10

    with_broker(story, Limits(queue=20))


def test_a_client_that_does_not_read_costs_a_bounded_amount_of_memory():
    async def story(hub: Hub, client: ClientAt) -> None:
        slow = await client("slow")
        slow.subscribe("x", 0)
        await slow.next()
        slow.reader._transport.pause_reading()  # type: ignore[attr-defined]
        sender = await client("core")
        for _ in range(600):
            sender.publish("x", b"y" * 60_000, 0)
            await sender.writer.drain()
        sender.publish("nobody", b"")
        await sender.next()
        link = hub.sessions["slow"].link
        assert isinstance(link, Connection)
        assert link._transport.get_write_buffer_size() < 3 << 20
        assert hub.counts.slow > 100

    with_broker(story)


def test_who_says_nothing_is_sent_away():
    async def story(hub: Hub, client: ClientAt) -> None:
        silent = await client()
        assert await silent.reader.read() == b""
        asleep = await client("asleep", keep_alive_s=1)
        kind, body = await asyncio.wait_for(asleep.next(), 3)
        assert (kind, body) == (Kind.DISCONNECT, b"\x8d")

    with_broker(story, Limits(connect_s=0.3))


def test_there_is_room_for_so_many_sessions_retained_messages_and_subscriptions():
    async def story(hub: Hub, client: ClientAt) -> None:
        one = await client("one")
        for number in range(5):
            one.send(Kind.PUBLISH, 3, text(f"r/{number}") + b"\0\7\0" + b"kept")
            await one.next()
            one.subscribe(f"s/{number}")
            kind, body = await one.next()
            assert (kind, body[-1]) == (Kind.SUBACK, 1 if number < 3 else 0x97)
        assert (len(hub.retained), hub.counts.retained_full) == (3, 2)
        await client("two")
        third = await client()
        third.connect("three")
        assert (await third.next())[1][1] == 0x97

    with_broker(story, Limits(sessions=2, retained=3, subscriptions=3))


def test_unreleased_qos_2_messages_are_bounded():
    async def story(hub: Hub, client: ClientAt) -> None:
        greedy = await client("greedy")
        for number in range(1, 7):
            greedy.publish("x", b"1", 2, number)
        kinds = [await greedy.next() for _ in range(6)]
        assert kinds[-1] == (Kind.DISCONNECT, b"\x93")

    with_broker(story, Limits(in_flight=5))


def test_what_it_does_not_offer_it_says():
    async def story(hub: Hub, client: ClientAt) -> None:
        asker = await client()
        asker.connect("asker")
        _, body = await asker.next()
        reader = Reader(body[2:])
        said = reader.properties(frozenset(Prop))
        assert (said[Prop.SHARED_AVAILABLE], said[Prop.IDENTIFIERS_AVAILABLE]) == (0, 0)
        assert said[Prop.PACKET_MAXIMUM] == 65_536
        asker.subscribe("$share/group/x")
        assert (await asker.next())[1][-1] == 0x9E
        asker.subscribe("x", said=properties({Prop.SUBSCRIPTION_ID: 5}))
        assert await asker.next() == (Kind.DISCONNECT, b"\xa1")

    with_broker(story)


def test_a_take_over_is_told_to_the_one_who_loses():
    async def story(hub: Hub, client: ClientAt) -> None:
        first = await client("pile")
        await client("pile")
        assert await first.next() == (Kind.DISCONNECT, b"\x8e")

    with_broker(story)


def test_nothing_is_sent_that_a_client_cannot_take():
    async def story(hub: Hub, client: ClientAt) -> None:
        small = await client("small", packet_maximum=100)
        small.subscribe("x")
        await small.next()
        sender = await client("core")
        for payload in (b"y" * 200, b"fits"):
            sender.publish("x", payload)
            await sender.next()
        assert (await small.next())[1].endswith(b"fits")
        assert hub.counts.too_large == 1

    with_broker(story)


def test_a_silent_end_of_the_broker_is_announced():
    async def story() -> ByteClient:
        async with Broker().listening() as port:
            client = ByteClient(*await asyncio.open_connection("127.0.0.1", port))
            client.connect("pile")
            await client.next()
        assert await client.next() == (Kind.DISCONNECT, b"\x8b")
        client.writer.close()
        return client

    asyncio.run(story())


def test_the_class_refuses_other_addresses_too():
    async def story() -> None:
        with pytest.raises(NotLoopbackError):
            async with Broker().listening(host="192.0.2.1"):
                pass

    asyncio.run(story())
