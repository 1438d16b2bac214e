"""What the service and the piles need of a broker: one file for Mosquitto and the demo broker.

Mosquitto runs with the files of deploy/mosquitto, the demo broker with the same access rules and
passwords. Every test uses logins of its own, because a login is a session: left-over sessions give
wrong answers.
"""

import itertools
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.broker.clients import Client, Setup, Will, connected, on_publish
from tests.support.processes import start_demo_broker, start_mosquitto

PILES = [f"LB-{number:03}" for number in range(1, 201)]
PASSWORDS = {
    name: f"password-of-{name}"
    for name in ["core", "core-telemetry", "core-control", "core-commands", "view", *PILES]
}


@pytest.fixture(scope="module", params=["mosquitto", "demo"])
def broker(request) -> Iterator[Any]:
    if request.param == "mosquitto":
        with start_mosquitto(PASSWORDS) as running:
            yield running
    else:
        with start_demo_broker(PASSWORDS) as running:
            yield running


@pytest.fixture(scope="module")
def names() -> Iterator[str]:
    return iter(PILES)


@pytest.fixture
def pile(broker, names) -> Setup:
    """A pile that no other test knows."""
    name = next(names)
    return Setup(broker.port, name, PASSWORDS[name])


@pytest.fixture
def other(broker, names) -> Setup:
    """A second pile."""
    name = next(names)
    return Setup(broker.port, name, PASSWORDS[name])


@pytest.fixture
def core(broker) -> Iterator[Client]:
    """The service, with a session that ends with the test."""
    with connected(Setup(broker.port, "core", PASSWORDS["core"])) as client:
        yield client


def up(pile: Setup, tail: str) -> str:
    return f"pile/1/{pile.login}/up/{tail}"


def down(pile: Setup, tail: str) -> str:
    return f"pile/1/{pile.login}/down/{tail}"


def hear_both(core: Client, pile: Setup, other: Setup) -> None:
    """Everything in the trees of these two: other tests' piles have retained words elsewhere."""
    for setup in (pile, other):
        core.hear(f"pile/1/{setup.login}/#")


def lasting(pile: Setup) -> Setup:
    """The same pile with a session that survives its connection."""
    return replace(pile, clean=False, expiry_s=60)


# --- delivery ---


@pytest.mark.parametrize("v5", [True, False], ids=["MQTT 5", "MQTT 3.1.1"])
@pytest.mark.parametrize("qos", [0, 1, 2])
def test_a_message_arrives_once_with_its_qos(core, pile, v5, qos):
    core.hear(up(pile, "#"), 2)
    with connected(replace(pile, v5=v5)) as client:
        client.say(up(pile, "meter"), b"reading", qos)
        heard = core.next()
        assert (heard.payload, heard.qos, heard.retain) == (b"reading", qos, False)
        client.say(up(pile, "meter"), b"last", 1)
        assert core.next().payload == b"last"


def test_a_subscription_lowers_the_qos_but_never_raises_it(core, pile):
    core.hear(up(pile, "#"), 1)
    with connected(pile) as client:
        for qos in (0, 1, 2):
            client.say(up(pile, "meter"), str(qos), qos)
        assert [m.qos for m in core.take(3)] == [0, 1, 1]


def test_a_retained_message_waits_for_who_comes_later_and_can_be_cleared(core, pile):
    with connected(pile) as client:
        client.say(up(pile, "state"), b"online", retain=True)
        core.hear(up(pile, "#"))
        heard = core.next()
        assert (heard.payload, heard.retain) == (b"online", True)
        client.say(up(pile, "state"), b"offline", retain=True)
        assert not core.next().retain, "who listens already hears it as new"
        client.say(up(pile, "state"), b"", retain=True)
        assert core.next().payload == b""
    core.paho.unsubscribe(up(pile, "#"))
    core.hear(up(pile, "#"))
    assert core.hears_nothing()


def test_retain_handling_one_repeats_nothing_that_was_subscribed_before(core, pile):
    with connected(pile) as client:
        client.say(up(pile, "config"), b"settings", retain=True)
        core.hear(up(pile, "#"), retainHandling=1)
        assert core.next().retain
        core.hear(up(pile, "#"), retainHandling=1)
        assert core.hears_nothing()


def test_no_local_keeps_ones_own_words_away(core, pile):
    core.hear(f"pile/1/{pile.login}/#", noLocal=True)
    core.say(down(pile, "time"), b"my own")
    with connected(pile) as client:
        client.say(up(pile, "time"), b"theirs")
    assert core.next().payload == b"theirs"


