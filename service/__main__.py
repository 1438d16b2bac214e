"""`python -m service` is `beimen`."""

from service.cli import app

app()
