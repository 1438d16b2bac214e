"""What a pile says, walked through the rooms: message -> boot -> session -> meter -> risk -> page.

One batch is one unit of work. Every message is a fact with a name; facts may come late, twice or
in any order, and change nothing the second time. Replies leave only after the commit.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from service.flow import alarms, cables, requests, settling, steps
from service.flow.house import House, Work
from service.flow.readings import take_readings, time_of
from service.metering.records import Reading as ReadingRow
from service.piles import commands
from service.piles.actions import note_offsets, open_boot, save_boots, save_status, set_aside
from service.piles.board import BootNow, PileNow
from service.piles.messages import (
    Heard,
    Numbered,
    Outgoing,
    OutletEvent,
    Poison,
    Result,
    Said,
    understand,
)
from service.piles.received import MOST_MISSING
from service.piles.records import PileMessage

LATE_SWIPE_MS = 30_000
"""A swipe older than this, by the pile's own uptime, is not obeyed."""

FOLLOW_EVERY_MS = 250
"""In a flood the feeders are looked at four times a second, not after every batch."""


@dataclass(slots=True)
class Taken:
    """What came of a batch that is now committed."""

    replies: list[Outgoing] = field(default_factory=list)


def take(house: House, heard: Sequence[Heard]) -> Taken:
    """Take a batch in order. On return all of it is committed; if it raises, nothing is."""
    understood = [understand(one) for one in heard]
    with house.work() as work:
        for one, said in zip(heard, understood, strict=True):
            if isinstance(said, Poison):
                _take_poison(work, one, said)
            else:
                _take_one(work, said)
        _store(work)
        if work.now_ms - house.followed_ms >= FOLLOW_EVERY_MS:
            cables.follow_feeders(work)
    return Taken(work.replies)


def put_aside(house: House, heard: Heard, reason: str) -> None:
    """Keep, committed, a message on which `take` breaks every time."""
    with house.work() as work:
        set_aside(work.uow, heard.received_ms, heard.topic, heard.payload, reason)
        work.count("dead_letters", reason.split(":", maxsplit=1)[0])


def _take_poison(work: Work, heard: Heard, poison: Poison) -> None:
    if heard.retain and "/down/" in heard.topic:
        alarms.retained_command(work, heard.topic)
    set_aside(work.uow, heard.received_ms, heard.topic, heard.payload, poison.reason)
    work.count("dead_letters", poison.reason.split(":")[0])


def _take_one(work: Work, said: Said) -> None:
    work.count("messages", said.kind)
    if said.kind == "feeder":
        cables.take_feeder_reading(work, said)
        return
    pile = work.house.board.piles.get(said.pile)
    if pile is None:
        _take_poison(work, said.heard, Poison(said.pile, "pile: not enrolled here"))
        return
    boot = open_boot(work.uow, work.house.board, pile.id, _boot_id(said), said.heard.received_ms)
    if isinstance(said.message, Numbered) and not _remember(work, boot, said):
        return
    if _comes_from_the_pile(said):
        _hear(work, pile, boot, said)
    WALKS[said.kind](work, pile, boot, said)


def _boot_id(said: Said) -> str:
    if said.kind == "session":
        return str(said.message.end.boot_id)
    return str(said.message.boot_id)


def _remember(work: Work, boot: BootNow, said: Said) -> bool:
    """Store a numbered message once; False if it was stored before."""
    seq = said.message.seq
    if not boot.received.has_room_for(seq):
        _take_poison(work, said.heard, Poison(boot.pile, "seq: more gaps than a pile can make"))
        return False
    work.boots[boot.no] = boot
    if not boot.received.add(seq):
        work.count("duplicates", said.kind)
        return False
    work.messages.append(
        {
            "boot_no": boot.no,
            "seq": seq,
            "kind": said.kind,
            "received_ms": said.heard.received_ms,
            "payload": said.heard.payload.decode(),
        }
    )
    return True


