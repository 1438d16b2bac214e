"""The verbs of `beimen`."""

import typer

app = typer.Typer(no_args_is_help=True, help="Beimen runs a compound's charging piles.")
