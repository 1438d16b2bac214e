"""The command line: history over a pipe, live against a real Mosquitto, words of a parent."""

import contextlib
import json
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from simulator.cli import main
from simulator.control import Control
from simulator.handover import restore, save
from simulator.residents import made_up_cards
from simulator.scenario import scenario_from
from simulator.times import HOUR, iso_millis, parse_iso
from simulator.world import World
from tests.simulator.desk import Desk
from tests.simulator.stage import EVENING
from tests.support.processes import Mosquitto, start_mosquitto

ROOT = Path(__file__).parents[2]
RUN = [sys.executable, "-m", "simulator"]


def small_world(seed: int = 1, start: int = EVENING, **more) -> World:
    plan = scenario_from("small", {"piles": 4, "bikes": 12} | more)
    return World.from_scenario(plan, seed, made_up_cards(), start)


# --- history ---


class Clerk:
    """Answers hello, card and settlement, whatever carries the messages."""

    def __init__(self) -> None:
        self.settled: dict[str, dict] = {}
        self._conn: dict[str, tuple[str, int]] = {}
        self._orders = 0

    def answer(self, at: int, topic: str, body: dict) -> list[tuple[str, str]]:
        """The messages down: topic and payload."""
        _, _, pile, _, tail = topic.split("/")

        def down(kind: str, payload: dict) -> list[tuple[str, str]]:
            return [(f"pile/1/{pile}/down/{kind}", json.dumps(payload))]

        if tail == "hello":
            self._conn[pile] = (body["conn_id"], at - body["uptime_ms"])
            return down("welcome", {
                "conn_id": body["conn_id"], "echo_uptime_ms": body["uptime_ms"],
                "server_time_utc": iso_millis(at), "contract": "1.0", "config_rev": 7,
                "heartbeat_s": 60, "meter_s": 60, "meter_idle_s": 900, "rebirth": False,
            })  # fmt: skip
        if tail == "card":
            self._orders += 1
            conn_id, _ = self._conn[pile]
            return down("cmd", {
                "command_id": f"C{self._orders}", "conn_id": conn_id, "cmd": "start",
                "valid_s": 300, "valid_until_uptime_ms": body["uptime_ms"] + 300_000,
                "outlet": body["outlet"], "session_id": f"S{self._orders}",
            })  # fmt: skip
        if tail == "session":
            self.settled[body["session_id"]] = body
            return down("session_ack", {"conn_id": self._conn[pile][0], "acked": [{
                "settlement_seq": body["settlement_seq"], "session_id": body["session_id"],
                "result": "stored",
            }]})  # fmt: skip
        return []


