"""A small MQTT 3.1.1 and 5 broker for demos and tests: standard library only, loopback only.

`python -m simulator.broker --port 0` runs it as a process of its own, so that a demo has the same
shape as a real site. Everything is in memory and gone with the process: a real site runs Mosquitto
(deploy/mosquitto). One conformance file holds both to the same behaviour (tests/broker).

codec: bytes. packets: what the bytes mean. topics, access: who hears and says what. sessions: what
a client is owed. hub: routing. connection: one socket. server: listening.
"""
