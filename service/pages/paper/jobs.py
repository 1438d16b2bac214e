"""Papers that take longer than a person likes to wait: made behind the page, one after the other.

Whoever asks for a paper that is already being made gets a share in that job instead of a second
one; it is stopped only when everybody who asked has cancelled. The paper lies in a file without a
name, which nobody else can open and which is gone with the process, however that ends.
"""

import os
import secrets
import tempfile
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from threading import Lock, Thread, Timer
from typing import IO

from service.pages.paper.press import BROKEN, FULL, SAFE, Order, Run
from service.words import N_, Sentence

KEPT_S = 3600
LIMIT_S = 900
MOST_WAITING = 5

TOO_MANY = N_("{n} other files are being made. Please try again in a few minutes.")


class State(StrEnum):
    """How far a job is."""

    WAITING = "waiting"
    WORKING = "working"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"
    GONE = "gone"
    """Done, and kept for its hour."""


UNDER_WAY = frozenset({State.WAITING, State.WORKING})


@dataclass(slots=True)
class Job:
    """A paper being made. `wanted` tells the same wish again; `asked_by` who waits for it."""

    id: str
    wanted: Hashable
    begun_at: datetime
    asked_by: set[str]
    state: State = State.WAITING
    done: int = 0
    of: int = 0
    why: Sentence | None = None
    """Why it failed."""
    file: IO[bytes] | None = None
    run: Run | None = None


@dataclass(slots=True)
class Jobs:
    """All jobs of this process. One press works at a time: the piles come first."""

    kept_s: float = KEPT_S
    limit_s: float = LIMIT_S
    boot: str = field(default_factory=lambda: secrets.token_hex(4))
    _jobs: dict[str, Job] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)
    _press: Lock = field(default_factory=Lock)

    def begin(
        self,
        wanted: Hashable,
        who: str,
        now: datetime,
        order: Callable[[], Order | Sentence],
        reuse: bool,
    ) -> Job | Sentence:
        """A job for this wish: the one under way, a finished one if `reuse`, else a new one.

        `order` looks up what is to be printed and is called only for a new job, in its thread. A
        sentence when too many wait already.
        """
        with self._lock:
            usable = UNDER_WAY | {State.DONE} if reuse else UNDER_WAY
            for job in self._jobs.values():
                if job.wanted == wanted and job.state in usable:
                    job.asked_by.add(who)
                    return job
            waiting = sum(job.state in UNDER_WAY for job in self._jobs.values())
            if waiting >= MOST_WAITING:
                return Sentence(TOO_MANY, {"n": waiting})
            self._forget(wanted)
            job = Job(f"{self.boot}-{secrets.token_hex(8)}", wanted, now, {who})
            self._jobs[job.id] = job
        Thread(target=self._work, args=(job, order), name="paper", daemon=True).start()
        return job

    def find(self, job_id: str) -> Job | None:
        """A job by its id."""
        return self._jobs.get(job_id)

    def at_hand(self, belongs: Callable[[Hashable], bool]) -> list[Job]:
        """The jobs under way or ready whose wish belongs here, oldest first."""
        with self._lock:
            every = list(self._jobs.values())
        return [
            job for job in every if job.state in UNDER_WAY | {State.DONE} and belongs(job.wanted)
        ]

    def read(self, job: Job) -> bytes | None:
        """The paper; None when it is not there (any more)."""
        with self._lock:
            if job.state != State.DONE or job.file is None:
                return None
            number = job.file.fileno()
            return os.pread(number, os.fstat(number).st_size, 0)

    def is_of_another_start(self, job_id: str) -> bool:
        """Whether a job was begun before the service was started anew."""
        return job_id.partition("-")[0] != self.boot

    def cancel(self, job: Job, who: str) -> bool:
        """Somebody waits no longer; whether that ended the job."""
        with self._lock:
            job.asked_by.discard(who)
            if job.asked_by or job.state not in UNDER_WAY:
                return False
            job.state, run = State.STOPPED, job.run
        if run is not None:
            run.stop()
        return True

    def _work(self, job: Job, order: Callable[[], Order | Sentence]) -> None:
        with self._press:
            with self._lock:
                if job.state != State.WAITING:
                    return
                job.state = State.WORKING
            try:
                job.why = self._print(job, order)
            except OSError:
                job.why = Sentence(FULL, {"safe": Sentence(SAFE)})
            finally:
                self._finish(job)

    def _print(self, job: Job, order: Callable[[], Order | Sentence]) -> Sentence | None:
        wish = order()
        if isinstance(wish, Sentence):
            return wish
        job.of = wish.papers
        job.run = Run(wish, self.limit_s)
        if job.state == State.STOPPED:  # while the facts were looked up
            return None
        job.file = tempfile.TemporaryFile(prefix="beimen-paper-")  # noqa: SIM115 - kept an hour

        def tell(done: int) -> None:
            job.done = done

        return job.run.work(job.file, tell)

    def _finish(self, job: Job) -> None:
        """Say how it ended, whatever happened."""
        job.run = None
        with self._lock:
            if job.state == State.WORKING:
                printed = job.why is None and job.file is not None
                job.state = State.DONE if printed else State.FAILED
                job.why = None if printed else job.why or Sentence(BROKEN, {"safe": Sentence(SAFE)})
        if job.state == State.DONE:
            timer = Timer(self.kept_s, self._drop, [job])
            timer.daemon = True
            timer.start()
        else:
            self._close(job)

    def _drop(self, job: Job) -> None:
        """Its hour is over."""
        job.state = State.GONE
        self._close(job)

    def _close(self, job: Job) -> None:
        with self._lock:
            file, job.file = job.file, None
        if file is not None:
            file.close()

    def _forget(self, wanted: Hashable) -> None:
        """Drop the paper that a newer one replaces, and what is known of long past jobs."""
        for job in self._jobs.values():
            if job.wanted == wanted and job.state == State.DONE:
                job.state = State.GONE
                if job.file is not None:
                    job.file.close()
                    job.file = None
        ended = [job for job in self._jobs.values() if job.state not in UNDER_WAY | {State.DONE}]
        for job in sorted(ended, key=lambda job: job.begun_at)[:-20]:
            del self._jobs[job.id]
