"""What is pushed into open pages: the right words, and when to fetch the whole page anew."""

import asyncio

from service.live import Hub
from tests.pages.visitors import House


def rendered(house: House, topic: tuple[object, ...], variant: str) -> str:
    hub: Hub = house.app.state.hub
    return hub.renderers[topic[0]](topic, variant)


def test_an_outlet_is_pushed_in_the_language_of_the_page(house: House):
    assert "空闲" in rendered(house, ("outlet", "LB-001", 1), "zh_CN:free")
    assert "free" in rendered(house, ("outlet", "LB-001", 1), "en:free")


def test_a_page_whose_state_has_moved_on_is_told_to_fetch_itself_anew(house: House):
    assert "data-anew" not in rendered(house, ("outlet", "LB-001", 1), "en:free")
    house.plug("LB-001", 1)
    house.resident("1-101").post("/p/1/1", "/p/1/1/start")
    house.run(30)
    assert "data-anew" in rendered(house, ("outlet", "LB-001", 1), "en:free")
    held = house.compound.house.held_by("LB-001", 1)
    assert held is not None
    assert "data-anew" in rendered(house, ("session", held.id), "en:starting")
    assert "data-anew" not in rendered(house, ("session", held.id), "en:charging")


def test_nothing_pushed_carries_a_form_or_a_token(house: House):
    house.plug("LB-001", 1)
    house.resident("1-101").post("/p/1/1", "/p/1/1/start")
    house.run(120)
    held = house.compound.house.held_by("LB-001", 1)
    assert held is not None
    topics = [
        ("outlet", "LB-001", 1), ("session", held.id), ("wall",), ("incidents",),
        ("pile", "LB-001"),
    ]  # fmt: skip
    for topic in topics:
        html = rendered(house, topic, "en:charging")
        assert "<form" not in html, topic
        assert "form_token" not in html, topic
        assert "1-101" not in html, "what is drawn once for all names no household"


def test_streams_are_for_those_who_may_see_them(house: House):
    stranger = house.public()
    for path in ("/live/wall", "/live/incidents", "/live/pile/LB-001", "/live/session/x"):
        assert stranger.get(path, follow_redirects=False).status_code == 303, path
    assert house.resident().get("/live/session/01UNKNOWN").status_code == 404
    assert stranger.get("/live/outlet/99/1").status_code == 404
    assert stranger.get("/live/outlet/1/1?stage=whatever").status_code == 422


def test_a_house_that_is_full_of_open_pages_asks_to_come_back(house: House):
    house.app.state.hub.most_readers = 0
    answer = house.public().get("/live/outlet/1/1")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "30"


def test_a_stream_begins_with_the_present_state(house: House):
    async def first_event() -> bytes:
        stream = house.app.state.hub.stream(("wall",), "en:")
        await anext(stream)
        event = await anext(stream)
        await stream.aclose()
        return event

    assert b"4 entrances, 8 piles" in asyncio.run(first_event())
