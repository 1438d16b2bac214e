"""Listening on the loopback, and nowhere else."""

import asyncio
import contextlib
import ipaddress
from collections.abc import AsyncIterator

from simulator.broker.codec import Reason
from simulator.broker.connection import Connection
from simulator.broker.hub import Hub

MOST_CONNECTIONS = 2000


class NotLoopbackError(ValueError):
    """Somebody asked it to listen where others could reach it."""


class Broker:
    """A broker in this process: `async with Broker(hub).listening() as port`."""

    def __init__(self, hub: Hub | None = None):
        self.hub = hub or Hub()
        self.connections: set[Connection] = set()
        self.turned_away = 0

    @contextlib.asynccontextmanager
    async def listening(self, port: int = 0, host: str = "127.0.0.1") -> AsyncIterator[int]:
        """Serve while the block runs; gives the port.

        Raises NotLoopbackError with a sentence for an address that others could reach, OSError
        when the port is taken.
        """
        if not ipaddress.ip_address(host).is_loopback:
            raise NotLoopbackError(
                f"The demo broker listens on the loopback only, not on {host}. "
                "For a real site use Mosquitto: see deploy/README.md."
            )
        server = await asyncio.get_running_loop().create_server(self._accept, host, port)
        try:
            yield int(server.sockets[0].getsockname()[1])
        finally:
            server.close()
            for connection in list(self.connections):
                connection.close(Reason.SHUTTING_DOWN)
            await asyncio.sleep(0)
            await server.wait_closed()

    def _accept(self) -> asyncio.Protocol:
        if len(self.connections) >= MOST_CONNECTIONS:
            self.turned_away += 1
            return _TurnedAway()
        connection = Connection(self.hub, self.connections.discard)
        self.connections.add(connection)
        return connection


class _TurnedAway(asyncio.Protocol):
    """One connection too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Close it at once."""
        transport.close()