def test_the_properties_of_a_command_arrive(core, pile):
    with connected(pile) as client:
        client.hear(down(pile, "#"))
        core.say(
            down(pile, "cmd"), b"{}",
            properties=on_publish(
                ResponseTopic=up(pile, "result"),
                CorrelationData=b"01JNAX7D2P0R4W6Y8ZA1C3E5GK",
                UserProperty=("schema", "cmd/1.0"),
                ContentType="application/json",
                PayloadFormatIndicator=1,
            ),
        )  # fmt: skip
        said = client.next().properties
        assert said.ResponseTopic == up(pile, "result")
        assert said.CorrelationData == b"01JNAX7D2P0R4W6Y8ZA1C3E5GK"
        assert said.UserProperty == [("schema", "cmd/1.0")]
        assert (said.ContentType, said.PayloadFormatIndicator) == ("application/json", 1)


def test_a_topic_alias_stands_for_its_topic(core, pile):
    core.hear(up(pile, "#"))
    with connected(pile) as client:
        client.say(up(pile, "meter"), b"1", properties=on_publish(TopicAlias=2))
        client.say("", b"2", properties=on_publish(TopicAlias=2))
        assert [m.topic for m in core.take(2)] == [up(pile, "meter")] * 2


def test_a_publisher_is_told_that_nobody_heard(core, pile):
    with connected(pile) as client:
        assert client.say(up(pile, "hello"), b"?").value == 0x10
        core.hear(up(pile, "#"))
        assert client.say(up(pile, "hello"), b"!").value == 0


def test_a_message_of_the_largest_size_passes(core, pile):
    core.hear(up(pile, "#"))
    with connected(pile) as client:
        client.say(up(pile, "meter"), b"x" * 65_000)
        assert len(core.next().payload) == 65_000


def test_a_message_above_the_limit_ends_only_its_own_connection(core, pile):
    client = Client(pile)
    assert client.properties.MaximumPacketSize == 65_536
    client.paho.publish(up(pile, "meter"), b"x" * 70_000, 1)
    client.ended.get(timeout=5)
    client.paho.loop_stop()
    core.say(down(pile, "time"), b"still here")


# --- sessions ---


@pytest.mark.parametrize("v5", [True, False], ids=["MQTT 5", "MQTT 3.1.1"])
def test_fifty_messages_wait_in_order_for_who_is_away(core, pile, v5):
    away = replace(lasting(pile), v5=v5)
    with connected(away) as client:
        client.hear(down(pile, "#"))
        assert not client.session_present
    for number in range(50):
        core.say(down(pile, "cmd"), str(number))
    with connected(away) as client:
        assert client.session_present
        assert [int(m.payload) for m in client.take(50)] == list(range(50))


def test_qos_0_does_not_wait(core, pile):
    with connected(lasting(pile)) as client:
        client.hear(down(pile, "#"))
    core.say(down(pile, "time"), b"old", 0)
    core.say(down(pile, "cmd"), b"kept", 1)
    with connected(lasting(pile)) as client:
        assert client.next().payload == b"kept"


def test_a_clean_start_forgets_what_waited(core, pile):
    with connected(lasting(pile)) as client:
        client.hear(down(pile, "#"))
    core.say(down(pile, "cmd"), b"start")
    with connected(pile) as client:
        assert not client.session_present
        client.hear(down(pile, "#"))
        assert client.hears_nothing(), "nothing stale may reach a relay"


@pytest.mark.parametrize("v5", [True, False], ids=["MQTT 5", "MQTT 3.1.1"])
def test_what_was_not_acknowledged_comes_again_in_order_and_marked(core, pile, v5):
    mine = replace(lasting(pile), v5=v5, manual_ack=True)
    client = Client(mine)
    client.hear(down(pile, "#"))
    for number in range(10):
        core.say(down(pile, "cmd"), str(number))
    for message in client.take(10)[:4]:
        client.paho.ack(message.mid, message.qos)
    client.say(up(pile, "heartbeat"), b"")  # once this is answered, the acknowledgements are in
    client.drop()
    with connected(replace(mine, manual_ack=False)) as again:
        messages = again.take(6)
        assert [int(m.payload) for m in messages] == [4, 5, 6, 7, 8, 9]
        assert all(m.dup for m in messages)


def test_a_client_is_never_sent_more_than_it_can_hold(core, pile):
    with connected(replace(pile, manual_ack=True, receive_maximum=10)) as client:
        client.hear(down(pile, "#"))
        for number in range(30):
            core.say(down(pile, "cmd"), str(number))
        client.take(10)
        assert client.hears_nothing()


