"""`python -m simulator.broker`: prints `ready PORT`, ends on SIGTERM or when its stdin closes.

The closing stdin ends it together with whoever started it, even if that one was killed.
"""

import argparse
import asyncio
import dataclasses
import os
import signal
import sys
import threading
from pathlib import Path

from simulator.broker.access import Access, Files, Open
from simulator.broker.hub import Hub
from simulator.broker.server import Broker, NotLoopbackError


def options() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(
        prog="python -m simulator.broker",
        description="A small MQTT 3.1.1 and 5 broker for demos: in memory, loopback only.",
        epilog="example: python -m simulator.broker --port 0 --passwords passwords --acl acl",
    )
    parser.add_argument("--port", type=int, default=0, help="0: any free port")
    parser.add_argument("--host", default="127.0.0.1", help="an address of the loopback")
    parser.add_argument("--passwords", type=Path, help="password file of Mosquitto 2")
    parser.add_argument("--acl", type=Path, help="access file of Mosquitto")
    return parser.parse_args()


def access_of(asked: argparse.Namespace) -> Access:
    """Open to all without files; ValueError with a sentence when only one of the two is given."""
    if asked.passwords is None and asked.acl is None:
        return Open()
    if asked.passwords is None or asked.acl is None:
        raise ValueError("give both --passwords and --acl, or neither")
    return Files.read(asked.passwords, asked.acl)


async def serve(broker: Broker, host: str, port: int) -> None:
    """Serve until SIGTERM, SIGINT or the end of stdin."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)

    def wait_for_the_end() -> None:
        while os.read(0, 4096):
            pass
        loop.call_soon_threadsafe(stop.set)

    async with broker.listening(port, host) as bound:
        print(f"ready {bound}", flush=True)
        threading.Thread(target=wait_for_the_end, daemon=True).start()
        await stop.wait()


def main() -> int:
    """0 at a normal end; 2 with a sentence for what cannot be done."""
    asked = options()
    try:
        broker = Broker(Hub(access_of(asked)))
        asyncio.run(serve(broker, asked.host, asked.port))
    except (NotLoopbackError, ValueError, OSError) as problem:
        print(f"broker: {problem}", file=sys.stderr)
        return 2
    losses = {name: n for name, n in dataclasses.asdict(broker.hub.counts).items() if n}
    if losses:
        print(f"broker: lost or refused: {losses}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
