"""One bike on one outlet, from scan to unplug: lifecycle, order numbers, may_start."""
