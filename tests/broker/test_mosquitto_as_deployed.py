"""The files of deploy/mosquitto do what their comments say, on the Mosquitto that is installed."""

import ssl
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from tests.broker.clients import Client, Setup, Will, connected, wait_until
from tests.support.processes import (
    DEPLOYED,
    Mosquitto,
    deployed_certificates,
    render_configuration,
    start_mosquitto,
    write_passwords,
)

PLACES = (
    "user", "persistence_location", "password_file", "acl_file", "listener", "cafile",
    "certfile", "keyfile",
)  # fmt: skip
SAVED_S = 2.5
"""Mosquitto writes its queues each second; its own loop adds up to another."""


@pytest.fixture(scope="module")
def broker():
    with start_mosquitto() as running:
        yield running


def core_of(broker: Mosquitto) -> Setup:
    return Setup(broker.port, "core", broker.passwords["core"])


def pile_of(broker: Mosquitto, name: str = "LB-001") -> Setup:
    """A pile as it really comes in: by TLS."""
    return Setup(broker.tls_port, name, broker.passwords[name], ca_file=broker.ca_file)


def test_the_tests_change_only_places(broker):
    deployed = (DEPLOYED / "mosquitto.conf").read_text().splitlines()
    used = (broker.folder / "mosquitto.conf").read_text().splitlines()
    assert len(deployed) == len(used)
    for line, other in zip(deployed, used, strict=True):
        assert line == other or line.split()[0] in PLACES
        assert line.split()[:1] == other.split()[:1]


def test_a_place_that_the_file_does_not_have_fails_the_test():
    with pytest.raises(AssertionError, match="acl_file"):
        render_configuration("listener 8883\n", {"acl_file": "acl_file x"})


def test_mosquitto_takes_every_line_without_complaint(broker):
    for complaint in ("Error", "Unknown configuration", "deprecated"):
        assert complaint not in broker.log


def test_the_plain_listener_is_for_this_machine_only():
    lines = (DEPLOYED / "mosquitto.conf").read_text().splitlines()
    plain = [line for line in lines if line.startswith("listener ") and "8883" not in line]
    assert plain == ["listener 1883 127.0.0.1"]
    assert "allow_anonymous false" in lines


def test_no_login_can_take_a_client_id_on_either_listener():
    sections = (DEPLOYED / "mosquitto.conf").read_text().split("\nlistener ")[1:]
    assert len(sections) == 2
    for section in sections:
        assert "\nuse_username_as_clientid true" in section


def test_a_pile_comes_in_by_tls_with_the_own_authority(broker):
    with connected(core_of(broker)) as core, connected(pile_of(broker)) as pile:
        core.hear("pile/1/LB-001/up/#")
        pile.say("pile/1/LB-001/up/meter", b"reading")
        assert core.next().payload == b"reading"


def test_a_pile_that_does_not_know_the_authority_stays_out(broker, tmp_path):
    script = DEPLOYED / "make_certificates.sh"
    subprocess.run(["sh", script, tmp_path, "localhost"], check=True, capture_output=True)
    with pytest.raises(ssl.SSLCertVerificationError):
        Client(replace(pile_of(broker), ca_file=tmp_path / "ca.crt"))


def test_a_session_is_safe_on_the_tls_listener_from_a_thief_on_the_other(broker):
    mine = replace(pile_of(broker, "LB-002"), clean=False, expiry_s=60)
    with connected(mine) as pile:
        pile.hear("pile/1/LB-002/down/#")
    with connected(core_of(broker)) as core:
        core.say("pile/1/LB-002/down/cmd", b"for the owner")
    plain = Setup(broker.port, "LB-003", broker.passwords["LB-003"])
    for thief in (plain, pile_of(broker)):
        with connected(replace(thief, client_id="LB-002", clean=False, expiry_s=9)) as stranger:
            assert not stranger.session_present
            assert stranger.hears_nothing()
    with connected(mine) as pile:
        assert pile.next().payload == b"for the owner"


