"""The contract's files agree with each other and with what the service takes."""