class Talk:
    """The other side of a history."""

    def __init__(self, *args: str):
        self.process = subprocess.Popen(
            [*RUN, "history", *args], cwd=ROOT, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        self.clerk = Clerk()
        self.messages: list[dict] = []
        self.minutes: list[int] = []
        self.oracle: dict = {}

    @property
    def settled(self) -> dict[str, dict]:
        return self.clerk.settled

    def play(self) -> "Talk":
        answers: list[str] = []
        for line in self.process.stdout:
            said = json.loads(line)
            if "minute" in said:
                self.minutes.append(said["minute"])
                self.process.stdin.write("\n".join([*answers, '{"go": true}']) + "\n")
                self.process.stdin.flush()
                answers = []
            elif "end" in said:
                self.oracle = said["oracle"]
            else:
                self.messages.append(said)
                body = json.loads(said["payload"])
                answers += [
                    json.dumps({"pile": said["pile"], "topic": topic, "payload": payload})
                    for topic, payload in self.clerk.answer(said["at"], said["topic"], body)
                ]
        self.process.stdin.close()
        assert self.process.wait(10) == 0
        self.process.stdout.close()
        self.process.stderr.close()
        return self


def test_a_history_is_told_in_lock_step_and_ends_with_the_true_ledger(tmp_path):
    talk = Talk(
        "--days", "1", "--until", "2026-03-02T17:00:00+08:00", "--seed", "7", "--piles", "6",
    ).play()  # fmt: skip
    assert len(talk.minutes) >= 1440
    assert talk.minutes == sorted(talk.minutes)
    assert talk.minutes[-1] == parse_iso("2026-03-02T17:00:00+08:00")
    at = [m["at"] for m in talk.messages]
    assert at == sorted(at)
    assert set(talk.messages[0]) == {"at", "pile", "topic", "payload", "retain"}
    truth = {s["session_id"]: s for s in talk.oracle["sessions"]}
    assert len(talk.settled) > 10
    for session_id, settled in talk.settled.items():
        assert truth[session_id]["energy_wh"] == settled["energy_wh"]


def test_the_oracle_of_a_history_adds_up():
    talk = Talk(
        "--days", "0.5", "--until", "2026-03-02T23:00:00+08:00", "--seed", "3", "--piles", "4",
    ).play()  # fmt: skip
    for outlet in talk.oracle["outlets"]:
        by_session = sum(outlet["by_session"].values())
        assert outlet["metered_wh"] == by_session + outlet["unattributed_wh"]


def test_a_history_whose_other_side_goes_away_ends_with_a_sentence():
    run = subprocess.run(
        [*RUN, "history", "--days", "1", "--until", "2026-03-02T17:00:00Z", "--piles", "1"],
        cwd=ROOT, input="", capture_output=True, text=True,
    )  # fmt: skip
    assert run.returncode == 2
    assert "the other side stopped before the history ended" in run.stderr


# --- handing over ---


def test_a_compound_is_handed_over_without_a_jump(tmp_path):
    before = small_world()
    desk = Desk(before).run(EVENING + 3 * HOUR)
    running = {
        (name, s.number): s.charge.session_id
        for name, pile in before.piles.items()
        for s in pile.core.slots
        if s.charge
    }
    totals = {
        (name, s.number): (s.hw.meter.register_id, s.hw.meter.total_wh)
        for name, pile in before.piles.items()
        for s in pile.core.slots
    }
    assert running
    truth_before = {s.session_id: s.energy_wh for s in before.oracle.sessions.values()}
    save(before, tmp_path / "state.json")

    after = small_world(start=before.now + 4000)
    restore(after, tmp_path / "state.json")
    for (name, number), (register_id, total) in totals.items():
        meter = after.piles[name].slot(number).hw.meter
        assert meter.register_id == register_id
        assert meter.total_wh >= total
    later = Desk(after)
    later.orders = 1000
    later.run(after.now + 20 * HOUR)
    settled = {b["session_id"]: b for b in later.settlements.values()}
    assert set(running.values()) <= set(settled)
    for session_id in running.values():
        session = after.oracle.sessions[session_id]
        assert session.energy_wh >= truth_before[session_id]
        assert settled[session_id]["energy_wh"] == session.energy_wh
    boots = {b["boot_id"] for b in desk.said("hello")}
    assert not boots & {b["boot_id"] for b in later.said("hello")}


def test_the_state_of_another_compound_is_refused(tmp_path):
    save(small_world(seed=1), tmp_path / "state.json")
    with pytest.raises(ValueError, match="its seed is 1"):
        restore(small_world(seed=2), tmp_path / "state.json")
    (tmp_path / "state.json").write_text("[]")
    with pytest.raises(ValueError, match="not the state of a compound"):
        restore(small_world(seed=2), tmp_path / "state.json")


# --- the words of a parent ---


def test_a_parent_can_plug_swipe_look_and_unplug():
    world = small_world(bikes=0)
    control, desk = Control(world), Desk(world).run(EVENING + 60_000)
    assert json.loads(control.obey("plug LB-002 2 400"))["ok"]
    assert json.loads(control.obey("swipe LB-002 2 04A2B7119C5A80"))["ok"]
    desk.run(world.now + 60_000)
    state = json.loads(control.obey("state LB-002"))["piles"]["LB-002"]
    assert state["outlets"][1]["state"] == "charging"
    assert state["outlets"][1]["power_w"] > 50
    assert json.loads(control.obey("unplug LB-002 2"))["ok"]
    desk.run(world.now + 5_000)
    assert len(desk.settlements) == 1
    oracle = json.loads(control.obey("oracle"))["oracle"]
    assert oracle["sessions"][0]["stop_reason"] == "unplugged"
    assert json.loads(control.obey("quit"))["ok"]
    assert control.wants_to_quit


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("", "asks nothing"),
        ("dance", "'dance' is not known"),
        ("plug", "use it so: plug PILE OUTLET"),
        ("plug LB-999 1", "there is no pile LB-999"),
        ("plug LB-001 9", "has no outlet 9"),
        ("plug LB-001 x", "not an outlet number"),
        ("plug LB-001 1 much", "not a number"),
        ("plug LB-001 1 -5", "out of range"),
        ("unplug LB-001 1", "nothing is plugged in"),
        ("mishap flood LB-001 1", "no mishap is called 'flood'"),
        ("power LB-001 maybe", "on or off"),
        ("state LB-999", "there is no pile"),
    ],
)
def test_a_line_that_cannot_be_obeyed_gets_a_sentence(line, why):
    answer = json.loads(Control(small_world(bikes=0)).obey(line))
    assert answer["ok"] is False
    assert why in answer["why"]


