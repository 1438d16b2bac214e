"""The lives of a pile, its switches and the way it is heard: for whoever stands before it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from service.clock import from_ms
from service.pages.say_time import moment, span
from service.piles.board import OutletNow
from service.piles.records import Boot, Command
from service.piles.switch_test import OffCommand, Seen, Verdict, judge_closing, judge_opening
from service.words import N_, Sentence

STRONG_DBM, GOOD_DBM, WEAK_DBM = -75, -90, -100
"""Below the last a 4G or NB-IoT module loses messages (field practice; the contract calls it
weak). The scale of modules ends at -113 dBm (3GPP TS 27.007, +CSQ)."""

REASONS = {
    "power_on": N_("the power came back"),
    "watchdog": N_("it had hung and restarted itself"),
    "software": N_("its program restarted it"),
    "command": N_("it was told to restart"),
    "brownout": N_("the voltage fell too low"),
    "firmware": N_("new firmware was installed"),
    "panic": N_("its program broke"),
    "external": N_("its reset was pressed"),
}


@dataclass(frozen=True, slots=True)
class Life:
    """One start of a pile."""

    number: int | None
    since: Sentence
    lasted: Sentence
    reason: Sentence | str | None
    is_running: bool


@dataclass(frozen=True, slots=True)
class SwitchView:
    """One outlet's switch: when it was last told to open, and both verdicts."""

    outlet: int
    tested: Sentence | None
    opening: Verdict | None
    closing: Verdict


def lives(
    boots: Sequence[tuple[Boot, str | None]], now: datetime, zone: tzinfo, running: str | None
) -> tuple[Life, ...]:
    """The starts of a pile with the text of their hellos, newest first; `running` is the boot_id
    of the life that it is in."""
    return tuple(
        Life(
            number=boot.boot_count,
            since=moment(from_ms(boot.first_heard_ms), now, zone),
            lasted=span((boot.last_heard_ms - boot.first_heard_ms) / 1000),
            reason=_reason(hello),
            is_running=boot.boot_id == running,
        )
        for boot, hello in boots
    )


def _reason(hello: str | None) -> Sentence | str | None:
    try:
        body = json.loads(hello or "")
    except ValueError:
        return None
    word = body.get("reset_reason") if isinstance(body, dict) else None
    if not isinstance(word, str):
        return None
    return Sentence(REASONS[word]) if word in REASONS else word


def switch_view(
    outlet: OutletNow,
    off: Command | None,
    last_drew_at: datetime | None,
    now: datetime,
    zone: tzinfo,
) -> SwitchView:
    """What is known of one switch. `off` is the newest off command that named no session."""
    opening = tested = None
    if off is not None:
        at = from_ms(off.issued_ms)
        tested = moment(at, now, zone)
        opening = judge_opening(
            OffCommand(at, off.status, off.code),
            Seen(
                outlet.power_w,
                from_ms(outlet.sample_ms) if outlet.sample_ms else None,
                outlet.state not in ("empty", "unknown"),
            ),
        )
    drew = moment(last_drew_at, now, zone) if last_drew_at else None
    return SwitchView(outlet.number, tested, opening, judge_closing(drew))


def signal_words(rssi_dbm: int | None) -> Sentence | None:
    """How well a pile is heard, in words with the figure; None if it never said."""
    if rssi_dbm is None:
        return None
    values = {"dbm": f"−{abs(rssi_dbm)}"}
    if rssi_dbm < WEAK_DBM:
        return Sentence(N_("weak: messages get lost, look at the antenna ({dbm} dBm)"), values)
    if rssi_dbm < GOOD_DBM:
        return Sentence(N_("just enough ({dbm} dBm)"), values)
    if rssi_dbm < STRONG_DBM:
        return Sentence(N_("good ({dbm} dBm)"), values)
    return Sentence(N_("strong ({dbm} dBm)"), values)
