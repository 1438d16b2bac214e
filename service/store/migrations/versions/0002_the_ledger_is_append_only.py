"""the ledger is append-only

Revision: 0002, after 0001

The database itself refuses to change or remove what was posted or published, on SQLite and on
PostgreSQL, whoever asks and with whatever tool. Each rule below is one trigger. A later migration
that rebuilds one of these tables must put its triggers back.
"""

from typing import NamedTuple

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


class Rule(NamedTuple):
    """`event` on `table` is refused with `message` where `condition` holds (always, if empty)."""

    table: str
    event: str
    name: str
    message: str
    condition: str = ""


FACTS = {
    "tariff_version": ("id = NEW.id",),
    "tariff_band": ("version_id = NEW.version_id AND position = NEW.position",),
    "ledger_entry": ("id = NEW.id", "cause = NEW.cause AND cause_ref = NEW.cause_ref"),
    "ledger_posting": ("entry_id = NEW.entry_id AND position = NEW.position",),
    "billed_session": ("session_id = NEW.session_id", "entry_id = NEW.entry_id"),
    "bill_line": (
        "session_id = NEW.session_id AND band = NEW.band AND component = NEW.component",
    ),
    "statement": ("month = NEW.month AND household_id = NEW.household_id",),
    "month_close": ("month = NEW.month",),
    "proof_leaf": ("month = NEW.month AND household_id = NEW.household_id",),
    "proof_root": ("month = NEW.month",),
    "month_account": ("month = NEW.month",),
    "voucher": ("sha256 = NEW.sha256",),
    "hand_entry": ("id = NEW.id", "form_key = NEW.form_key"),
    "grid_bill": ("hand_entry_id = NEW.hand_entry_id",),
    "held_decision": ("session_id = NEW.session_id",),
    "tariff_draft": ("id = NEW.id",),
    "question": ("id = NEW.id", "session_id = NEW.session_id"),
}
"""Tables to which rows are only added, each with its keys. SQLite's REPLACE removes the row that is
in the way without asking a delete trigger, so there a key that is taken is refused at insert."""

CLOSED = "<= (SELECT max(month) FROM month_close)"

WRITTEN_ONCE = (
    "id", "form_key", "kind", "amount_fen", "happened_at", "paid_by", "household_id",
    "other_household_id", "counter_of", "memo", "voucher_sha256", "written_at", "written_by",
)  # fmt: skip
"""What of an entry by hand is fixed as soon as it is written: a second person signs just that."""

