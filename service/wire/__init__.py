"""The MQTT edge, the only room that knows paho: hears, queues, commits, then acknowledges."""

from service.wire.conductor import Conductor, Taken
from service.wire.health import LaneHealth, WireHealth
from service.wire.wire import Wire

__all__ = ["Conductor", "LaneHealth", "Taken", "Wire", "WireHealth"]
