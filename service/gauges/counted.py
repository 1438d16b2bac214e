"""What is counted: every word that the conductor counts, under its Prometheus name."""

from dataclasses import dataclass

from service.flow.uplink import WALKS
from service.sessions.may_start import Reason


@dataclass(frozen=True, slots=True)
class Counted:
    """A counter fed by `Work.count(what, label)`: its name, help text, label, and known values,
    which begin at 0 so that a rate is never without data."""

    name: str
    help: str
    label: str | None = None
    known: tuple[str, ...] = ()


COUNTED: dict[str, Counted] = {
    "messages": Counted("messages", "Messages of piles taken.", "kind", (*WALKS, "feeder")),
    "duplicates": Counted("duplicates", "Messages that came again.", "kind", ("meter", "session")),
    "dead_letters": Counted(
        "dead_letters", "Messages set aside.", "reason", ("topic", "size", "payload", "pile", "seq")
    ),
    "starts": Counted("starts", "Sessions begun.", "source", ("qr", "card", "gatehouse", "api")),
    "refusals": Counted("refusals", "Starts refused.", "reason", tuple(Reason)),
    "queued": Counted("queued_starts", "Starts that had to wait for a feeder.", "feeder"),
    "stops": Counted("stops", "Sessions that were asked to stop.", "reason", ("user", "shed")),
    "commands": Counted("commands", "Commands written for piles.", "cmd", ("start", "stop")),
    "results": Counted("results", "Answers of piles.", "status", ("accepted", "done", "failed")),
    "unanswered": Counted("unanswered_commands", "Given up.", "cmd", ("start", "stop")),
    "settlements": Counted("settlements", "Settlements stored.", "result", ("stored", "held")),
    "decisions": Counted(
        "held_decisions", "Held sessions decided.", "choice", ("record", "readings", "waive")
    ),
    "incidents": Counted("incidents", "Incidents that began.", "code", ("silent", "job_failed")),
    "safety_off": Counted("safety_switch_offs", "Outlets switched off for a fault.", "code"),
    "shed": Counted("shed_sessions", "Sessions paused for a feeder.", "feeder"),
    "refused_steps": Counted("refused_steps", "Events that made no sense in a state.", "step"),
    "late_wills": Counted("late_wills", "Last wills of connections that were over."),
    "unknown_commands": Counted("unknown_results", "Answers to commands nobody gave."),
    "unknown_feeder_meters": Counted("unknown_feeder_meters", "Readings of unknown feeders."),
    "firmware": Counted("firmware_reports", "Reports of firmware updates.", "phase"),
}  # fmt: skip
