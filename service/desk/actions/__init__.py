"""What the desk can do, a file per subject. Each takes an open unit of work and `now`."""
