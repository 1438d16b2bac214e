"""What the desk has done by time: payments posted, the committee reminded, people forgotten.

Plain functions, called by the timetable, by tests and by hand; each may run again at any time.
"""

from datetime import datetime, timedelta

import structlog

from service.alerts.records import forget_photos
from service.alerts.sender import Messenger
from service.desk.actions.erasing import Erased, erase
from service.desk.actions.owing import arrears, held_back
from service.desk.actions.payments import free_countered, post_matched
from service.desk.arrears import Reminder, due_day, reminder
from service.desk.records.owed import published
from service.desk.records.received import countered_rows, rows_in
from service.flow import House
from service.quantities import show_yuan
from service.store.job_runs import begin_run, finish_run, is_finished
from service.words import DEFAULT_LANGUAGE, N_, say

log = structlog.get_logger("chores")


def post_received(house: House) -> int:
    """Post what was taken in from payment files and not posted yet (a kill left it), and free what
    was taken back; how many were looked at."""
    with house.store.reading() as uow:
        if not rows_in(uow, "matched", 1) and not countered_rows(uow):
            return 0
    looked = 0
    while True:
        with house.work() as work:
            count = post_matched(work.uow, work.now, house.settings.zone)
            if not count:
                return looked + free_countered(work.uow)
        looked += count


def remind(house: House, messenger: Messenger) -> bool:
    """Tell the committee once for each month, from the day on which its statements are due, how
    much is late: how many and how much, no name and no door. False if there was nothing to tell.

    Sending takes seconds, so no unit of work is open meanwhile; a kill in between repeats one.
    """
    urls = [url.get_secret_value() for url in house.settings.committee_notify_urls]
    month = due_month(house) if urls else None
    if month is None:
        return False
    now = house.clock.now()
    with house.store.writing() as uow:
        begin_run(uow, "remind", month, now)
        found = arrears(uow, now, house.settings.reminder_after_days, house.settings.zone)
        late = reminder(found, held_back(uow))
    if late is not None:
        title, text = digest(late, house.settings.compound)
        error = messenger.send(urls, title, text)
        if error is not None:
            log.warning("committee not reminded", month=month, error=error)
            return False
    with house.store.writing() as uow:
        finish_run(uow, "remind", month, now)
    return late is not None


def due_month(house: House) -> str | None:
    """The newest month whose statements are due and of which nobody was told; None if there is
    none. What was missed while the service was down is told once, not month by month."""
    zone, term = house.settings.zone, house.settings.reminder_after_days
    today = house.clock.now().astimezone(zone).date()
    with house.store.reading() as uow:
        due = [
            month
            for month, at in published(uow)
            if at is not None and due_day(at, term, zone) <= today
        ]
        if not due or is_finished(uow, "remind", due[-1]):
            return None
    return due[-1]


def digest(late: Reminder, compound: str) -> tuple[str, str]:
    """Title and text of the committee's reminder."""
    values = {
        "compound": compound,
        "count": late.households,
        "amount": show_yuan(late.fen),
        "month": late.oldest_month,
    }
    title = say(DEFAULT_LANGUAGE, N_("{compound}: {amount} yuan are late"), **values)
    message = N_(
        "{count} households owe {amount} yuan that should have been paid; the oldest statement is "
        "of {month}. Who they are and slips to print: Money, Arrears."
    )
    return title, say(DEFAULT_LANGUAGE, message, **values)


def forget(house: House) -> Erased:
    """Erase what is personal and older than it needs to be."""
    now: datetime = house.clock.now()
    with house.store.writing() as uow:
        erased = erase(uow, now, house.settings.erase_after_days)
        photos = forget_photos(uow, now - timedelta(days=house.settings.photos_last_days))
    counts = {name: getattr(erased, name) for name in Erased.__slots__}
    log.info("forgotten", photos=photos, **counts)
    return erased
