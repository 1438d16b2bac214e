"""The verbs of `beimen`. What a person can get wrong ends in a sentence, not in a traceback."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from service.settings import Settings
    from service.store import Store

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="Beimen (北门) runs the charging piles of a residential compound.",
)


def fail(sentence: str) -> NoReturn:
    """End with a sentence that says what to do."""
    typer.secho(sentence, fg=typer.colors.RED, err=True)
    raise typer.Exit(1)


def settings() -> "Settings":
    """The settings of this installation, or a sentence about what is wrong in them."""
    from pydantic import ValidationError

    from service.settings import Settings

    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        fail(f"BEIMEN_{str(first['loc'][0]).upper()}: {first['msg']}")


def open_store() -> "Store":
    """The store of this installation, or a sentence about what its tables lack."""
    from sqlalchemy.exc import SQLAlchemyError

    from service.store import Store
    from service.store.engine import open_engine
    from service.store.revision import newest_revision, revision_of

    try:
        engine = open_engine(settings().database_url)
        ready = revision_of(engine) == newest_revision()
    except (ValueError, SQLAlchemyError) as error:
        fail(f"The database cannot be read: {str(error).splitlines()[0]}")
    if not ready:
        fail("The tables are not those of this program; run: beimen migrate")
    return Store(engine)


EVENING = "Of an evening"


@app.command(epilog="Example: `beimen demo --days 3 --speed 60`")
def demo(
    port: Annotated[int, typer.Option(help="Port of the pages.")] = 8080,
    days: Annotated[float, typer.Option(min=0, max=60, help="Days of history.")] = 2.0,
    speed: Annotated[float, typer.Option(min=0.1, max=600, help="Tonight, times as fast.")] = 1.0,
    seed: Annotated[int, typer.Option(help="The same seed, the same compound.")] = 1,
    scenario: Annotated[str, typer.Option(help="A scenario of the simulator.")] = "normal_week",
    broker: Annotated[str | None, typer.Option(help="HOST:PORT instead of our own.")] = None,
    passwords: Annotated[Path | None, typer.Option(help="The piles' logins there.")] = None,
    database: Annotated[str | None, typer.Option(help="An empty database's address.")] = None,
) -> None:
    """Play the whole compound in this terminal: broker, database, 38 piles, pages."""
    from rich.console import Console

    from service.demo import DemoError, DemoPlan, run_demo
    from service.opening import NotReadyError
    from service.past import PastError
    from service.past_months import PastMonthsError

    plan = DemoPlan(port, days, speed, seed, scenario, broker, passwords, database)
    try:
        run_demo(plan, Console())
    except (DemoError, PastError, PastMonthsError, NotReadyError, ValueError, OSError) as error:
        fail(f"The demo could not run: {error}")
    except KeyboardInterrupt:
        typer.echo("ended")


@app.command(epilog="Example: `BEIMEN_SECRET_KEY=... beimen serve`")
def serve() -> None:
    """Run the service: hear the piles, keep the books, serve the pages."""
    from service.build import WebServer, build, make_app
    from service.opening import NotReadyError

    chosen = settings()
    try:
        parts = build(chosen)
    except (NotReadyError, ValueError) as error:
        fail(str(error))
    typer.echo(f"{chosen.compound}: pages at {chosen.public_url}, Ctrl-C ends the service")
    WebServer(make_app(parts), chosen, parts.hub).run()


@app.command(
    epilog="Example: `beimen simulate live --broker localhost:1883 --scenario normal_week`",
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    add_help_option=False,
)
def simulate(context: typer.Context) -> None:
    """Play simulated piles and residents against any broker (all options: --help)."""
    os.execv(sys.executable, [sys.executable, "-m", "simulator", *context.args])


@app.command(epilog="Example: `BEIMEN_DATABASE_URL=postgresql://... beimen migrate`")
def migrate() -> None:
    """Bring the tables of the database up to this program."""
    from sqlalchemy.exc import SQLAlchemyError

    from service.store.engine import open_engine
    from service.store.migrate import migrate as bring
    from service.store.revision import revision_of

    try:
        engine = open_engine(settings().database_url)
        before = revision_of(engine)
        bring(engine)
    except (ValueError, SQLAlchemyError) as error:
        fail(f"The database could not be migrated: {str(error).splitlines()[0]}")
    typer.echo(f"tables: {before or 'none'} -> {revision_of(engine)}")


@app.command(epilog="Example: `beimen seed --piles 38 --households households.csv`")
def seed(
    piles: Annotated[int, typer.Option(min=1, max=999)] = 38,
    outlets: Annotated[int, typer.Option(min=1, max=16, help="Outlets of each pile.")] = 2,
    households: Annotated[
        Path | None, typer.Option(help="CSV with door, entrance, residents, card_uid.")
    ] = None,
    dry_run: Annotated[bool, typer.Option(help="Only say what is wrong in the CSV.")] = False,
) -> None:
    """Begin a compound: feeders, piles, a price, and households from a CSV."""
    from service.clock import SystemClock
    from service.seed import Plan, import_households, seed_compound
    from service.store import Store
    from service.store.engine import open_engine

    chosen, now = settings(), SystemClock().now()
    store = Store(open_engine(chosen.database_url))
    if not dry_run:
        made = seed_compound(store, chosen, now, Plan(piles, outlets))
        typer.echo(f"{piles} piles enrolled" if made else "the compound was there already")
    if households is not None:
        try:
            data = households.read_bytes()
        except OSError as error:
            fail(f"{households} cannot be read: {error.strerror}")
        key = chosen.secret_key.get_secret_value()
        added, errors = import_households(store, data, now, key, dry_run=dry_run)
        for row, sentence in errors:
            typer.echo(f"row {row}: {sentence.in_language('en')}", err=True)
        if errors:
            fail("Nothing was added. Mend these rows and try again.")
        typer.echo(f"{added} households {'can be' if dry_run else 'were'} added")


@app.command(epilog="Example: `beimen bill 2026-02`")
def bill(
    month: Annotated[str | None, typer.Argument(help="2026-02; none: list what is open.")] = None,
    publish: Annotated[
        bool,
        typer.Option("--publish/--close-only", help="Publish it too, or leave that for later."),
    ] = True,
    without_grid_bill: Annotated[
        str, typer.Option(metavar="REASON", help="Close though the grid's bill is missing: why.")
    ] = "",
    leave_open: Annotated[
        str, typer.Option(metavar="REASON", help="Close though anything else is open: why.")
    ] = "",
) -> None:
    """Close a month and publish its statements and its account. Reasons are printed in public."""
    from service.bill import Bill, close_and_publish, waiting
    from service.opening import NotReadyError, open_house

    try:
        house = open_house(settings())
    except (NotReadyError, ValueError) as error:
        fail(str(error))
    if month is None:
        typer.echo("\n".join(waiting(house)))
        return
    wish = Bill(month, publish, without_grid_bill, leave_open)
    done, said = close_and_publish(house, wish)
    if not done:
        fail("\n".join(said))
    typer.echo("\n".join(said))


@app.command(epilog="Example: `beimen replay --month 2026-10`, or `--evening busiest`")
def replay(
    month: Annotated[
        str | None, typer.Option(help="Make this month's bills again from stored messages.")
    ] = None,
    evening: Annotated[
        str | None, typer.Option(help="Play a real evening: a date of the file, or busiest.")
    ] = None,
    speed: Annotated[float, typer.Option(min=1, max=600, rich_help_panel=EVENING)] = 240.0,
    hours: Annotated[float, typer.Option(min=0.5, max=24, rich_help_panel=EVENING)] = 12.0,
    broker: Annotated[
        str | None, typer.Option(help="HOST:PORT instead of our own.", rich_help_panel=EVENING)
    ] = None,
    passwords: Annotated[
        Path | None, typer.Option(help="The piles' logins there.", rich_help_panel=EVENING)
    ] = None,
    port: Annotated[
        int, typer.Option(help="Port of the pages meanwhile.", rich_help_panel=EVENING)
    ] = 8080,
) -> None:
    """Go through it once more and compare: a month of the books, or an evening of real sessions.

    `--month` makes every bill, statement and the published root again from what the piles said, and
    ends with 1 if anything comes out differently. `--evening` plays a real apartment compound's
    evening through broker, books and pages.
    """
    from rich.console import Console

    if (month is None) == (evening is None):
        fail("Say what to replay: --month 2026-10, or --evening busiest.")
    if month is not None:
        from service.books import replay_books

        store = open_store()
        raise typer.Exit(0 if replay_books(store, settings(), month, Console()) else 1)

    from service.demo import DemoError, DemoPlan
    from service.evening import replay_evening

    plan = DemoPlan(
        port, 0, speed, 1, "quiet_evening", broker, passwords,
        evening=evening, duration_s=hours * 3600,
    )  # fmt: skip
    try:
        sound = replay_evening(plan, Console())
    except (DemoError, ValueError, OSError) as error:
        fail(f"The evening could not be replayed: {error}")
    raise typer.Exit(0 if sound else 2)


@app.command(epilog="Example: `beimen verify`")
def verify() -> None:
    """Go through the whole books; the first thing that does not fit is named first."""
    from rich.console import Console

    from service.books import verify_books

    raise typer.Exit(0 if verify_books(open_store(), Console()) else 1)


@app.command(epilog="Example: `beimen export --month 2026-10 --public`")
def export(
    month: Annotated[str, typer.Option(help="A published month, like 2026-10.")],
    out: Annotated[Path, typer.Option(help="The folder to write it into.")] = Path(),
    public: Annotated[
        bool, typer.Option("--public", help="For everyone: nothing about one household.")
    ] = False,
) -> None:
    """Write a published month as one archive that stands on its own."""
    from rich.console import Console

    from service.books import export_books

    try:
        done = export_books(open_store(), settings(), month, out, Console(), public=public)
    except OSError as error:
        fail(f"The archive could not be written: {error.strerror or error}")
    raise typer.Exit(0 if done else 1)


@app.command(epilog="Example: `beimen labels labels.html`, then print it from a browser")
def labels(
    out: Annotated[Path, typer.Argument(help="Where to write the page.")] = Path("labels.html"),
) -> None:
    """Write the QR labels of all outlets as one page to print."""
    from service.opening import NotReadyError, open_house
    from service.pages import print_labels

    try:
        count = print_labels(open_house(settings()), out)
    except (NotReadyError, ValueError, OSError) as error:
        fail(f"The labels could not be written: {error}")
    typer.echo(f"{count} labels in {out}; print at 100 %, A4")


@app.command(epilog="Example: `beimen verify-proof beimen-2026-10-3-201.txt`")
def verify_proof(
    file: Annotated[str, typer.Argument(help="A household's proof; - reads what is piped in.")],
    code: Annotated[str, typer.Option(help="The code of the notice, to be compared too.")] = "",
) -> None:
    """Check that a bill is inside the published total; needs no database and no network."""
    from service.billing.check_proof import run

    holds, said = run(file, code)
    typer.echo(said, err=not holds)
    raise typer.Exit(0 if holds else 1)


@app.command(epilog="Example: `beimen doctor`")
def doctor() -> None:
    """Look over this set-up; every finding says how to mend it."""
    from service.clock import SystemClock
    from service.doctor import examine

    findings = examine(settings(), SystemClock())
    for finding in findings:
        mark = "ok     " if finding.trouble is None else "TROUBLE"
        words = "" if finding.trouble is None else ": " + finding.trouble.in_language("en")
        typer.echo(f"{mark} {finding.subject}{words}")
    raise typer.Exit(1 if any(finding.trouble for finding in findings) else 0)
