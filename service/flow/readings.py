"""Readings of a pile's meter: kept, shown on the board, and proof that a session runs."""

from service.flow import alarms, outlook, steps
from service.flow.house import Work
from service.metering.live import Progress
from service.piles.board import BootNow, OutletNow, PileNow
from service.piles.messages import Reading, Said
from service.sessions.lifecycle import Event, State


def time_of(boot: BootNow, uptime_ms: int, said: Said) -> int:
    """When it happened, in our time; of a boot that was never heard live: when it was received."""
    at_ms = boot.time_of(uptime_ms)
    return said.heard.received_ms if at_ms is None else min(at_ms, said.heard.received_ms)


def take_readings(work: Work, pile: PileNow, boot: BootNow, said: Said) -> None:
    """Keep every reading; show the newest of the present life; move the session it belongs to."""
    message = said.message
    for place, reading in enumerate(message.readings):
        work.readings.append(
            {
                "boot_no": boot.no,
                "seq": message.seq,
                "place": place,
                "outlet": reading.outlet,
                "register_id": reading.register_id,
                "energy_total_wh": reading.energy_total_wh,
                "power_w": reading.power_w,
                "voltage_v": reading.voltage_v,
                "current_ma": reading.current_ma,
                "temp_c": reading.temp_c,
                "uptime_ms": reading.uptime_ms,
                "received_ms": said.heard.received_ms,
                "reason": reading.reason,
                "session_id": reading.session_id,
            }
        )
        at_ms = time_of(boot, reading.uptime_ms, said)
        outlet = pile.outlets.get(reading.outlet)
        if outlet is not None and boot is pile.boot:
            _see(work, pile, outlet, (boot.rank, reading.uptime_ms), reading, at_ms)
        if reading.session_id is not None:
            _progress(work, pile, reading, at_ms, live=not message.buffered)


def _see(
    work: Work,
    pile: PileNow,
    outlet: OutletNow,
    order: tuple[int, int],
    reading: Reading,
    at_ms: int,
) -> None:
    """The newest reading is what the outlet shows; an older one changes nothing."""
    if order < outlet.order:
        return
    if reading.energy_total_wh is not None:
        same = outlet.register_id == reading.register_id
        if same and outlet.energy_wh is not None and reading.energy_total_wh < outlet.energy_wh:
            alarms.register_fell(work, pile, outlet, reading.energy_total_wh)
        outlet.energy_wh = reading.energy_total_wh
    outlet.order, outlet.register_id = order, reading.register_id
    outlet.power_w, outlet.current_ma = reading.power_w, reading.current_ma
    outlet.sample_ms, outlet.session_id = at_ms, reading.session_id
    outlet.temp_c = reading.temp_c
    work.outcomes.outlets.add((pile.id, outlet.number))
    alarms.watch_outlet(work, pile, outlet, at_ms)


def _progress(work: Work, pile: PileNow, reading: Reading, at_ms: int, *, live: bool) -> None:
    """A reading that carries an order number: how far the session is, and proof that it runs."""
    session_id = reading.session_id or ""
    known = work.house.open.get(session_id)
    if known is None:
        if live and session_id not in work.house.strangers and reading.reason != "stop":
            steps.stranger(work, pile, reading.outlet, session_id, at_ms)
        return
    if reading.energy_total_wh is not None:
        progress = work.house.progress.get(session_id)
        if progress is None:
            progress = Progress(reading.energy_total_wh, reading.energy_total_wh, at_ms)
            work.house.progress[session_id] = progress
        progress.take(reading.energy_total_wh, at_ms, reading.power_w)
    outlook.take_place(work, session_id, reading.current_ma, reading.power_w, at_ms)
    work.outcomes.sessions.add(session_id)
    if known.state is State.STARTING and reading.reason != "stop":
        steps.happened(work, session_id, Event.STARTED, at_ms)