def test_a_parent_can_cut_the_power_of_a_pile():
    world = small_world(bikes=0)
    control, desk = Control(world), Desk(world).run(EVENING + 60_000)
    control.obey("power LB-001 off")
    desk.run(world.now + 300_000)
    assert desk.said("state", "LB-001")[-1]["state"] == "lost"
    control.obey("power LB-001 on")
    desk.run(world.now + 60_000)
    assert desk.said("state", "LB-001")[-1]["state"] == "online"


# --- sentences of the command line ---


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["live", "--broker", "nowhere"], "--broker is HOST:PORT"),
        (["live", "--broker", "localhost:1", "--speed", "0"], "--speed is more than 0"),
        (["live", "--broker", "localhost:1", "--scenario", "x"], "there is no scenario 'x'"),
        (["live", "--broker", "localhost:1", "--origin", "soon"], "is not a time such as"),
        (["live", "--broker", "localhost:1", "--cards", "no.json"], "is not a list of cards"),
        (["live", "--broker", "localhost:1", "--passwords", "no"], "cannot be read"),
        (["live", "--broker", "localhost:1", "--piles", "0"], "--piles is a number"),
        (["live", "--broker", "localhost:1", "--evening", "x"], "neither a date"),
        (["history", "--days", "1", "--until", "2026-03-02T17:00:00"], "has no zone"),
        (["history", "--days", "0", "--until", "2026-03-02T17:00:00Z"], "--days is more than 0"),
    ],
)
def test_a_mistake_on_the_command_line_gets_a_sentence(words, sentence, capsys):
    assert main(words) == 2
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["live", "history"])
def test_every_verb_has_an_example(verb, capsys):
    with pytest.raises(SystemExit):
        main([verb, "--help"])
    assert "example:" in capsys.readouterr().out


def test_the_scenarios_are_listed(capsys):
    assert main(["scenarios"]) == 0
    assert "quiet_evening: A quiet evening" in capsys.readouterr().out


# --- live, against a real Mosquitto with the deployed files ---

LIVE_ORIGIN = "2026-03-02T18:00:00+08:00"


class Service:
    """A clerk behind a broker."""

    def __init__(self, broker: Mosquitto):
        self.clerk, self.heard = Clerk(), queue.Queue()
        self.log: list[tuple[str, dict, bool]] = []
        self.client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id="core", protocol=mqtt.MQTTv5
        )
        self.client.username_pw_set("core", broker.passwords["core"])
        self.client.on_message = self._heard
        self._subscribed = threading.Event()
        self.client.on_connect = lambda c, *_: c.subscribe("pile/1/+/up/#", 1)
        self.client.on_subscribe = lambda *_: self._subscribed.set()
        self.client.connect("127.0.0.1", broker.port)
        self.client.loop_start()
        assert self._subscribed.wait(5)

    def _heard(self, client: mqtt.Client, data: object, message: mqtt.MQTTMessage) -> None:
        body = json.loads(message.payload)
        self.log.append((message.topic, body, message.retain))
        at = parse_iso(LIVE_ORIGIN)
        for topic, payload in self.clerk.answer(at, message.topic, body):
            client.publish(topic, payload, 1)

    def wait_for(self, tail: str, what=lambda body: True, seconds: float = 10) -> dict:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for topic, body, _ in list(self.log):
                if topic.endswith(tail) and what(body):
                    return body
            time.sleep(0.01)
        raise AssertionError(f"nothing like it on {tail} within {seconds} s")