def test_the_certificate_can_be_renewed_under_the_same_authority(tmp_path):
    script = DEPLOYED / "make_certificates.sh"
    for _ in range(2):
        subprocess.run(
            ["sh", script, tmp_path, "mqtt.example.org", "IP:127.0.0.1"],
            check=True, capture_output=True,
        )  # fmt: skip
        texts = [(tmp_path / name).read_text() for name in ("ca.crt", "server.crt")]
    checked = subprocess.run(
        ["openssl", "verify", "-CAfile", "ca.crt", "server.crt"], cwd=tmp_path, capture_output=True
    )
    assert checked.returncode == 0
    assert texts[0] == (tmp_path / "ca.crt").read_text()
    assert (tmp_path / "ca.key").stat().st_mode & 0o077 == 0
    assert (deployed_certificates() / "server.key").stat().st_mode & 0o077 == 0


# --- logins ---


def test_a_new_pile_is_let_in_without_disturbing_the_others(broker):
    with connected(pile_of(broker)) as old:
        broker.set_passwords({"LB-777": "made today"})
        fresh = replace(pile_of(broker, "LB-777"))
        wait_until(lambda: not refused(fresh))
        old.hear("pile/1/LB-001/down/#")
        assert old.ended.empty()


def test_a_revoked_pile_stays_out(broker):
    broker.set_passwords({"LB-778": "to be revoked"})
    setup = pile_of(broker, "LB-778")
    wait_until(lambda: not refused(setup))
    script = [sys.executable, DEPLOYED / "make_passwords.py", broker.folder / "passwords"]
    subprocess.run([*script, "--remove", "LB-778"], check=True)
    broker.set_passwords({})
    wait_until(lambda: refused(setup))


def refused(setup: Setup) -> bool:
    client = Client(setup)
    client.leave()
    return client.refused is not None


def make_passwords(*words: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, DEPLOYED / "make_passwords.py", *(str(word) for word in words)]
    return subprocess.run(command, capture_output=True, text=True)


def test_a_password_is_shown_once_and_kept_as_a_hash(tmp_path):
    file = tmp_path / "passwords"
    shown = make_passwords(file, "LB-001", "LB-002").stdout.splitlines()
    passwords = dict(line.split("\t") for line in shown)
    assert all(len(password) >= 24 for password in passwords.values())
    assert not any(password in file.read_text() for password in passwords.values())
    assert file.stat().st_mode & 0o007 == 0, "others may not read it"
    again = make_passwords(file, "LB-001")
    assert (again.returncode, "--renew" in again.stderr) == (2, True)
    renewed = make_passwords(file, "--renew", "LB-001").stdout
    assert passwords["LB-001"] not in renewed
    assert make_passwords(file, "--remove", "LB-003").returncode == 2


@pytest.mark.parametrize("name", ["_all", "a", "LB/1", "+", "x" * 24, "LB 1", "-", "pile"])
def test_a_name_that_would_open_or_break_a_rule_is_refused(tmp_path, name):
    assert make_passwords(tmp_path / "passwords", "--", name).returncode == 2


# --- nothing that was acknowledged is lost ---


@pytest.fixture
def own_broker():
    """A broker that this test may kill."""
    with start_mosquitto() as running:
        yield running


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_two_hundred_queued_messages_survive_the_end_of_the_broker(own_broker, end):
    service = replace(core_of(own_broker), clean=False, expiry_s=600)
    with connected(service) as core:
        core.hear("pile/1/+/up/#")
    will = Will("pile/1/LB-001/up/state", b"lost", True)
    with connected(replace(pile_of(own_broker), will=will)) as pile:
        pile.say("pile/1/LB-001/up/state", b"online", retain=True)
        for number in range(200):
            reason = pile.say("pile/1/LB-001/up/meter", str(number))
            assert reason.value == 0, "the broker says it has it"
        if end == "kill":
            time.sleep(SAVED_S)
        getattr(own_broker, end)()
    own_broker.start()
    with connected(service) as core:
        assert core.session_present
        heard = [m.payload for m in core.take(201)]
        assert heard == [b"online", *(str(n).encode() for n in range(200))]
    with connected(replace(core_of(own_broker), login="LB-001-x", password="no")) as nobody:
        assert nobody.refused
    with connected(core_of(own_broker)) as fresh:
        fresh.hear("pile/1/LB-001/up/state")
        assert fresh.next().payload in (b"online", b"lost")


def test_a_password_file_can_be_made_by_hand_too(tmp_path):
    write_passwords(tmp_path / "passwords", {"LB-001": "given"})
    assert (tmp_path / "passwords").read_text().startswith("LB-001:$7$101$")
