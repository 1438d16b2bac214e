"""Who may charge on a household's account: its phones and keys, its helpers, its guests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from service.households.guests import (
    AMOUNTS_FEN,
    COUNTS,
    DAYS,
    ENERGIES_WH,
    Left,
    Limit,
    Taken,
    left,
)
from service.households.records import Pass, Passkey, SignIn
from service.pages.say_time import full_day, moment
from service.words import N_, Sentence

_DEVICES = (
    ("iphone", N_("iPhone")),
    ("ipad", N_("iPad")),
    ("harmony", N_("HarmonyOS phone")),
    ("android", N_("Android phone")),
    ("windows", N_("Windows computer")),
    ("macintosh", N_("Mac")),
    ("linux", N_("Linux computer")),
)
_APPS = (
    ("micromessenger", N_("WeChat")),
    ("alipay", N_("Alipay")),
    (" qq/", N_("QQ")),
    ("edg", N_("Edge")),
    ("firefox", N_("Firefox")),
    ("chrome", N_("Chrome")),
    ("safari", N_("Safari")),
)


@dataclass(frozen=True, slots=True)
class PhoneLine:
    """A phone that is signed in."""

    id: int
    what: Sentence
    since: Sentence
    until: Sentence
    is_this: bool
    by_key: bool


@dataclass(frozen=True, slots=True)
class KeyLine:
    """A key that a phone keeps."""

    id: int
    what: Sentence
    since: Sentence
    used: Sentence | None


@dataclass(frozen=True, slots=True)
class HelperLine:
    """Another person's phone that may start, see and stop; or an invitation that waits."""

    id: int
    label: str
    since: Sentence
    waits_until: Sentence | None


@dataclass(frozen=True, slots=True)
class GuestLine:
    """A guest, what they took and what is left."""

    id: int
    label: str
    until: Sentence
    is_used: bool
    is_running: bool
    charges: int
    taken_wh: int
    taken_fen: int
    most: Limit
    left: Left


@dataclass(frozen=True, slots=True)
class PeopleFacts:
    """What was looked up."""

    door: str
    now: datetime
    this_sign_in: int | None
    phones: Sequence[SignIn]
    passkeys: Sequence[Passkey]
    helpers: Sequence[Pass]
    guests: Sequence[Pass]
    taken: Mapping[int, Sequence[Taken]]


@dataclass(frozen=True, slots=True)
class PeopleView:
    """Everything the template writes."""

    door: str
    phones: tuple[PhoneLine, ...]
    keys: tuple[KeyLine, ...]
    helpers: tuple[HelperLine, ...]
    guests: tuple[GuestLine, ...]
    amounts_fen: tuple[int, ...] = AMOUNTS_FEN
    energies_wh: tuple[int, ...] = ENERGIES_WH
    counts: tuple[int, ...] = COUNTS
    days: tuple[int, ...] = DAYS


def phone_words(agent: str) -> Sentence:
    """A browser as its owner would name it: 'iPhone · WeChat'."""
    text = agent.casefold()
    device = next((word for mark, word in _DEVICES if mark in text), N_("Phone or computer"))
    app = next((word for mark, word in _APPS if mark in text), None)
    if app is None:
        return Sentence(device)
    return Sentence(N_("{device} · {app}"), {"device": Sentence(device), "app": Sentence(app)})


def people_view(facts: PeopleFacts, zone: tzinfo) -> PeopleView:
    """The page at this moment."""
    return PeopleView(
        facts.door,
        tuple(_phone(one, facts, zone) for one in facts.phones),
        tuple(
            KeyLine(
                one.id or 0,
                phone_words(one.agent),
                full_day(one.created_at, zone),
                moment(one.used_at, facts.now, zone) if one.used_at else None,
            )
            for one in facts.passkeys
        ),
        tuple(_helper(one, facts.now, zone) for one in facts.helpers),
        tuple(
            guest_line(one, facts.taken.get(one.id or 0, ()), facts.now, zone)
            for one in facts.guests
        ),
    )


def _phone(one: SignIn, facts: PeopleFacts, zone: tzinfo) -> PhoneLine:
    return PhoneLine(
        one.id or 0,
        phone_words(one.agent),
        moment(one.created_at, facts.now, zone),
        full_day(one.expires_at, zone),
        one.id == facts.this_sign_in,
        one.passkey_id is not None,
    )


def _helper(one: Pass, now: datetime, zone: tzinfo) -> HelperLine:
    waits = one.used_at is None and one.expires_at is not None
    return HelperLine(
        one.id or 0,
        one.label,
        moment(one.used_at or one.created_at, now, zone),
        moment(one.expires_at, now, zone) if waits and one.expires_at else None,
    )


def guest_line(one: Pass, taken: Sequence[Taken], now: datetime, zone: tzinfo) -> GuestLine:
    """A guest pass with its use. What runs is not added to what was taken: it is not known yet."""
    limit = Limit(one.most_energy_wh, one.most_fen, one.most_charges, one.expires_at)
    settled = [each for each in taken if each.is_settled]
    return GuestLine(
        one.id or 0,
        one.label,
        moment(one.expires_at or now, now, zone),
        one.used_at is not None,
        len(settled) < len(taken),
        len(taken),
        sum(each.energy_wh for each in settled),
        sum(each.fen for each in settled),
        limit,
        left(limit, settled),
    )
