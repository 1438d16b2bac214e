"""How often somebody may try: growing delays for wrong passwords and codes, a cap for floods.

A delay belongs to an address *and* an account, so guessing at one door never shuts another's.
Wider lanes (one address against many accounts, many addresses against one account) allow more and
delay less. A browser that was let in before walks in a lane of its own: whoever floods the
account from elsewhere cannot keep its owner out.
"""

import ipaddress
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

FORGOTTEN_AFTER_SECONDS = 3_600
MOST_TALLIES = 20_000


@dataclass(frozen=True, slots=True)
class Patience:
    """How many tries are free, and how long the delay may grow, in seconds."""

    free: int
    longest_seconds: int


class Lane(Enum):
    """What tries are counted by."""

    PAIR = Patience(free=5, longest_seconds=900)
    """One address (or one known browser) at one account."""
    CODE = Patience(free=10, longest_seconds=60)
    """One address (or one known browser) with household codes of any door.

    A code has 31**7 values: with 200 open ones, an address that tries one a minute needs more than
    a hundred years for an even chance. So the delay can stay short for those who share one.
    """
    ADDRESS = Patience(free=30, longest_seconds=60)
    """One address, whatever the account."""
    ACCOUNT = Patience(free=50, longest_seconds=30)
    """One account, from unknown browsers anywhere."""


Key = tuple[Lane, str]


@dataclass(slots=True)
class _Tally:
    tries: int = 0
    until: float = 0.0
    last: float = 0.0


class Tries:
    """Counts wrong tries and says how long to wait. `seconds` is a clock that never jumps."""

    def __init__(self, seconds: Callable[[], float]):
        self._seconds = seconds
        self._tallies: OrderedDict[Key, _Tally] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, keys: Sequence[Key]) -> int:
        """Seconds to wait before a try; 0 means it is taken, and counted until it succeeds.

        Counting first leaves no gap through which a hundred tries could slip at the same time.
        """
        now = self._seconds()
        with self._lock:
            wait = max(self._tally(key, now).until for key in keys) - now
            if wait > 0:
                return max(1, round(wait))
            for key in keys:
                tally = self._tally(key, now)
                tally.tries += 1
                tally.last = now
                over = tally.tries - key[0].value.free
                if over >= 0:
                    tally.until = now + min(2.0 ** min(over + 1, 20), key[0].value.longest_seconds)
        return 0

    def succeeded(self, keys: Sequence[Key]) -> None:
        """The try was right: its own lane starts afresh, wider ones take back this one try."""
        with self._lock:
            for key in keys:
                tally = self._tallies.get(key)
                if tally is None:
                    continue
                tally.tries -= 1
                if tally.tries < key[0].value.free:
                    tally.until = 0.0
                if key[0] in (Lane.PAIR, Lane.CODE) or tally.tries <= 0:
                    del self._tallies[key]

    def _tally(self, key: Key, now: float) -> _Tally:
        tally = self._tallies.get(key)
        if tally is not None and now - tally.last > FORGOTTEN_AFTER_SECONDS:
            tally = None
        if tally is None:
            tally = self._tallies[key] = _Tally(last=now)
            if len(self._tallies) > MOST_TALLIES:
                self._tallies.popitem(last=False)
        self._tallies.move_to_end(key)
        return tally


class Flood:
    """A plain cap on requests per minute and address, far above what people do."""

    SIGN_INS = RateLimitItemPerMinute(60)
    CHANGES = RateLimitItemPerMinute(600)

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def allows(self, item: RateLimitItemPerMinute, address: str) -> bool:
        """Count one request; False if there were too many in the last minute."""
        return self._limiter.hit(item, network_of(address))


def network_of(address: str) -> str:
    """What counts as one address: an IPv4 address, or the /56 an IPv6 line usually gets."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 56), strict=False))
    return str(parsed)