def test_an_acknowledgement_makes_room_for_one_more_in_order(broker, core, pile):
    with connected(replace(pile, manual_ack=True, receive_maximum=10)) as client:
        client.hear(down(pile, "#"))
        for number in range(30):
            core.say(down(pile, "cmd"), str(number))
        first = client.take(10)
        client.paho.ack(first[0].mid, 1)
        assert int(client.next().payload) == 10
        if not hasattr(broker, "tls_port"):
            # Mosquitto 2.0.11 sends a whole window after each acknowledgement (measured, see
            # deploy/mosquitto/README.md): a client must bound what it holds by itself.
            assert client.hears_nothing()


def test_a_command_that_is_too_old_is_not_delivered(core, pile, other):
    for setup in (pile, other):
        with connected(lasting(setup)) as client:
            client.hear(down(setup, "#"))
    core.say(down(pile, "cmd"), b"old", properties=on_publish(MessageExpiryInterval=1))
    core.say(down(pile, "cmd"), b"new", properties=on_publish(MessageExpiryInterval=100))
    with connected(replace(other, expiry_s=1, clean=False)):
        pass
    with connected(replace(pile, login="core-commands", password=PASSWORDS["core-commands"])) as c:
        assert c.hears_nothing(2.2), "two seconds pass here for both of what follows"
    with connected(lasting(pile)) as client:
        message = client.next()
        assert message.payload == b"new"
        assert 60 <= message.properties.MessageExpiryInterval <= 99, "it tells what is left"
    with connected(lasting(other)) as client:
        assert not client.session_present, "its session has expired"


def test_a_second_connection_of_a_login_takes_over_and_keeps_the_session(core, pile):
    first = Client(lasting(pile))
    first.hear(down(pile, "#"))
    with connected(lasting(pile)) as second:
        assert second.session_present
        first.ended.get(timeout=5)
        core.say(down(pile, "cmd"), b"for the second")
        assert second.next().payload == b"for the second"
    first.paho.loop_stop()


# --- wills ---


@pytest.mark.parametrize("v5", [True, False], ids=["MQTT 5", "MQTT 3.1.1"])
def test_a_will_is_published_and_retained_when_the_line_is_cut(core, pile, v5):
    core.hear(up(pile, "state"))
    Client(replace(pile, v5=v5, will=Will(up(pile, "state"), b"lost", True))).drop()
    assert core.next().payload == b"lost"
    core.paho.unsubscribe(up(pile, "state"))
    core.hear(up(pile, "state"))
    assert core.next().retain


def test_a_goodbye_keeps_the_will_quiet(core, pile):
    core.hear(up(pile, "state"))
    Client(replace(pile, will=Will(up(pile, "state"), b"lost"))).leave()
    assert core.hears_nothing()


def test_a_will_waits_for_its_delay_and_a_new_connection_silences_it(core, pile, other):
    hear_both(core, pile, other)
    Client(replace(pile, will=Will(up(pile, "state"), b"lost", delay_s=2))).drop()
    with connected(replace(pile, will=Will(up(pile, "state"), b"later", delay_s=30))):
        gone = Client(replace(other, will=Will(up(other, "state"), b"lost", delay_s=1)))
        gone.drop()
        dropped_at = time.monotonic()
        assert core.next().topic == up(other, "state")
        assert time.monotonic() - dropped_at > 0.7, "not before its delay"
        assert core.hears_nothing(1.5), "the one that came back is not lost"


def test_a_take_over_publishes_a_will_without_delay_and_silences_one_with(core, pile, other):
    hear_both(core, pile, other)
    first = [
        Client(replace(pile, will=Will(up(pile, "state"), b"at once"))),
        Client(replace(other, will=Will(up(other, "state"), b"delayed", delay_s=1))),
    ]
    with connected(other), connected(pile):
        assert core.next().payload == b"at once"
        assert core.hears_nothing(1.3)
    for client in first:
        client.paho.loop_stop()


# --- who may do what ---


def test_no_login_no_entry(broker, pile):
    assert Client(replace(pile, password="wrong")).refused
    assert Client(replace(pile, password=None)).refused
    assert Client(replace(pile, password="wrong", v5=False)).refused
    assert Client(replace(pile, login="nobody", password="x")).refused


@pytest.mark.parametrize("v5", [True, False], ids=["MQTT 5", "MQTT 3.1.1"])
def test_a_pile_cannot_speak_in_anothers_tree_nor_command_itself(core, pile, other, v5):
    hear_both(core, pile, other)
    core.hear("pile/1/_all/#")
    core.hear("pile/1/_view/#")
    with connected(replace(pile, v5=v5)) as client:
        forbidden = [
            up(other, "session"), down(other, "cmd"), down(pile, "cmd"),
            "pile/1/_all/down/time", "pile/1/_view/x", "elsewhere",
        ]  # fmt: skip
        for topic in forbidden:
            reason = client.say(topic, b"forged")
            assert not v5 or reason.value == 0x87
            client.say(topic, b"forged", 0)
        client.say(up(pile, "meter"), b"mine")
    assert core.next().payload == b"mine", "nothing else was delivered"


