"""Times as people say them, by the compound's clock and not by anybody else's."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.pages.say_time import ago, clock_seconds, moment, month, span, weekday
from tests.house.collect_words import compile_words

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 3, 2, 21, 3, 10, tzinfo=ZONE).astimezone(UTC)
compile_words()


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("2026-03-02 22:40", "今晚 22:40"),
        ("2026-03-02 14:05", "今天下午 14:05"),
        ("2026-03-02 07:00", "今早 07:00"),
        ("2026-03-02 02:00", "今天凌晨 02:00"),
        ("2026-03-01 23:59", "昨晚 23:59"),
        ("2026-03-03 07:00", "明早 07:00"),
        ("2026-02-27 09:15", "2月27日 09:15"),
    ],
)
def test_a_moment_is_said_by_its_part_of_the_day(at: str, said: str):
    assert moment(local(at), NOW, ZONE).in_language("zh_CN") == said


def test_the_day_changes_at_the_compounds_midnight():
    just_past = datetime(2026, 3, 2, 16, 30, tzinfo=UTC)
    said = moment(just_past, just_past - timedelta(hours=1), ZONE).in_language("en")
    assert said == "tomorrow morning 00:30"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "刚刚"), (40, "40 秒前"), (125, "2 分钟前"), (7300, "2 小时前"), (200_000, "2 天前")],
)
def test_an_age_is_said_in_its_largest_unit(seconds: int, said: str):
    assert ago(seconds).in_language("zh_CN") == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(8, "8 秒"), (60, "1 分钟"), (8160, "2 小时 16 分"), (7200, "2 小时")],
)
def test_a_span_is_said_to_the_minute(seconds: int, said: str):
    assert span(seconds).in_language("zh_CN") == said


def test_months_days_and_seconds():
    assert month("2026-10").in_language("zh_CN") == "2026年10月"
    assert month("2026-10").in_language("en") == "October 2026"
    assert weekday(0).in_language("zh_CN") == "周一"
    assert clock_seconds(NOW, ZONE) == "21:03:10"


@given(st.integers(-(10**9), 10**9))
def test_every_moment_can_be_said(seconds: int):
    at = NOW + timedelta(seconds=seconds)
    for language in ("zh_CN", "en"):
        assert at.astimezone(ZONE).strftime("%H:%M") in moment(at, NOW, ZONE).in_language(language)
