"""A change of firmware: two slots, a checked image, and a way back.

Phases as the contract names them. The image itself is not downloaded; an address that contains
`bad-signature` stands for one that fails its check, `never-welcomed` for one that cannot talk.
"""

from random import Random

from simulator.buffer import Body
from simulator.core import Core, as_int
from simulator.times import MINUTE, NEVER, SECOND

STEP_MS = 15 * SECOND
ROLLBACK_MS = 10 * MINUTE
PERCENTS = (0, 35, 70, 100)


class Firmware:
    """The update in progress, if any; its command lives in flash until it is confirmed."""

    def __init__(self, core: Core):
        self.core = core
        self.reboot_wanted = NEVER
        self._next = NEVER
        self._steps: list[tuple[str, int]] = []

    @staticmethod
    def acceptable(command: Body) -> bool:
        """The command names an image that may be loaded."""
        url, version = command.get("url"), command.get("version")
        good = isinstance(url, str) and url.startswith("https://")
        good = good and isinstance(version, str) and 0 < len(version) <= 40
        good = good and isinstance(command.get("sha256"), str)
        good = good and isinstance(command.get("sig_ed25519"), str)
        return good and (as_int(command.get("size_bytes")) or 0) > 0

    def begin(self, command: Body, now: int) -> None:
        """Queue the update."""
        keys = ("command_id", "version", "url", "when")
        self.core.flash.fw_update = {key: command.get(key) for key in keys}
        self._steps = [("queued", 0), *(("downloading", p) for p in PERCENTS), ("verified", 100)]
        self._next = now

    def _say(self, phase: str, percent: int, detail: str | None = None) -> None:
        update = self.core.flash.fw_update
        if update is None:
            return
        body: Body = {
            "command_id": update["command_id"], "phase": phase, "percent": percent,
            "from": update.get("from", self.core.flash.fw), "to": update["version"],
        }  # fmt: skip
        self.core.report_event("firmware", body | ({"detail": detail} if detail else {}))

    def booted(self, now: int, rng: Random) -> None:
        """A boot in the middle of an update starts the ten minutes in which a welcome must come."""
        update = self.core.flash.fw_update
        if update is None:
            return
        if update.get("installed"):
            self._next = now + ROLLBACK_MS + rng.randrange(SECOND)
        elif not update.get("rolled_back"):
            self.core.flash.fw_update, self._next = None, NEVER

    def cannot_talk(self) -> bool:
        """The new image does not connect (a stand-in for a broken one)."""
        update = self.core.flash.fw_update
        return bool(update and update.get("installed") and "never-welcomed" in update["url"])

    def welcomed(self) -> None:
        """The new image was welcomed: it stays."""
        update = self.core.flash.fw_update
        if update is None or not (update.get("installed") or update.get("rolled_back")):
            return
        self._say("confirmed" if update.get("installed") else "rolled_back", 100)
        self.core.flash.fw_update, self._next = None, NEVER

    def next_wake(self) -> int:
        """When the next phase is due."""
        return min(self._next, self.reboot_wanted)

    def tick(self, now: int) -> None:
        """Go on to the next phase."""
        update = self.core.flash.fw_update
        if update is None or now < self._next:
            return
        if update.get("installed"):
            self._swap(update, back=True)
            self.reboot_wanted, self._next = now, NEVER
        elif self._steps:
            phase, percent = self._steps.pop(0)
            self._next = now + STEP_MS
            if phase == "verified" and "bad-signature" in str(update["url"]):
                self._say("failed", 100, "signature")
                self.core.flash.fw_update, self._next = None, NEVER
            else:
                self._say(phase, percent)
        elif self.core.sessions_running() and update.get("when") != "now":
            if not update.get("waiting"):
                self._say("waiting_idle", 100)
            update["waiting"] = True
            self._next = now + STEP_MS
        else:
            self._say("installing", 100)
            self._say("rebooting", 100)
            self._swap(update, back=False)
            self.reboot_wanted, self._next = now + SECOND, NEVER

    def _swap(self, update: Body, *, back: bool) -> None:
        flash = self.core.flash
        flash.fw_slot = "b" if flash.fw_slot == "a" else "a"
        if back:
            flash.fw = update["from"]
            update["installed"], update["rolled_back"] = False, True
        else:
            update["from"], update["installed"] = flash.fw, True
            flash.fw = update["version"]
