"""Messages of other makers' hardware in the middle of an evening: no effect on anything of ours.

The 120 messages are real (see README.md here). They come on their own topics, as a broker shared by
mistake would bring them, and on ours, as a misconfigured device would send them.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from service.clock import FixedClock
from service.flow import ticks, uplink
from service.piles.messages import UPLINKS, Heard, Poison, understand
from service.piles.records import DeadLetter
from tests.days.evenings import (
    Evening,
    books,
    copy_of,
    fold,
    publish_two_bands,
    rows,
    scenario,
)
from tests.support.compound import Plan, at

HERE = Path(__file__).parent


def foreign() -> Iterator[Heard]:
    for path in sorted(HERE.glob("*.jsonl")):
        for line in path.read_text().splitlines():
            said = json.loads(line)
            payload = said.get("payload")
            text = payload if isinstance(payload, str) else json.dumps(payload)
            data = bytes.fromhex(said["payload_hex"]) if "payload_hex" in said else text.encode()
            topic = said["topic"] or "frames/of/a/serial/line"
            yield Heard(topic, data, 0, said.get("qos", 0), said.get("retain", False))


FOREIGN = list(foreign())


def nonsense(on_topic: str) -> list[bytes]:
    """What a broken device might say on one of our topics."""
    good = b'{"boot_id":"9f3a61c2","seq":7,"uptime_ms":1,"readings":[]}'
    return [
        b"", b"\x00", b"NaN", b"-Infinity", b"1e400", b"null", b"[]", b"{}", b"true", b'""',
        good[:-1], good[:20], good + b"}", b'{"boot_id":NaN}', b'{"seq":1e400}',
        b'{"boot_id":"\xff"}', b'{"boot_id":"\\ud800"}', b'{"a":' * 900 + b"1" + b"}" * 900,
        b'{"boot_id":["9f3a61c2"],"seq":{"a":1}}', b"x" * 5000, on_topic.encode(),
    ]  # fmt: skip


def test_there_are_120_of_them():
    assert len(FOREIGN) == 120


@pytest.mark.parametrize("tail", sorted(UPLINKS))
def test_none_of_them_is_mistaken_for_one_of_our_messages(tail):
    topic = f"pile/1/LB-001/up/{tail}"
    assert all(isinstance(understand(one), Poison) for one in FOREIGN)
    for one in [*FOREIGN, *(Heard(topic, payload, 0) for payload in nonsense(topic))]:
        assert isinstance(understand(replace(one, topic=topic)), Poison)


@pytest.fixture(scope="module")
def evening(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory):
    path = tmp_path_factory.mktemp("foreign") / "first.db"
    with copy_of(sqlite_template, path) as store:
        clock = FixedClock(at("2026-03-02 17:00"))
        played = scenario(piles=4, bikes=14, busier=1.6)
        evening = Evening(store, clock, played, 3, Plan(piles=4, households=14))
        publish_two_bands(evening.house, evening.began)
        evening.run(15 * 3600, tick_every=120)
        ticks.post_settled(evening.house, ticks.POST_AFTER * 0)
        yield evening


def mixed(evening: Evening, dice: Random) -> tuple[list[Heard], int]:
    """The evening with strangers in it, on their topics and on ours; how many strangers."""
    strangers = list(FOREIGN)
    for one in FOREIGN:
        tail, pile = dice.choice(sorted(UPLINKS)), dice.randrange(1, 5)
        strangers.append(replace(one, topic=f"pile/1/LB-{pile:03d}/up/{tail}"))
    topic = "pile/1/LB-002/up/meter"
    strangers += [Heard(topic, payload, 0) for payload in nonsense(topic)]
    heard: list[Heard] = list(evening.heard)
    for one in strangers:
        place = dice.randrange(len(heard))
        heard.insert(place, replace(one, received_ms=heard[place].received_ms))
    return heard, len(strangers)


def test_mixed_into_an_evening_they_change_nothing_and_each_is_set_aside(
    evening, sqlite_template, tmp_path
):
    heard, strangers = mixed(evening, Random(11))
    with (
        copy_of(sqlite_template, tmp_path / "without.db") as without,
        copy_of(sqlite_template, tmp_path / "with.db") as among,
    ):
        alone, crowded = fold(without, evening, evening.heard), fold(among, evening, heard)
        assert books(among) == books(without) == books(evening.house.store)
        assert len(books(among).billed) >= 5
        assert repr(crowded.board) == repr(alone.board)
        assert len(rows(among, DeadLetter)) == strangers
        assert rows(without, DeadLetter) == []


def test_each_is_counted_by_its_reason(evening, sqlite_template, tmp_path):
    counted = []
    with copy_of(sqlite_template, tmp_path / "counted.db") as store:
        house = fold(store, evening, [])
        house.listeners.append(lambda outcomes: counted.append(outcomes.counts))
        uplink.take(house, FOREIGN)
    (counts,) = counted
    assert sum(n for (what, _), n in counts.items() if what == "dead_letters") == len(FOREIGN)