def _comes_from_the_pile(said: Said) -> bool:
    """A retained message may be old, and a last will is the broker's word, not the pile's."""
    return not said.heard.retain and not (said.kind == "state" and said.message.state == "lost")


def _hear(work: Work, pile: PileNow, boot: BootNow, said: Said) -> None:
    """A live message: the pile is there, and its uptime maps to our time."""
    received_ms = said.heard.received_ms
    boot.last_heard_ms = max(boot.last_heard_ms, received_ms)
    uptime_ms = getattr(said.message, "uptime_ms", None)
    is_buffered = getattr(said.message, "buffered", False)
    if uptime_ms is not None and not is_buffered and boot.hear(uptime_ms, received_ms):
        work.boots[boot.no] = work.timed[boot.no] = boot
    now = pile.boot
    is_newer = now is None or now.offset_ms is None or boot.rank > now.rank
    if is_newer and boot.offset_ms is not None:
        pile.boot = boot
    pile.heard_ms = max(pile.heard_ms, received_ms)
    if said.kind != "state":
        pile.said = "online"
    if pile.silence_told:
        pile.silence_told = False
        alarms.heard_again(work, pile)
        work.outcomes.piles.add(pile.id)


def _store(work: Work) -> None:
    work.uow.insert_new(PileMessage, work.messages)
    work.uow.insert_new(ReadingRow, work.readings)
    save_boots(work.uow, work.boots.values())
    note_offsets(work.uow, work.timed.values(), work.now_ms)
    save_status(work.uow, work.piles.values())


# --- everything else -----------------------------------------------------------------------------


def _state(work: Work, pile: PileNow, boot: BootNow, said: Said) -> None:
    """Birth, planned stop, or a last will; the will of an older connection is ignored."""
    message = said.message
    if message.state != "online" and message.conn_id != pile.conn_id:
        work.count("late_wills")
        return
    if message.state == "online":
        if said.heard.retain and pile.conn_id is not None:
            return
        pile.conn_id = message.conn_id
    pile.said = message.state if message.state in ("online", "offline", "lost") else "unknown"
    work.touch(pile)


def _hello(work: Work, pile: PileNow, boot: BootNow, said: Said) -> None:
    """Birth: who it is, and a welcome.

    The settlements said to be stored are never more than the pile itself believes: after its board
    was replaced it counts from one again, and the old board's numbers must not delete the new
    one's records. What is stored already is answered as a duplicate when it comes again.
    """
    message = said.message
    steps.number_boot(work, pile, boot, message)
    alarms.check_identity(work, pile, message.serial, said.heard.received_ms)
    pile.said, pile.conn_id = "online", message.conn_id
    pile.model, pile.fw, pile.clock = message.model, message.fw, message.clock
    pile.rssi_dbm, pile.config_rev = message.rssi_dbm, message.config_rev
    work.touch(pile)
    work.replies.append(
        commands.welcome(
            pile.id,
            conn_id=message.conn_id,
            echo_uptime_ms=message.uptime_ms,
            now_ms=work.now_ms,
            config_rev=message.config_rev,
            settlement_acked_seq=max(0, message.settlement_seq - message.settlements_unacked),
            rebirth=any(outlet.state == "unknown" for outlet in pile.outlets.values()),
        )
    )
    boot.told_through = 0
    _tell_committed(work, pile, boot)


def _heartbeat(work: Work, pile: PileNow, boot: BootNow, said: Said) -> None:
    message = said.message
    pile.rssi_dbm, pile.temp_c, pile.clock = message.rssi_dbm, message.temp_c, message.clock
    pile.said = "online"
    for status in message.outlets:
        outlet = pile.outlets.get(status.outlet)
        if outlet is None:
            continue
        outlet.state, outlet.state_ms = status.state, said.heard.received_ms
        if status.power_w is not None:
            outlet.sample(status.power_w, said.heard.received_ms)
        elif status.session_id is None and status.state not in ("fault", "unknown"):
            outlet.power_w, outlet.current_ma = 0.0, 0
            outlet.sample_ms = said.heard.received_ms
        work.outcomes.outlets.add((pile.id, status.outlet))
        steps.compare_with_pile(work, pile, status, said.heard.received_ms)
    alarms.compare_faults(work, pile, message.faults, said.heard.received_ms)
    _tell_committed(work, pile, boot)


