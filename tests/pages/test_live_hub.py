"""The hub of live pages by itself: at once, not too often, and never held up by a slow reader."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, cast

import pytest

from service.live import LINE, PAUSE_S, SLOWEST, Hub, Topic

SHARED: Topic = ("outlet", "LB-001", 1)


class Drawn:
    """A renderer that numbers what it draws, and breaks when told to."""

    def __init__(self) -> None:
        self.count, self.is_broken = 0, False

    def __call__(self, topic: Topic, variant: str) -> str:
        if self.is_broken:
            raise RuntimeError("the template broke")
        self.count += 1
        return f"{topic[1]} {self.count}"


class Line:
    """A connection whose other end may have stopped reading."""

    def __init__(self) -> None:
        self.is_cut, self.room = False, 0

    def abort(self) -> None:
        self.is_cut = True

    def get_extra_info(self, _name: str) -> "Line":
        return self

    def setsockopt(self, _level: int, _name: int, value: int) -> None:
        self.room = value


def with_a_hub(story: Callable[[Hub, Drawn], Awaitable[None]]) -> None:
    async def play() -> None:
        hub, drawn = Hub(), Drawn()
        hub.renderers["outlet"] = drawn
        task = asyncio.create_task(hub.run())
        await asyncio.sleep(0)
        await story(hub, drawn)
        hub.close()
        await asyncio.wait_for(task, 5)

    asyncio.run(play())


async def page(hub: Hub, topic: Topic = SHARED, line: Line | None = None) -> AsyncIterator[bytes]:
    """An open page that has its first state."""
    LINE.set(cast("Any", line))
    stream = hub.stream(topic, "en:")
    assert await anext(stream) == b"retry: 3000\n\n"
    await anext(stream)
    return stream


async def soon(awaited: Awaitable[bytes]) -> str:
    return (await asyncio.wait_for(awaited, 5)).decode()


def test_a_change_is_shown_at_once_and_the_next_one_waits_its_turn():
    async def story(hub: Hub, drawn: Drawn) -> None:
        stream, loop = await page(hub), asyncio.get_running_loop()
        begun = loop.time()
        hub._mark([SHARED])
        assert "LB-001 2" in await soon(anext(stream))
        assert loop.time() - begun < PAUSE_S / 2
        for _ in range(20):
            hub._mark([SHARED])
        assert "LB-001 3" in await soon(anext(stream))
        assert loop.time() - begun >= PAUSE_S
        assert drawn.count == 3

    with_a_hub(story)


def test_a_topic_that_waits_holds_no_other_up():
    async def story(hub: Hub, _drawn: Drawn) -> None:
        other: Topic = ("outlet", "LB-002", 1)
        one, two = await page(hub), await page(hub, other)
        hub._mark([SHARED])
        await soon(anext(one))
        begun = asyncio.get_running_loop().time()
        hub._mark([SHARED, other])
        assert "LB-002" in await soon(anext(two))
        assert asyncio.get_running_loop().time() - begun < PAUSE_S / 2

    with_a_hub(story)


def test_what_many_pages_look_at_is_drawn_once():
    async def story(hub: Hub, drawn: Drawn) -> None:
        pages = [await page(hub) for _ in range(50)]
        before = drawn.count
        hub._mark([SHARED])
        told = {await soon(anext(stream)) for stream in pages}
        assert len(told) == 1
        assert drawn.count == before + 1

    with_a_hub(story)


def test_who_does_not_read_is_cut_off_and_nobody_waits_for_it():
    async def story(hub: Hub, _drawn: Drawn) -> None:
        line = Line()
        slow, awake = await page(hub, line=line), await page(hub)
        assert 0 < line.room < 1 << 20
        for _ in range(SLOWEST + 1):
            await hub._hand_out(SHARED)
            await soon(anext(awake))
        assert line.is_cut
        assert (hub.dropped, hub.open_pages) == (1, 1)
        heard = [event async for event in slow]
        assert len(heard) == SLOWEST - 1

    with_a_hub(story)


def test_a_part_that_cannot_be_drawn_ends_its_pages_and_no_other(
    caplog: pytest.LogCaptureFixture,
):
    async def story(hub: Hub, drawn: Drawn) -> None:
        stream = await page(hub)
        drawn.is_broken = True
        hub._mark([SHARED])
        assert [event async for event in stream] == []
        drawn.is_broken = False
        again = await page(hub)
        await asyncio.sleep(PAUSE_S)
        hub._mark([SHARED])
        assert "LB-001" in await soon(anext(again))

    with_a_hub(story)
    assert "a live part could not be drawn: outlet" in caplog.text


def test_a_hub_that_closes_ends_every_page():
    async def story(hub: Hub, _drawn: Drawn) -> None:
        stream = await page(hub)
        hub.close()
        assert [event async for event in stream] == []

    with_a_hub(story)
