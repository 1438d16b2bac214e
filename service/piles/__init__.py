"""What the hardware is and says: wire messages, status from messages and silence, faults."""