def _tell_committed(work: Work, pile: PileNow, boot: BootNow) -> None:
    """Tell the pile what it may forget, when that has moved."""
    highest = boot.received.highest()
    if pile.conn_id is None or highest <= boot.told_through:
        return
    boot.told_through = highest
    missing = boot.received.missing()
    if len(missing) == MOST_MISSING:  # perhaps not all are named: promise no more than is sure
        highest, missing = boot.received.through, []
    work.replies.append(commands.committed(pile.id, pile.conn_id, boot.boot_id, highest, missing))


def _outlet(work: Work, pile: PileNow, boot: BootNow, said: Said) -> None:
    """Plugged, unplugged, full: unplugging ends the session at once."""
    message: OutletEvent = said.message
    at_ms = time_of(boot, message.uptime_ms, said)
    outlet = pile.outlets.get(message.outlet)
    if outlet is not None and at_ms >= outlet.state_ms:
        outlet.state_ms = at_ms
        outlet.state = message.state or {"unplugged": "empty", "full_detected": "full"}.get(
            message.event, outlet.state
        )
        work.outcomes.outlets.add((pile.id, outlet.number))
    if message.event == "unplugged":
        steps.unplugged(work, pile, message.outlet, message.session_id, at_ms)


def _card(work: Work, pile: PileNow, boot: BootNow, said: Said) -> None:
    """A swipe is a request like any other; the start itself travels as a command."""
    message = said.message
    uptime_ms = pile.uptime_at(said.heard.received_ms)
    stale = uptime_ms is not None and uptime_ms - message.uptime_ms > LATE_SWIPE_MS
    result = "try_app" if stale else requests.swiped(work, pile, boot.boot_id, message)
    if pile.conn_id is not None:
        work.replies.append(commands.card_result(pile.id, pile.conn_id, message.swipe_id, result))


def _result(work: Work, pile: PileNow, boot: BootNow, said: Said) -> None:
    message: Result = said.message
    at_ms = time_of(boot, message.uptime_ms, said)
    steps.command_answered(work, pile, message, at_ms)


def _session(work: Work, pile: PileNow, boot: BootNow, said: Said) -> None:
    verdict = settling.take_settlement(work, pile, said.message, said.heard)
    if pile.conn_id is not None:
        acked = (said.message.settlement_seq, said.message.session_id, verdict)
        work.replies.append(commands.session_ack(pile.id, pile.conn_id, [acked]))


def _fault(work: Work, pile: PileNow, boot: BootNow, said: Said) -> None:
    alarms.take_fault(work, pile, said.message, time_of(boot, said.message.uptime_ms, said))


def _config(work: Work, pile: PileNow, boot: BootNow, said: Said) -> None:
    pile.config_rev = said.message.rev
    work.touch(pile)


def _firmware(work: Work, pile: PileNow, boot: BootNow, said: Said) -> None:
    work.count("firmware", said.message.phase)


def _time(work: Work, pile: PileNow, boot: BootNow, said: Said) -> None:
    message = said.message
    if pile.conn_id is not None:
        reply = commands.time_reply(pile.id, pile.conn_id, message.uptime_ms, work.now_ms)
        work.replies.append(reply)
    alarms.check_clock(work, pile, message.clock, message.time_utc, said.heard.received_ms)


Walk = Callable[[Work, PileNow, BootNow, Said], None]

WALKS: dict[str, Walk] = {
    "state": _state,
    "hello": _hello,
    "heartbeat": _heartbeat,
    "meter": take_readings,
    "outlet": _outlet,
    "card": _card,
    "result": _result,
    "session": _session,
    "fault": _fault,
    "config": _config,
    "firmware": _firmware,
    "time": _time,
}
"""What each message does."""
