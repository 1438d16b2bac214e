"""Mosquitto as deployed and the demo broker, held to the same behaviour."""
