"""When a session began and ended by the service's clock, as its final record tells.

A record names moments of a pile's life (which boot, how long after it); the offset of that boot
makes them times of ours (wire contract, section 5). A life that was never heard live has none.
"""

from collections.abc import Callable

from service.piles.messages import Moment, Settlement

TimeOf = Callable[[str, int], int | None]
"""A boot_id and an uptime (ms) to a time by the service's clock (ms), or None."""


def span_of(settlement: Settlement, time_of: TimeOf, now_ms: int) -> tuple[int, int]:
    """Beginning and end in ms. What is not known is placed by the length that the record names;
    nothing lies in the future."""
    start_ms = _moment_ms(settlement.start, time_of, now_ms)
    end_ms = _moment_ms(settlement.end, time_of, now_ms)
    length_ms = settlement.duration_s * 1000
    if end_ms is None:
        end_ms = start_ms + length_ms if start_ms is not None else now_ms
    if start_ms is None:
        start_ms = end_ms - length_ms
    return min(start_ms, end_ms), end_ms


def _moment_ms(moment: Moment, time_of: TimeOf, now_ms: int) -> int | None:
    at_ms = time_of(moment.boot_id, moment.uptime_ms)
    return None if at_ms is None else min(at_ms, now_ms)
