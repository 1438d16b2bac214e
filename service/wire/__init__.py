"""The MQTT edge, the only room that knows paho: hears, queues, commits, then acknowledges."""
