"""The real service as a process of its own; its clock runs as fast as that of the piles.

`beimen serve` with nothing changed but the clock: python -m tests.faults.runner DATABASE MQTT_PORT
HTTP_PORT PASSWORD STARTED ORIGIN SPEED
"""

import sys
from datetime import datetime

from pydantic import SecretStr

from service.build import WebServer, build, make_app
from service.clock import ScaledClock
from tests.support.compound import TEST_SETTINGS


def main(words: list[str]) -> None:
    """Serve until a signal, or a kill, ends it."""
    database, mqtt_port, http_port, password, started, origin, speed = words
    settings = TEST_SETTINGS.model_copy(
        update={
            "database_url": database,
            "mqtt_port": int(mqtt_port),
            "http_port": int(http_port),
            "mqtt_password": SecretStr(password),
        }
    )
    clock = ScaledClock(
        datetime.fromisoformat(started), datetime.fromisoformat(origin), float(speed)
    )
    parts = build(settings, clock, float(speed))
    WebServer(make_app(parts), settings, parts.hub).run()


if __name__ == "__main__":
    main(sys.argv[1:])