class LiveRun:
    """A running `live`, with its control lines."""

    def __init__(self, broker: Mosquitto, folder: Path, *more: str):
        passwords = folder / "passwords.json"
        passwords.write_text(json.dumps(dict(broker.passwords)))
        words = [
            "live", "--broker", f"127.0.0.1:{broker.port}", "--passwords", str(passwords),
            "--scenario", str(folder / "three.toml"), "--seed", "5", "--origin", LIVE_ORIGIN,
            "--oracle", str(folder / "oracle.json"), "--stdin-control", *more,
        ]  # fmt: skip
        (folder / "three.toml").write_text("piles = 3\nbikes = 0\n")
        self.process = subprocess.Popen(
            [*RUN, *words], cwd=ROOT, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        assert self.process.stdout.readline() == "ready\n", self.process.stderr.read()

    def ask(self, line: str) -> dict:
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


@contextlib.contextmanager
def playing(folder: Path, *more: str) -> Iterator[tuple[LiveRun, Service]]:
    with start_mosquitto() as broker:
        service = Service(broker)
        run = LiveRun(broker, folder, *more)
        try:
            yield run, service
        finally:
            if run.process.poll() is None:
                run.process.kill()
            run.process.communicate()
            service.client.disconnect()
            service.client.loop_stop()


@pytest.mark.broker
def test_three_piles_live_on_a_real_broker_from_birth_to_settlement(tmp_path):
    with playing(tmp_path, "--speed", "60") as (run, service):
        service.wait_for("LB-003/up/config")
        assert run.ask("plug LB-002 1 300")["ok"]
        assert run.ask("swipe LB-002 1 04A2B7119C5A80")["ok"]
        done = service.wait_for("LB-002/up/result", lambda b: b["status"] == "done")
        assert done["outlet_state"] == "charging"
        time.sleep(1.5)
        assert run.ask("unplug LB-002 1")["ok"]
        settled = service.wait_for("LB-002/up/session")
        assert settled["energy_wh"] > 0
        began = time.monotonic()
        run.process.terminate()
        assert run.process.wait(5) == 0
        assert time.monotonic() - began < 2
        for name in ("LB-001", "LB-002", "LB-003"):
            offline = service.wait_for(f"{name}/up/state", lambda b: b["state"] == "offline")
            assert offline["reason"] == "operator"
        truth = json.loads((tmp_path / "oracle.json").read_text())
        assert truth["sessions"][0]["energy_wh"] == settled["energy_wh"]


@pytest.mark.broker
def test_a_lost_link_comes_back_by_itself_and_quit_ends_the_run(tmp_path):
    with playing(tmp_path, "--speed", "30") as (run, service):
        first = service.wait_for("LB-001/up/hello")
        assert run.ask("mishap lost_link LB-001 1 20")["ok"]
        second = service.wait_for(
            "LB-001/up/hello", lambda b: b["conn_id"] != first["conn_id"], seconds=15
        )
        assert second["boot_id"] == first["boot_id"]
        run.ask("power LB-002 off")
        run.ask("power LB-002 on")
        boots = {b["boot_id"] for t, b, _ in service.log if t.endswith("LB-002/up/hello")}
        service.wait_for("LB-002/up/hello", lambda b: b["boot_id"] not in boots)
        assert run.ask("quit")["ok"]
        assert run.process.wait(5) == 0


@pytest.mark.broker
def test_a_duration_ends_the_run(tmp_path):
    with playing(tmp_path, "--speed", "60", "--duration", "120") as (run, service):
        assert run.process.wait(20) == 0
        service.wait_for("LB-001/up/state", lambda b: b["state"] == "offline")


@pytest.mark.broker
def test_a_wrong_password_is_said_once_and_tried_again_with_back_off(tmp_path):
    with start_mosquitto() as broker:
        passwords = tmp_path / "passwords"
        passwords.write_text("LB-001:wrong\n")
        run = subprocess.run(
            [*RUN, "live", "--broker", f"127.0.0.1:{broker.port}", "--piles", "1", "--speed", "30",
             "--duration", "90", "--passwords", str(passwords)],
            cwd=ROOT, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert run.returncode == 0
        assert "LB-001 cannot connect: Not authorized; trying again" in run.stderr
        assert broker.log.count("New connection") < 10


def test_a_broker_that_is_not_there_gets_one_sentence_and_another_try(tmp_path):
    run = subprocess.run(
        [*RUN, "live", "--broker", "127.0.0.1:9", "--piles", "2", "--speed", "60",
         "--duration", "90"],
        cwd=ROOT, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert run.returncode == 0
    assert run.stderr.count("cannot connect") == 1
    assert "trying again" in run.stderr
    assert "ready" not in run.stdout
