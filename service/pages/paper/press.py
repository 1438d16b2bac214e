"""Orders a paper from the press and waits for it: every way in which it may fail is a sentence."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import BoundedSemaphore, Event, Timer
from typing import IO, Any

import structlog

from service.words import N_, Sentence

log = structlog.get_logger("paper")

HERE = Path(__file__).parent
PRESS = HERE / "__main__.py"
FONTS = (HERE / "fonts/regular.otf", HERE / "fonts/bold.otf")

EACH = 10
"""Papers of a part: more take more memory, fewer take longer."""

UNWRITTEN = 4
"""The exit code of a press that found no room for its paper; its others are its own affair."""

BROKEN = N_("The paper could not be made: something is wrong with our print program. {safe}")
FONTLESS = N_(
    "The Chinese fonts of printed papers are missing; 'make setup' brings them. Until then the "
    "statements can be printed from the screen."
)
FULL = N_("The paper could not be written: the disk of the service is full. {safe}")
KILLED = N_(
    "Making the paper was broken off from outside, perhaps for want of memory. {safe} Please try "
    "again."
)
SLOW = N_("Making the paper took longer than {minutes} min and was given up. {safe}")
STOPPED = N_("Making the paper was stopped, as you wished.")
SAFE = N_("No figure was changed.")
BUSY = N_("Several papers are being made at this moment. Please try again in a few seconds.")

AT_ONCE, WAIT_S, AT_ONCE_LIMIT_S = 2, 5.0, 60.0
"""So many single papers are printed at once; who comes then waits so long, and no paper longer."""
_places = BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True, slots=True)
class Order:
    """A paper to print: a template beside this file, and its facts.

    `facts` holds texts, truths, lists and tables as JSON knows them; `facts["papers"]` the papers,
    one after the other. `made_at` is written into the file.
    """

    template: str
    facts: dict[str, Any]
    made_at: datetime

    @property
    def papers(self) -> int:
        """How many papers it is for."""
        return len(self.facts["papers"])

    def as_line(self, each: int) -> bytes:
        """As the press reads it."""
        order = {
            "template": self.template,
            "facts": self.facts,
            "made_at_s": int(self.made_at.timestamp()),
            "each": each,
        }
        return json.dumps(order).encode() + b"\n"


class Run:
    """One run of the press. `work` waits for it; another thread may `stop` it."""

    def __init__(self, order: Order, limit_s: float, each: int = EACH):
        self.order, self.limit_s, self.each = order, limit_s, each
        self._child: subprocess.Popen[bytes] | None = None
        self._stopped, self._late = Event(), Event()

    def work(self, out: IO[bytes], tell: Callable[[int], None] | None = None) -> Sentence | None:
        """Print into an open file; None when it is done, else why not.

        `tell` hears how many papers are set.
        """
        if not all(font.exists() for font in FONTS):
            return Sentence(FONTLESS)
        if self._stopped.is_set():
            return Sentence(STOPPED)
        said: list[str] = []
        with self._start(out) as child:
            self._child = child
            if self._stopped.is_set():  # in the moment between the two lines above
                self._kill()
            timer = Timer(self.limit_s, self._give_up)
            timer.daemon = True
            timer.start()
            try:
                self._hand_over(child)
                for line in child.stderr or ():
                    words = line.decode(errors="replace").split()
                    if words[:1] == ["set"] and tell:
                        tell(int(words[1]))
                    elif words[:1] != ["set"]:
                        said.append(" ".join(words))
                code = child.wait()
            finally:
                timer.cancel()
        return self._why_not(code, "\n".join(said))

    def stop(self) -> None:
        """Nobody wants it any more."""
        self._stopped.set()
        self._kill()

    def _start(self, out: IO[bytes]) -> subprocess.Popen[bytes]:
        # the press needs no secret of ours
        plain = {k: v for k, v in os.environ.items() if not k.startswith("BEIMEN_")}
        return subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-I", str(PRESS)],
            stdin=subprocess.PIPE, stdout=out, stderr=subprocess.PIPE, env=plain,
            start_new_session=True,
        )  # fmt: skip

    def _hand_over(self, child: subprocess.Popen[bytes]) -> None:
        if child.stdin is None:
            return
        try:
            child.stdin.write(self.order.as_line(self.each))
            child.stdin.flush()
        except BrokenPipeError:
            pass  # it is gone already; its exit code says why

    def _give_up(self) -> None:
        self._late.set()
        self._kill()

    def _kill(self) -> None:
        if self._child is not None and self._child.poll() is None:
            os.killpg(self._child.pid, signal.SIGKILL)  # the press and its forks

    def _why_not(self, code: int, said: str) -> Sentence | None:
        if code == 0:
            return None
        safe = Sentence(SAFE)
        if self._stopped.is_set():
            return Sentence(STOPPED)
        log.error("paper_failed", code=code, late=self._late.is_set(), said=said[:2000])
        if self._late.is_set():
            return Sentence(SLOW, {"minutes": max(1, round(self.limit_s / 60)), "safe": safe})
        if code == UNWRITTEN:
            return Sentence(FULL, {"safe": safe})
        return Sentence(KILLED if code < 0 else BROKEN, {"safe": safe})


def print_now(order: Order) -> bytes | Sentence:
    """A paper that takes a second, while somebody waits for the page; else why not."""
    if not _places.acquire(timeout=WAIT_S):
        return Sentence(BUSY)
    try:
        with tempfile.TemporaryFile(prefix="beimen-paper-") as file:
            why_not = Run(order, AT_ONCE_LIMIT_S).work(file)
            if why_not is not None:
                return why_not
            file.seek(0)
            return file.read()
    except OSError:
        return Sentence(FULL, {"safe": Sentence(SAFE)})
    finally:
        _places.release()
