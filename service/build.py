"""Joins the parts: the only place that creates engine, conductor, wire, timetable and app."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import uvicorn
from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from service import api, door, pages
from service.clock import Clock, monotonic
from service.flow import House, ticks, uplink
from service.gauges import Gauges
from service.jobs import Timetable
from service.live import LINE, Hub
from service.opening import open_house
from service.piles.messages import Heard, Outgoing
from service.settings import Settings
from service.store import Store
from service.wire import Wire

GRACE_S = 2
"""How long open requests may go on after the service was told to end."""


MOST_THREADS = 12
"""Requests that are worked on at once. More would only wait for the same turn, each with memory."""


class HouseOnWire:
    """The conductor as the wire knows it."""

    def __init__(self, house: House):
        self.house = house
        self.observe: Callable[[int, float], None] = lambda _messages, _seconds: None

    def take(self, heard: Sequence[Heard]) -> uplink.Taken:
        """Take a batch; on return it is committed, and how long that took is noted."""
        begun = monotonic()
        taken = uplink.take(self.house, heard)
        self.observe(len(heard), monotonic() - begun)
        return taken

    def set_aside(self, heard: Heard, reason: str) -> None:
        """Keep a message that breaks the walk every time."""
        uplink.put_aside(self.house, heard, reason)

    def commands_due(self) -> Sequence[Outgoing]:
        """What must leave now."""
        return ticks.due(self.house)

    def command_sent(self, command_ids: Sequence[str]) -> None:
        """What has left."""
        ticks.sent(self.house, command_ids)


@dataclass
class Parts:
    """One running service."""

    settings: Settings
    clock: Clock
    store: Store
    house: House
    hub: Hub
    gauges: Gauges
    wire: Wire
    timetable: Timetable

    def start(self) -> None:
        """Begin to hear, to send and to keep time."""
        self.wire.start()
        self.timetable.start()

    def stop(self) -> None:
        """Finish what is begun, in the reverse order."""
        self.timetable.stop()
        self.wire.stop()
        self.store.close()


def build(settings: Settings, clock: Clock | None = None, speed: float = 1.0) -> Parts:
    """All parts of a service, joined but not started; `speed` is that of the clock.

    Raises NotReadyError, as `open_house` does.
    """
    house = open_house(settings, clock)
    hub = Hub()
    conductor = HouseOnWire(house)
    wire = Wire(settings, conductor, house.clock)
    gauges = Gauges(house, wire.health)
    conductor.observe = gauges.observe_batch
    house.wake_wire = wire.wake
    house.listeners += [gauges.take, hub.notice]
    timetable = Timetable(house, gauges, speed=speed)
    return Parts(settings, house.clock, house.store, house, hub, gauges, wire, timetable)


def make_app(parts: Parts, *, runs_parts: bool = True) -> FastAPI:
    """The web app over these parts; with `runs_parts` it starts and stops them with itself."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        current_default_thread_limiter().total_tokens = MOST_THREADS
        hub = asyncio.create_task(parts.hub.run())
        if runs_parts:
            parts.start()
        yield
        parts.hub.close()
        await hub
        if runs_parts:
            await asyncio.to_thread(parts.stop)

    app = FastAPI(
        title="Beimen", openapi_url=None, docs_url=None, redoc_url=None, lifespan=lifespan
    )
    app.state.house, app.state.hub, app.state.settings = parts.house, parts.hub, parts.settings
    app.state.gauges, app.state.wire = parts.gauges, parts.wire
    door.install(app, parts.settings, parts.store, parts.clock)
    pages.install(app)
    api.install(app)
    door.check_routes(app)
    return app


class Line(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
    """uvicorn's connection, known to the request it carries, so that a page that does not read can
    be cut off."""

    def data_received(self, data: bytes) -> None:
        """Something has arrived; whatever is begun by it knows this connection."""
        LINE.set(self.transport)
        super().data_received(data)


class WebServer(uvicorn.Server):
    """uvicorn that lets go of open event streams as soon as it is told to end."""

    def __init__(self, app: FastAPI, settings: Settings, hub: Hub):
        super().__init__(
            uvicorn.Config(
                app,
                http=Line,
                host=settings.http_host,
                port=settings.http_port,
                log_level="warning",
                timeout_graceful_shutdown=GRACE_S,
                server_header=False,
            )
        )
        self._hub = hub

    async def shutdown(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        """End the streams first: uvicorn waits for open connections, and these never end."""
        self._hub.close()
        await super().shutdown(sockets)  # type: ignore[arg-type]
