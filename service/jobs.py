"""The timetable: which action runs when. APScheduler appears only here.

Schedules are code and live in memory; what is due is decided by the house's own clock and by what
is stored as done, so nothing that was missed while the service was down is missed for good, and a
demo may run its clock faster. Every job may run twice without harm.

One of the two places of the house where a broad except may stand: what goes wrong in a job is
counted, logged and made an incident, and the job comes again at its next time.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from pydantic import SecretStr

from service import chores
from service.alerts.actions import due_notifications, mark_failed, mark_sent
from service.alerts.digest import DigestRules
from service.alerts.escalation import EscalationRules
from service.alerts.sender import Messenger, Notifier
from service.billing.outcomes import Refused
from service.clock import SystemClock, monotonic
from service.flow import House, alarms, books, ticks
from service.gauges import Gauges
from service.store.job_runs import begin_run, finish_run, is_finished
from service.store.leader import Leader
from service.store.upkeep import tidy
from service.usage.actions import BooksCheck, check_books
from service.usage.balance import Balance
from service.usage.spans import Span, month_so_far
from service.words import N_, Sentence

log = structlog.get_logger("jobs")

HOUSEKEEPING_AT = timedelta(hours=4)
"""At four in the morning fewest bikes charge."""

TELL_AGAIN_SECONDS = 60.0
TRY_TO_TELL_SECONDS = 5.0
"""A job that fails each second is logged and raised once a minute; sooner if that failed too."""

FEW_THREADS = 4


class MonthNotClosedError(RuntimeError):
    """The books refused to close a month; its message is their reason, in English."""


@dataclass(frozen=True, slots=True)
class Job:
    """Something that is done every so many seconds; most times there is nothing to do."""

    name: str
    every_seconds: float
    call: Callable[[], None]


# --- what is done: plain functions, which tests and the command line call by themselves -----------


def send_notifications(house: House, messenger: Messenger) -> int:
    """Make the notifications that are due and send them; how many left.

    Sending takes seconds, so no unit of work is open meanwhile; each is marked as soon as it left,
    so a kill in between repeats at most one. Without any address nobody is told: a gauge shows it.
    """
    channels, next_in_line = channel_addresses(house), next_addresses(house)
    if not channels and not next_in_line:
        return 0
    rules = DigestRules(cooldown_s=house.settings.notify_cooldown_s)
    escalate = EscalationRules(after_s=house.settings.escalate_after_minutes * 60)
    with house.store.writing() as uow:
        due = list(
            due_notifications(
                uow,
                house.clock.now(),
                list(channels),
                rules=rules,
                next_in_line=list(next_in_line),
                escalate=escalate,
            )
        )
    left = 0
    for one in due:
        address = (channels | next_in_line).get(one.channel)
        error = (
            messenger.send([address], one.title, one.text)
            if address is not None
            else "its address was removed"
        )
        with house.store.writing() as uow:
            if error is None:
                mark_sent(uow, one.id or 0, house.clock.now())
                left += 1
            else:
                mark_failed(uow, one.id or 0, house.clock.now(), error, rules)
    return left


def channel_addresses(house: House) -> dict[str, str]:
    """The addresses that people set, by a name without secrets: 'mailto-1', 'wecombot-2'."""
    return _named(house.settings.notify_urls)


def next_addresses(house: House) -> dict[str, str]:
    """The same of who is next in line when nobody answers: 'next-mailto-1'."""
    return {f"next-{name}": url for name, url in _named(house.settings.escalate_urls).items()}


def _named(urls: Sequence[SecretStr]) -> dict[str, str]:
    addresses = [url.get_secret_value() for url in urls]
    return {f"{url.partition(':')[0][:20]}-{n}": url for n, url in enumerate(addresses, start=1)}


def close_months(house: House) -> list[str]:
    """Close and publish every month that the committee has not in its time, oldest first; which.

    Raises MonthNotClosedError when the books refuse; it is tried again at the next time.
    """
    now = house.clock.now()
    with house.store.reading() as uow:
        missing = books.months_overdue(house, uow)
    for month in missing:
        with house.store.writing() as uow:
            begin_run(uow, "close_month", month, now)
        outcome = books.end_month(house, month)
        if isinstance(outcome, Refused):
            reasons = "; ".join(reason.in_language("en") for reason in outcome.reasons)
            raise MonthNotClosedError(f"{month}: {reasons}")
        with house.store.writing() as uow:
            finish_run(uow, "close_month", month, house.clock.now())
        log.info("month closed", month=month, statements=outcome.statements, fen=outcome.lines_fen)
    return missing


def compare_books(house: House) -> BooksCheck:
    """Meters against bills for the month so far; a difference becomes an incident, and its end
    ends it."""
    now = house.clock.now()
    span = month_so_far(now, house.settings.zone)
    if now - span.since < timedelta(days=1):  # on the first there is only the old month to see
        span = Span(span.since - timedelta(days=28), now)
    with house.store.reading() as uow:
        check = check_books(uow, span, now)
    with house.work() as work:
        if check.agrees:
            alarms.clear_one(work, "energy_mismatch")
        else:
            alarms.raise_one(work, "energy_mismatch", detail=_where_it_differs(check))
    return check


def _where_it_differs(check: BooksCheck) -> Sentence:
    pile, outlet, _ = max(check.differing, key=lambda register: _size(check.differing[register]))
    message = N_("Meters and bills differ by {wh} Wh over the last weeks, most at {pile}/{outlet}.")
    return Sentence(message, {"wh": _size(check.total), "pile": pile, "outlet": outlet})


def _size(balance: Balance) -> int:
    return max(abs(balance.difference_wh), balance.doubled_wh)


def keep_house(house: House, gauges: Gauges) -> bool:
    """Once a day, after four in the morning: tidy the store, forget what is old and personal,
    compare meters and bills. False if it was done today."""
    now = house.clock.now()
    day = (now.astimezone(house.settings.zone) - HOUSEKEEPING_AT).date().isoformat()
    with house.store.reading() as uow:
        if is_finished(uow, "housekeeping", day):
            return False
    with house.store.writing() as uow:
        begin_run(uow, "housekeeping", day, now)
    tidy(house.store)
    chores.forget(house)
    check = compare_books(house)
    gauges.jobs.compared_books(
        check.total.difference_wh, check.total.unattributed_wh, now.timestamp()
    )
    with house.store.writing() as uow:
        finish_run(uow, "housekeeping", day, house.clock.now())
    return True


# --- when it is done ------------------------------------------------------------------------------


class Timetable:
    """All jobs of one process and the scheduler that calls them. `speed` is that of its clock."""

    def __init__(
        self,
        house: House,
        gauges: Gauges,
        messenger: Messenger | None = None,
        speed: float = 1.0,
    ):
        self.house, self.gauges = house, gauges
        self.messenger = messenger or Notifier()
        self.leader = Leader(house.store.engine)
        self.speed = speed
        self._unproven = {job.name for job in self.jobs}
        self._tell_again: dict[str, float] = {}
        self._told = True
        self._scheduler: BackgroundScheduler | None = None
        gauges.jobs.addresses.set(len(channel_addresses(house)))
        for name in self._unproven:
            gauges.jobs.expect(name)

    @property
    def jobs(self) -> Sequence[Job]:
        """Everything that is done by time."""
        house, gauges = self.house, self.gauges
        return (
            Job("tick", 1, lambda: ticks.tick(house)),
            Job("tick_slowly", 60, lambda: ticks.tick_slowly(house)),
            Job("notifications", 2, lambda: _forget(send_notifications(house, self.messenger))),
            Job("close_months", 60, lambda: _forget(close_months(house))),
            Job("payments", 60, lambda: _forget(chores.post_received(house))),
            Job("remind", 600, lambda: _forget(chores.remind(house, self.messenger))),
            Job("housekeeping", 600, lambda: _forget(keep_house(house, gauges))),
        )

    def start(self) -> None:
        """Begin to keep time; every job runs once at once, which catches up what was missed."""
        logging.getLogger("apscheduler").setLevel(logging.WARNING)
        scheduler = BackgroundScheduler(
            timezone=self.house.settings.zone,
            jobstores={"default": MemoryJobStore()},
            executors={"default": ThreadPoolExecutor(FEW_THREADS)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        for job in self.jobs:
            scheduler.add_job(
                self.run,
                "interval",
                args=[job],
                id=job.name,
                seconds=max(0.2, job.every_seconds / self.speed),
                next_run_time=SystemClock().now(),
            )
        scheduler.start()
        self._scheduler = scheduler

    def stop(self) -> None:
        """Let running jobs end and begin no more."""
        scheduler, self._scheduler = self._scheduler, None
        if scheduler is not None:
            scheduler.shutdown(wait=True)
        self.leader.resign()

    def run(self, job: Job) -> bool:
        """Run a job now, if this process keeps the timetable; whether it worked. Never raises."""
        leads = self.leader.leads()
        self.gauges.jobs.leads.set(int(leads))
        if not leads:
            return False
        began = monotonic()
        error = attempt(job.call)
        at = self.house.clock.now().timestamp()
        self.gauges.jobs.ran(job.name, monotonic() - began, at, failed=error is not None)
        if error is None:
            self._worked(job)
        else:
            self._failed(job, error)
        return error is None

    def _failed(self, job: Job, error: Exception) -> None:
        self._unproven.add(job.name)
        if monotonic() < self._tell_again.get(job.name, 0.0):
            return
        log.error("job failed", job=job.name, exc_info=error)
        untold = attempt(lambda: self._raise_incident(job, error))
        self._told = self._told or untold is None
        pause = TELL_AGAIN_SECONDS if untold is None else TRY_TO_TELL_SECONDS
        self._tell_again[job.name] = monotonic() + pause

    def _worked(self, job: Job) -> None:
        """Once every job has worked, an incident (also one from before a restart) is over."""
        self._unproven.discard(job.name)
        self._tell_again.pop(job.name, None)
        if self._told and not self._unproven and attempt(self._all_work) is None:
            self._told = False

    def _raise_incident(self, job: Job, error: Exception) -> None:
        detail = Sentence(
            N_("The job {job} broke: {error}."), {"job": job.name, "error": type(error).__name__}
        )
        with self.house.work() as work:
            alarms.raise_one(work, "job_failed", detail=detail)
            if isinstance(error, MonthNotClosedError):
                alarms.raise_one(work, "not_billed")

    def _all_work(self) -> None:
        with self.house.work() as work:
            alarms.clear_one(work, "job_failed")
            alarms.clear_one(work, "not_billed")


def attempt(call: Callable[[], None]) -> Exception | None:
    """What the call raised, or None."""
    try:
        call()
    except Exception as error:
        return error
    return None


def _forget(_answer: object) -> None:
    """A job's answer is for those who call it by hand."""
