"""the audit trail is append-only

Revision: 0003, after 0002

Who did what is added and never changed, removed or replaced, whoever asks and with whatever tool.
Only from where it was done is forgotten after a time: that column may become empty, nothing else.
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MESSAGE = "audit_entry: what was done stays written"
FIXED = ("id", "at", "actor_role", "actor_id", "action", "subject", "detail")
CHANGED = " OR ".join(
    [
        "NEW.from_address <> ''",
        *(
            f"CAST(NEW.{name} AS TEXT) IS DISTINCT FROM CAST(OLD.{name} AS TEXT)"
            for name in FIXED
        ),
    ]
)
SQLITE = {
    "fixed": f"BEFORE UPDATE ON audit_entry WHEN {CHANGED}",
    "kept": "BEFORE DELETE ON audit_entry",
    # SQLite's REPLACE removes the row in the way without asking a delete trigger
    "not_replaced": "BEFORE INSERT ON audit_entry "
    "WHEN EXISTS (SELECT 1 FROM audit_entry WHERE id = NEW.id)",
}
POSTGRESQL = {
    "fixed": f"BEFORE UPDATE ON audit_entry FOR EACH ROW WHEN ({CHANGED})",
    "kept": "BEFORE DELETE ON audit_entry FOR EACH ROW",
    "not_emptied": "BEFORE TRUNCATE ON audit_entry FOR EACH STATEMENT",
}


def upgrade() -> None:
    if op.get_context().dialect.name == "sqlite":
        for name, event in SQLITE.items():
            op.execute(
                f"CREATE TRIGGER audit_entry_{name} {event} "
                f"BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION audit_entry_stays() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{MESSAGE}' "
        "USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    for name, event in POSTGRESQL.items():
        op.execute(
            f"CREATE TRIGGER audit_entry_{name} {event} EXECUTE FUNCTION audit_entry_stays()"
        )


def downgrade() -> None:
    if op.get_context().dialect.name == "sqlite":
        for name in SQLITE:
            op.execute(f"DROP TRIGGER audit_entry_{name}")
        return
    for name in POSTGRESQL:
        op.execute(f"DROP TRIGGER audit_entry_{name} ON audit_entry")
    op.execute("DROP FUNCTION audit_entry_stays()")
