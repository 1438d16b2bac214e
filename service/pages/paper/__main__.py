"""The press, a program of its own: facts in by stdin, a PDF out by stdout, progress by stderr.

It runs as a child so that setting two hundred statements takes neither memory nor the interpreter
lock of the service. Started by its path, it loads nothing of the service: the standard library,
typst, and pypdf when there is something to bind. One line of JSON comes in (`press.Order`); then
stdin stays open, and when it closes before the work is done (the service is gone, or somebody
cancelled), the press ends too. After each part it says `set 20` with the number of papers so far.

typst keeps what it has set in memory for the next time, about 2 MiB a page, and there is no next
time: so the papers are set in parts, each in a fork that takes its memory with it (measured for
600 pages: 1.3 GiB in one piece, 0.1 GiB in parts of ten statements), and then bound into one file.

Exit codes: 0 printed, 3 the facts do not fit the template, 4 the paper could not be written.
"""

import json
import os
import select
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import IO, Any

import typst

HERE = Path(__file__).parent
UNFIT, UNWRITTEN, UNWANTED = 3, 4, 5
NICE = 10

Order = dict[str, Any]


def main() -> int:
    """Read, set part by part, bind."""
    order: Order = json.loads(sys.stdin.buffer.readline())
    os.nice(NICE)
    parts = list(cut(order))
    try:
        sheets = [tempfile.TemporaryFile() for _ in parts]  # noqa: SIM115 - gone when we are
        done = 0
        for part, sheet in zip(parts, sheets, strict=True):
            code = set_aside(part, sheet, tagged=len(parts) == 1)
            if code:
                return code
            done += len(part["facts"]["papers"])
            sys.stderr.write(f"set {done}\n")
            sys.stderr.flush()
        sys.stdout.buffer.write(read(sheets[0]) if len(sheets) == 1 else bind(sheets, order))
        sys.stdout.buffer.flush()
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        return UNWRITTEN
    return 0


def cut(order: Order) -> Iterator[Order]:
    """The order in parts of `each` papers; an order for nothing is one part with nothing in it."""
    papers, each = order["facts"]["papers"], order["each"]
    for first in range(0, max(1, len(papers)), each):
        facts = {**order["facts"], "papers": papers[first : first + each]}
        yield {**order, "facts": facts}


def set_aside(part: Order, sheet: IO[bytes], *, tagged: bool) -> int:
    """Set a part in a fork, so that its memory goes with it; its exit code.

    Ends the fork when stdin closes: nobody wants the paper any more.
    """
    pid = os.fork()
    if pid == 0:
        os._exit(set_type(part, sheet, tagged=tagged))
    ended = os.pidfd_open(pid)
    try:
        ready, _, _ = select.select([ended, sys.stdin.buffer], [], [])
        if ended not in ready:
            os.kill(pid, signal.SIGKILL)
        status = os.waitpid(pid, 0)[1]
    finally:
        os.close(ended)
    if ended not in ready:
        return UNWANTED
    code = os.waitstatus_to_exitcode(status)
    if code < 0:  # killed from outside, say for want of memory: let whoever asked see the same
        os.kill(os.getpid(), -code)
    return code


def set_type(part: Order, sheet: IO[bytes], *, tagged: bool) -> int:
    """Set a part into its file. Tags, for screen readers, do not survive the binding."""
    for paper in part["facts"]["papers"]:
        for one in (paper, *paper.get("labels", ())):
            if one.get("qr"):
                one["qr_svg"] = draw_qr(one["qr"], one.get("qr_level", "l"))
    try:
        pdf = typst.compile(
            HERE / part["template"],
            root=HERE,
            font_paths=[HERE / "fonts"],
            ignore_system_fonts=True,
            sys_inputs={"facts": json.dumps(part["facts"])},
            timestamp=part["made_at_s"],
            pdf_tags=tagged,
        )
        sheet.write(pdf)
        sheet.flush()
    except typst.TypstError as error:
        os.write(2, f"{error}\n".encode())
        return UNFIT
    except OSError as error:
        os.write(2, f"{error}\n".encode())
        return UNWRITTEN
    return 0


def draw_qr(segments: Any, level: str) -> str:
    """A QR code, `level` l for fresh paper, q for what hangs in the rain; that one gets the wide
    white border of the standard (ISO/IEC 18004: four modules), for it may be stuck on anything.

    Any mask can be read; trying all eight takes four times longer.
    """
    import segno  # noqa: PLC0415 - most papers have none

    out, border = BytesIO(), 2 if level == "l" else 4
    code = segno.make(segments, error=level, micro=False, mask=0)
    code.save(out, kind="svg", xmldecl=False, svgns=True, omitsize=True, border=border)
    return out.getvalue().decode()


def read(sheet: IO[bytes]) -> bytes:
    """What the fork wrote; it moved the place in the file that both share."""
    sheet.seek(0)
    return sheet.read()


def bind(sheets: Sequence[IO[bytes]], order: Order) -> bytes:
    """One file of all parts, with the list of papers that viewers show beside it."""
    from pypdf import PdfWriter  # noqa: PLC0415 - a single paper is made without it

    book, out = PdfWriter(), BytesIO()
    for sheet in sheets:
        sheet.seek(0)
        book.append(sheet)
        if order["facts"].get("both_sides") and len(book.pages) % 2:
            book.add_blank_page()
    book.add_metadata({"/Title": order["facts"]["title"], "/Author": order["facts"]["compound"]})
    book.write(out)
    return out.getvalue()


if __name__ == "__main__":
    sys.exit(main())
