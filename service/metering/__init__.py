"""From cumulative register readings to energy per tariff band."""
