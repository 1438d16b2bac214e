"""The long verbs about the books: verify them, make a month again, hand a month out.

Each shows a bar while it works and ends with what it found; the answer is True if all is well.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from service.archive import file_name, write_archive
from service.billing.actions import verify
from service.billing.actions.crediting import misfitting_credits
from service.billing.outcomes import Refused
from service.billing.records.queries import last_entry
from service.clock import monotonic
from service.desk.actions import checking
from service.flow.replay import Replayed, replay_month
from service.quantities import show_kwh, show_yuan
from service.settings import Settings
from service.store import Store
from service.usage.actions.judged import misfitting_judgements
from service.words import Sentence

MOST_SHOWN = 20
"""Findings that are printed; of more, how many."""

QUICK_S = 1e-6


@contextmanager
def bar(console: Console, what: str) -> Iterator[Callable[[float], None]]:
    """A bar on the terminal that is told the share done."""
    columns = (TextColumn(what), BarColumn(), TimeElapsedColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        task = progress.add_task(what, total=1.0)
        yield lambda share: progress.update(task, completed=share)


def verify_books(store: Store, console: Console) -> bool:
    """Walk the whole ledger, what was published, the papers of the desk, and what people decided
    and answered, worked out again from the evidence."""
    began = monotonic()
    with bar(console, "verifying") as tell, store.reading() as uow:
        head = last_entry(uow)
        entries = max(1, head.id if head else 1)
        verdict = verify(uow, lambda done: tell(done / entries))
        misfits = [*verdict.misfits, *checking.misfits(uow), *misfitting_credits(uow)]
        misfits += misfitting_judgements(uow, Settings().zone)
    took = max(monotonic() - began, QUICK_S)
    if misfits:
        _list(console, misfits, len(misfits))
    else:
        console.print(
            f"everything fits; the last seal is {verdict.seal or 'none yet'}", soft_wrap=True
        )
    console.print(
        f"{verdict.entries:,} entries in {took:.1f} s, {verdict.entries / took:,.0f} a second"
    )
    return not misfits


def replay_books(store: Store, settings: Settings, month: str, console: Console) -> bool:
    """Make a month again from the stored messages and compare it with what was published."""
    began = monotonic()
    with bar(console, f"replaying {month}") as tell, store.reading() as uow:
        found = replay_month(uow, settings, month, tell)
    if isinstance(found, Refused):
        _list(console, found.reasons, len(found.reasons))
        return False
    _tell_replay(found, max(monotonic() - began, QUICK_S), console)
    return found.is_equal


def _tell_replay(found: Replayed, took: float, console: Console) -> None:
    console.print(
        f"{found.month}: {found.sessions:,} bills made again from {found.messages:,} messages "
        f"({found.values:,} register values) in {took:.1f} s, "
        f"{found.span.seconds / took:,.0f} times as fast as they came"
    )
    console.print(
        f"energy {show_kwh(found.energy_wh)} kWh, lines {show_yuan(found.lines_fen)} yuan"
    )
    held = ", ".join(f"{count} {why}" for why, count in sorted(found.held.items()))
    console.print(f"held: {held or 'none'}; let go: {found.let_go}; decided: {found.decided}")
    console.print(
        f"rests on: orders, tariffs and decisions of people; payments and corrections of the "
        f"ledger; {found.lives} clock offsets, learned in {found.steps} steps from live messages "
        f"(stored messages alone would place an event up to {found.slack_ms} ms later)"
    )
    if found.root is not None:
        words = "published" if found.published else "written, not yet published"
        console.print(f"{found.statements} statements ({words}), root {found.root}", soft_wrap=True)
    if found.is_equal:
        console.print("everything came out the same, to the fen and to the root")
    else:
        _list(console, found.differences, found.differing)


def export_books(
    store: Store, settings: Settings, month: str, out: Path, console: Console, *, public: bool
) -> bool:
    """Write the archive of a month into a folder; it appears there only when it is whole."""
    out.mkdir(parents=True, exist_ok=True)
    name = out / file_name(month, public=public)
    with NamedTemporaryFile(dir=out, suffix=".part", delete=False) as part:
        whole = False
        try:
            with bar(console, f"exporting {month}") as tell, store.reading() as uow:
                done = write_archive(
                    uow, month, settings.zone, part,
                    compound=settings.compound, public=public, tell=tell,
                )  # fmt: skip
            whole = not isinstance(done, Refused)
        finally:
            if not whole:
                Path(part.name).unlink()
    if isinstance(done, Refused):
        _list(console, done.reasons, len(done.reasons))
        return False
    Path(part.name).chmod(0o644 if public else 0o600)
    Path(part.name).rename(name)
    size = name.stat().st_size / 2**20
    console.print(f"{name}: {done.statements} statements, {done.entries:,} entries, {size:.1f} MiB")
    return True


def _list(console: Console, sentences: Sequence[Sentence], count: int) -> None:
    for sentence in sentences[:MOST_SHOWN]:
        console.print(sentence.in_language("en"), style="red", soft_wrap=True, markup=False)
    if count > MOST_SHOWN:
        console.print(f"... and {count - MOST_SHOWN:,} more", style="red")