RULES = [
    *(
        Rule(table, "DELETE", "kept", f"{table}: what was posted is never removed")
        for table in FACTS
    ),
    *(
        Rule(table, "UPDATE", "fixed", f"{table}: what was posted never changes, counter it instead")
        for table in FACTS
        if table not in ("month_close", "hand_entry", "question", "tariff_draft")
    ),
    Rule(
        "hand_entry", "UPDATE", "decided", "hand_entry: what was decided never changes",
        "OLD.state <> 'waiting' OR "
        + " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in WRITTEN_ONCE),
    ),
    Rule(
        "hand_entry", "INSERT", "begins", "hand_entry: an entry begins as one that waits",
        "NEW.state <> 'waiting'",
    ),
    Rule(
        "grid_bill", "INSERT", "begins", "grid_bill: its entry is decided",
        "(SELECT state FROM hand_entry WHERE id = NEW.hand_entry_id) <> 'waiting'",
    ),
    Rule(
        "question", "UPDATE", "answered", "question: what was asked and answered never changes",
        "NEW.session_id <> OLD.session_id OR NEW.household_id <> OLD.household_id"
        " OR NEW.evidence_sha256 <> OLD.evidence_sha256 OR (OLD.state <> 'open'"
        " AND (NEW.state <> OLD.state OR coalesce(NEW.entry_id, 0) <> coalesce(OLD.entry_id, 0)))",
    ),
    Rule(
        "tariff_draft", "UPDATE", "decided", "tariff_draft: what was decided never changes",
        "OLD.state <> 'open'",
    ),
    Rule(
        "month_close", "UPDATE", "forward", "month_close: a close only goes forward",
        "NOT (NEW.month = OLD.month AND NEW.closed_at = OLD.closed_at"
        " AND NEW.closed_by = OLD.closed_by AND NEW.left_open = OLD.left_open AND ("
        "(OLD.state = 'closing' AND NEW.state = 'written') OR "
        "(OLD.state = 'written' AND NEW.state = 'published')))",
    ),
    Rule(
        "month_close", "INSERT", "in_order", "month_close: months are closed in their order",
        f"NEW.month {CLOSED} OR NEW.state <> 'closing'",
    ),
    Rule(
        "ledger_entry", "INSERT", "numbered", "ledger_entry: numbers follow on without a gap",
        "NEW.id <> coalesce((SELECT max(id) FROM ledger_entry), 0) + 1",
    ),
    Rule(
        "ledger_entry", "INSERT", "month_open", "ledger_entry: its month is closed",
        f"NEW.month {CLOSED}",
    ),
    Rule(
        "ledger_posting", "INSERT", "month_open", "ledger_posting: its month is closed",
        f"(SELECT month FROM ledger_entry WHERE id = NEW.entry_id) {CLOSED}",
    ),
    Rule(
        "billed_session", "INSERT", "month_open", "billed_session: its month is closed",
        f"NEW.month {CLOSED}",
    ),
    Rule(
        "bill_line", "INSERT", "month_open", "bill_line: its month is closed",
        f"(SELECT month FROM billed_session WHERE session_id = NEW.session_id) {CLOSED}",
    ),
    Rule(
        "statement", "INSERT", "closing", "statement: written only while its month is being closed",
        "NOT EXISTS (SELECT 1 FROM month_close WHERE month = NEW.month AND state = 'closing')",
    ),
    *(
        Rule(
            table, "INSERT", "closing", f"{table}: written only with the statements of its month",
            "NOT EXISTS (SELECT 1 FROM month_close WHERE month = NEW.month AND state = 'closing')",
        )
        for table in ("proof_leaf", "proof_root")
    ),
    Rule(
        "month_account", "INSERT", "publishing",
        "month_account: written only while its month is being published",
        "NOT EXISTS (SELECT 1 FROM month_close WHERE month = NEW.month AND state = 'written')",
    ),
    Rule(
        "tariff_band", "INSERT", "published", "tariff_band: its version is published",
        "EXISTS (SELECT 1 FROM ledger_entry WHERE cause = 'tariff'"
        " AND cause_ref = CAST(NEW.version_id AS VARCHAR(20)))",
    ),
]  # fmt: skip

NOT_REPLACED = [
    Rule(
        table, "INSERT", "not_replaced", f"{table}: what was posted is never replaced",
        " OR ".join(f"EXISTS (SELECT 1 FROM {table} WHERE {key})" for key in keys),
    )
    for table, keys in FACTS.items()
]  # fmt: skip


def upgrade() -> None:
    if op.get_context().dialect.name == "sqlite":
        for rule in [*RULES, *NOT_REPLACED]:
            # before 3.39 SQLite knows the comparison that sees NULL only by its own name
            condition = rule.condition.replace("IS DISTINCT FROM", "IS NOT")
            when = f"WHEN {condition} " if condition else ""
            op.execute(
                f"CREATE TRIGGER {rule.table}_{rule.name} BEFORE {rule.event} ON {rule.table} "
                f"{when}BEGIN SELECT RAISE(ABORT, '{rule.message}'); END"
            )
        return
    for rule in RULES:
        _guard(rule, "FOR EACH ROW")
    for table in FACTS:
        message = f"{table}: what was posted is never removed"
        _guard(Rule(table, "TRUNCATE", "not_emptied", message), "FOR EACH STATEMENT")


def _guard(rule: Rule, each: str) -> None:
    name = f"{rule.table}_{rule.name}"
    refuse = f"RAISE EXCEPTION '{rule.message}' USING ERRCODE = 'integrity_constraint_violation';"
    if rule.condition:
        refuse = f"IF {rule.condition} THEN {refuse} END IF;"
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN {refuse} RETURN NEW; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {name} BEFORE {rule.event} ON {rule.table} {each} EXECUTE FUNCTION {name}()"
    )


def downgrade() -> None:
    if op.get_context().dialect.name == "sqlite":
        for rule in [*RULES, *NOT_REPLACED]:
            op.execute(f"DROP TRIGGER {rule.table}_{rule.name}")
        return
    for table, name in [*((r.table, r.name) for r in RULES), *((t, "not_emptied") for t in FACTS)]:
        op.execute(f"DROP TRIGGER {table}_{name} ON {table}")
        op.execute(f"DROP FUNCTION {table}_{name}()")