def test_a_pile_hears_its_own_tree_and_the_words_to_all_and_nothing_else(core, pile, other):
    core.say(up(other, "config"), b"anothers settings", retain=True)
    with connected(pile) as client:
        client.hear("#")
        for topic in (down(other, "#"), up(other, "#"), "$SYS/#"):
            client.hear(topic)
        for topic in (up(other, "meter"), down(other, "cmd"), up(pile, "meter"), "pile/1/_view/x"):
            core.say(topic, b"not for it")
        core.say(down(pile, "cmd"), b"own")
        core.say("pile/1/_all/down/time", b"all")
        assert [message.payload for message in client.take(2)] == [b"own", b"all"]
        assert client.hears_nothing()
    core.say(up(other, "config"), b"", retain=True)


def test_the_client_id_is_the_login_so_nobody_can_steal_a_session(core, pile, other):
    with connected(lasting(pile)) as owner:
        owner.hear(down(pile, "#"))
    core.say(down(pile, "cmd"), b"for the owner")
    with connected(replace(lasting(other), client_id=pile.login)) as thief:
        assert not thief.session_present
        assert thief.hears_nothing()
    with connected(lasting(pile)) as owner:
        assert owner.session_present
        assert owner.next().payload == b"for the owner"


def test_a_thief_of_a_client_id_does_not_throw_the_owner_out(core, pile, other):
    with connected(pile) as owner:
        owner.hear(down(pile, "#"))
        with connected(replace(other, client_id=pile.login)):
            core.say(down(pile, "cmd"), b"still mine")
            assert owner.next().payload == b"still mine"
            assert owner.ended.empty()


def test_a_will_in_anothers_tree_is_not_published(core, pile, other):
    hear_both(core, pile, other)
    Client(replace(pile, will=Will(up(other, "state"), b"lost"))).drop()
    assert core.hears_nothing()


def test_each_login_of_the_service_may_do_its_part_and_no_more(broker, core, pile):
    core.hear("pile/1/_core/#")
    core.hear("pile/1/_view/#")
    with (
        connected(pile) as client,
        connected(Setup(broker.port, "core-telemetry", PASSWORDS["core-telemetry"])) as flood,
        connected(Setup(broker.port, "core-control", PASSWORDS["core-control"])) as control,
        connected(Setup(broker.port, "view", PASSWORDS["view"])) as view,
    ):
        client.hear(down(pile, "#"))
        flood.hear("#")
        control.hear(up(pile, "#"))
        view.hear("#")
        control.say(down(pile, "cmd"), b"start")
        assert client.next().payload == b"start"
        assert flood.say(down(pile, "cmd"), b"forged").value == 0x87
        assert view.say("pile/1/_view/x", b"forged").value == 0x87
        client.say(up(pile, "session"), b"settlement")
        client.say(up(pile, "meter"), b"reading")
        assert [m.payload for m in control.take(2)] == [b"settlement", b"reading"]
        core.say("pile/1/_view/LB-001", b"mirror")
        assert view.next().payload == b"mirror"
        assert [m.payload for m in flood_without_state(flood)] == [b"reading"]
        assert view.hears_nothing()
        assert client.hears_nothing()


def flood_without_state(flood: Client) -> list[Any]:
    """What the telemetry login hears, until it is quiet."""
    heard = []
    while not flood.messages.empty() or not heard:
        heard.append(flood.next())
    return heard


# --- many at once ---


def test_the_order_of_one_pile_is_kept_while_others_talk(core, pile, other):
    core.hear("pile/1/+/up/meter")
    with connected(pile) as first, connected(other) as second:
        for number, client in itertools.product(range(100), (first, second)):
            client.paho.publish(
                f"pile/1/{client.paho._client_id.decode()}/up/meter", str(number), 1
            )
        heard: dict[str, list[int]] = {}
        for message in core.take(200):
            heard.setdefault(message.topic, []).append(int(message.payload))
    assert list(heard.values()) == [list(range(100))] * 2


def test_every_pile_can_be_connected_at_once(broker, core):
    clients = [Client(Setup(broker.port, name, PASSWORDS[name])) for name in PILES[:38]]
    core.hear("pile/1/+/up/hello")
    for client, name in zip(clients, PILES, strict=False):
        client.say(f"pile/1/{name}/up/hello", name)
    assert {m.payload.decode() for m in core.take(38)} == set(PILES[:38])
    for client in clients:
        client.leave()
