"""The tables of the archive: figures for a spreadsheet, and the exact texts behind every seal.

Amounts are in yuan and energies in kWh, exact, written by us. What a person or a pile wrote is
guarded against being run as a formula. A text that is digested stands in a cell of its own exactly
as it was digested; it begins with a bracket, so no spreadsheet takes it for a formula.
"""

from collections.abc import Iterator

from service.archive.beans import shown
from service.archive.container import Container
from service.archive.source import Source
from service.billing.facts import session_facts, tariff_facts
from service.billing.ledger import Account, Cause, Entry, canonical, sealed_text
from service.billing.outcomes import SessionToBill
from service.billing.pricing import Priced
from service.billing.spreadsheet import safe
from service.billing.statement import SessionBlock
from service.billing.tariff import show_slots
from service.quantities import show_e7, show_kwh, show_price, show_yuan

PUBLIC_TEXTS = frozenset({Cause.TARIFF, Cause.CLOSE})
"""The entries that speak of no household: prices, and what a month has published."""


def corrections(box: Container, source: Source) -> None:
    """What changed a household's balance besides its sessions and payments; negative is in its
    favour."""
    headings = ("entry", "cause", "ref", "happened", "household", "amount_yuan", "memo", "by")
    with box.table("corrections.csv", headings) as table:
        for entry, household, fen in _movements(source):
            if entry.draft.cause is not Cause.PAYMENT:
                table.add(*_movement(source, entry, household, fen))


def households(box: Container, source: Source) -> None:
    """Whose number is whose door, and which proof is theirs."""
    with box.table("households.csv", ("household", "door", "place", "proof")) as table:
        for household in source.households:
            place = source.tree.places[household]
            leaf = source.tree.leaves[place]
            table.add(household, safe(leaf.door), place + 1, proof_name(place + 1))


def proof_name(place: int) -> str:
    """The file of the proof at a place of the tree: nothing of a door in it."""
    return f"proofs/{place:06d}.txt"


def lines(box: Container, source: Source) -> None:
    """Every printed amount of the month."""
    headings = (
        "entry", "session", "household", "band", "band_name", "part", "kwh", "yuan_per_kwh",
        "exact_yuan", "amount_yuan", "left_over_yuan", "interpolated",
    )  # fmt: skip
    with box.table("lines.csv", headings) as table:
        for entry, block in _billed(source):
            for line in block.priced.lines:
                table.add(
                    entry.id,
                    safe(block.bill.session_id),
                    block.bill.household_id,
                    line.band,
                    safe(line.band_name),
                    line.component,
                    show_kwh(line.energy_wh),
                    show_price(line.price_e4),
                    show_e7(line.amount_e7),
                    show_yuan(line.amount_fen),
                    show_e7(line.remainder_e7),
                    "yes" if line.interpolated else "no",
                )


def payments(box: Container, source: Source) -> None:
    """Every payment of the month, as it was received."""
    headings = ("entry", "cause", "ref", "happened", "household", "amount_yuan", "memo", "by")
    with box.table("payments.csv", headings) as table:
        for entry, household, fen in _movements(source):
            if entry.draft.cause is Cause.PAYMENT:
                table.add(*_movement(source, entry, household, -fen))


def seals(box: Container, source: Source, *, public: bool) -> None:
    """The chain. For everyone: the seals alone, and the texts of prices and of the close."""
    with box.table("seals.csv", ("entry", "month", "cause", "seal", "text")) as table:
        for entry in source.chain():
            told = not public or entry.draft.cause in PUBLIC_TEXTS
            text = sealed_text(entry) if told else ""
            table.add(entry.id, entry.month, entry.draft.cause, entry.seal, text)


def sessions(box: Container, source: Source) -> None:
    """Every session of the month, with the text that its entry has sealed."""
    headings = (
        "entry", "session", "household", "pile", "outlet", "started", "ended", "register",
        "start_kwh", "end_kwh", "kwh", "amount_yuan", "why_it_stopped", "tariff", "late", "text",
    )  # fmt: skip
    with box.table("sessions.csv", headings) as table:
        for entry, block in _billed(source):
            table.add(entry.id, *_session(source, block.bill, block.priced, late=block.late))


def _session(
    source: Source, bill: SessionToBill, priced: Priced, *, late: bool
) -> tuple[object, ...]:
    return (
        safe(bill.session_id),
        bill.household_id,
        safe(bill.pile),
        bill.outlet,
        shown(bill.started_at, source.zone),
        shown(bill.ended_at, source.zone),
        safe(bill.register_id),
        show_kwh(bill.start_wh),
        show_kwh(bill.end_wh),
        show_kwh(priced.energy_wh),
        show_yuan(priced.total_fen),
        safe(bill.stop_reason),
        priced.version_id,
        "yes" if late else "no",
        canonical(session_facts(bill, priced)),
    )


def statements(box: Container, source: Source) -> None:
    """What each household's statement says."""
    headings = (
        "household", "opening_yuan", "lines_yuan", "corrections_yuan", "payments_yuan",
        "closing_yuan", "kwh", "sessions",
    )  # fmt: skip
    with box.table("statements.csv", headings) as table:
        for one in source.figures:
            amounts = (
                one.opening_fen, one.lines_fen, one.corrections_fen, one.payments_fen,
                one.closing_fen,
            )  # fmt: skip
            shown_amounts = map(show_yuan, amounts)
            table.add(one.household_id, *shown_amounts, show_kwh(one.energy_wh), one.sessions)


def tariffs(box: Container, source: Source) -> None:
    """The price of every band, and where in the chain which text of it was sealed."""
    headings = (
        "version", "starts", "band", "band_name", "times", "electricity_yuan_per_kwh",
        "service_yuan_per_kwh", "consent", "consent_scope", "entry", "seal", "text",
    )  # fmt: skip
    with box.table("tariffs.csv", headings) as table:
        for version, entry in source.tariffs():
            consent = shown(version.consent_at, source.zone) if version.consent_at else ""
            for position, band in enumerate(version.bands):
                table.add(
                    version.id,
                    shown(version.starts_at, source.zone),
                    position,
                    safe(band.name),
                    show_slots(band.slots),
                    show_price(band.electricity_e4),
                    show_price(band.service_e4),
                    consent,
                    safe(version.consent_scope),
                    entry.id,
                    entry.seal,
                    canonical(tariff_facts(version)),
                )


def _billed(source: Source) -> Iterator[tuple[Entry, SessionBlock]]:
    return ((entry, block) for entry, block in source.sessions() if block is not None)


def _movements(source: Source) -> Iterator[tuple[Entry, int, int]]:
    for entry in source.entries():
        if entry.draft.cause is Cause.SESSION:
            continue
        for posting in entry.draft.postings:
            if posting.account is Account.RECEIVABLE and posting.household_id is not None:
                yield entry, posting.household_id, posting.amount_fen


def _movement(source: Source, entry: Entry, household: int, fen: int) -> tuple[object, ...]:
    draft = entry.draft
    return (
        entry.id,
        draft.cause,
        safe(draft.cause_ref),
        shown(draft.happened_at, source.zone),
        household,
        show_yuan(fen),
        safe(draft.memo),
        safe(draft.written_by),
    )
