"""The supply cables: ratings, measured current, risk, admission, fair queue."""
