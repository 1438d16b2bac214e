"""Times and spans as people say them: 今晚 22:40, 3 分钟前, 2 小时 16 分."""

from datetime import datetime, tzinfo

from service.words import N_, Sentence

_TODAY = (
    (5, N_("in the night at {time}")),
    (12, N_("this morning {time}")),
    (18, N_("this afternoon {time}")),
    (24, N_("tonight {time}")),
)
_YESTERDAY = (
    (12, N_("yesterday morning {time}")),
    (18, N_("yesterday afternoon {time}")),
    (24, N_("last night {time}")),
)
_TOMORROW = (
    (12, N_("tomorrow morning {time}")),
    (18, N_("tomorrow afternoon {time}")),
    (24, N_("tomorrow night {time}")),
)
_NEAR = {-1: _YESTERDAY, 0: _TODAY, 1: _TOMORROW}

_DATES = (
    N_("{day} January"), N_("{day} February"), N_("{day} March"), N_("{day} April"),
    N_("{day} May"), N_("{day} June"), N_("{day} July"), N_("{day} August"),
    N_("{day} September"), N_("{day} October"), N_("{day} November"), N_("{day} December"),
)  # fmt: skip

_MONTHS = (
    N_("January {year}"), N_("February {year}"), N_("March {year}"), N_("April {year}"),
    N_("May {year}"), N_("June {year}"), N_("July {year}"), N_("August {year}"),
    N_("September {year}"), N_("October {year}"), N_("November {year}"), N_("December {year}"),
)  # fmt: skip

WEEKDAYS = (
    N_("Monday"), N_("Tuesday"), N_("Wednesday"), N_("Thursday"),
    N_("Friday"), N_("Saturday"), N_("Sunday"),
)  # fmt: skip


def clock_time(at: datetime, zone: tzinfo) -> str:
    """'21:03' by the compound's clock."""
    return at.astimezone(zone).strftime("%H:%M")


def clock_seconds(at: datetime, zone: tzinfo) -> str:
    """'21:03:10': for the age of a figure, where a minute matters."""
    return at.astimezone(zone).strftime("%H:%M:%S")


def on_day(at: datetime, zone: tzinfo) -> Sentence:
    """A date without its year: '2 March', 3月2日."""
    local = at.astimezone(zone)
    return Sentence(_DATES[local.month - 1], {"day": local.day})


def full_day(at: datetime, zone: tzinfo) -> Sentence:
    """A date with its year: '2 March 2026', 2026年3月2日."""
    values = {"day": on_day(at, zone), "year": at.astimezone(zone).year}
    return Sentence(N_("{day} {year}"), values)


def month(text: str) -> Sentence:
    """A month of the books ('2026-03') as people write it: 'March 2026', 2026年3月."""
    return Sentence(_MONTHS[int(text[5:7]) - 1], {"year": text[:4]})


def weekday(number: int) -> Sentence:
    """A day of the week; 0 is Monday."""
    return Sentence(WEEKDAYS[number])


def moment(at: datetime, now: datetime, zone: tzinfo) -> Sentence:
    """A moment near now by its part of the day, any other by its date."""
    local, today = at.astimezone(zone), now.astimezone(zone)
    time = local.strftime("%H:%M")
    for until_hour, message in _NEAR.get((local.date() - today.date()).days, ()):
        if local.hour < until_hour:
            return Sentence(message, {"time": time})
    return Sentence(N_("{day}, {time}"), {"day": on_day(at, zone), "time": time})


def ago(seconds: float) -> Sentence:
    """How long something is past, in its largest unit."""
    whole = max(0, int(seconds))
    if whole < 5:
        return Sentence(N_("just now"))
    if whole < 60:
        return Sentence(N_("{n} s ago"), {"n": whole})
    if whole < 3600:
        return Sentence(N_("{n} min ago"), {"n": whole // 60})
    if whole < 2 * 86_400:
        return Sentence(N_("{n} h ago"), {"n": whole // 3600})
    return Sentence(N_("{n} days ago"), {"n": whole // 86_400})


def span(seconds: float) -> Sentence:
    """A length of time to the minute; below one minute in seconds."""
    whole = max(0, int(seconds))
    hours, minutes = whole // 3600, whole % 3600 // 60
    if hours and minutes:
        return Sentence(N_("{hours} h {minutes} min"), {"hours": hours, "minutes": minutes})
    if hours:
        return Sentence(N_("{hours} h"), {"hours": hours})
    if minutes:
        return Sentence(N_("{minutes} min"), {"minutes": minutes})
    return Sentence(N_("{seconds} s"), {"seconds": whole})
