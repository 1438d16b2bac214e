"""`make bench`: every figure measured on this machine, one table, and docs/bench.json.

    python -m tests.bench [--only 1 --only 3] [--rounds 3] [--quick]

`--quick` shows that the machinery works and leaves docs/bench.json alone: its rounds are too short
to be a measurement.
"""

import argparse
import sys
from collections.abc import Callable, Sequence

from rich.console import Console

from tests.bench import (
    bench_live,
    bench_month_close,
    bench_paper,
    bench_proof,
    bench_replay,
    durable_rate,
    footprint,
    report,
    starts,
    trickle,
)
from tests.bench.month import Size
from tests.bench.report import Figure
from tests.bench.rig import BenchError
from tests.support.remigrate import load_every_record

NAMES = {
    1: "durable readings per second",
    2: "published to durable",
    3: "start to command",
    4: "month close",
    5: "memory, bytes, replay",
    7: "statements on paper",
    8: "proof of inclusion",
    9: "a month made again",
    10: "a thousand open pages",
}


def month_close(
    small: Size = bench_month_close.SMALL,
    large: Size = bench_month_close.LARGE,
    lifelike: Size = bench_month_close.LIFELIKE,
) -> list[Figure]:
    """Figure 4: close and publish a month; does a session cost the same in a far bigger compound?

    One round: the small size is measured three times by itself, the large one lasts long enough.
    """
    load_every_record()
    found = bench_month_close.compare(bench_month_close.sqlite_file, small, large)
    real = bench_month_close.typical(bench_month_close.sqlite_file, lifelike)

    def cost(size: str) -> float:
        return float(found[size]["close_us_per_session"])

    return [
        Figure(4, f"month close: a session of {large.sessions:,} to one of {small.sessions:,}",
               cost("large") / cost("small"), "x", 1.3),
        Figure(4, f"month close, {small.households:,} households", cost("small"), "us/session"),
        Figure(4, f"month close, {large.households:,} households", cost("large"), "us/session"),
        Figure(4, f"close and publish {lifelike.households:,} households", real["both_s"], "s", 2),
    ]  # fmt: skip


Measure = Callable[[int], list[Figure]]

FULL: dict[int, Measure] = {
    1: durable_rate.run,
    2: trickle.run,
    3: starts.run,
    4: lambda rounds: month_close(),
    5: lambda rounds: footprint.run(min(rounds, 1)),  # three days of history are long enough
    7: bench_paper.run,
    8: bench_proof.run,
    9: bench_replay.run,
    10: bench_live.run,
}

QUICK: dict[int, Measure] = {
    1: lambda rounds: durable_rate.run(rounds, 2_000),
    2: lambda rounds: trickle.run(rounds, 3.0),
    3: lambda rounds: starts.run(rounds, 12),
    4: lambda rounds: month_close(Size(20, 200), Size(200, 2_000), Size(20, 100, 20)),
    5: lambda rounds: footprint.run(1, 1.0, 1.0),
    7: lambda rounds: bench_paper.run(1, 12),
    8: lambda rounds: bench_proof.run(rounds, 500, 20),
    9: lambda rounds: bench_replay.run(rounds, bench_replay.QUICK),
    10: lambda rounds: bench_live.run(1, 60, 4.0),
}


def command_for(number: int) -> str:
    """What measures a figure again."""
    return f'make bench ARGS="--only {number}"'


def measure(
    numbers: Sequence[int], rounds: int, ways: dict[int, Measure], console: Console
) -> list[Figure]:
    """All figures asked for, one after the other."""
    figures: list[Figure] = []
    for number in numbers:
        with console.status(f"{number}: {NAMES[number]}"):
            figures += ways[number](rounds)
    return figures


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, show, keep; 0, or 2 with a sentence when it could not be measured."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("--only", type=int, action="append", choices=sorted(NAMES), metavar="N",
                        help="a figure by its number (again for more)")  # fmt: skip
    parser.add_argument("--rounds", type=int, default=3, help="the figure is their median")
    parser.add_argument("--quick", action="store_true", help="only see that it runs")
    parser.add_argument("--large", action="store_true", help="close 1,000,000 sessions, too")
    options = parser.parse_args(arguments)
    console = Console(width=None if sys.stdout.isatty() else 150)
    where = report.machine()
    ways = QUICK if options.quick else FULL
    if options.large:
        ways = ways | {4: lambda rounds: month_close(large=bench_month_close.LARGEST)}
    rounds = 1 if options.quick else options.rounds
    try:
        figures = measure(options.only or sorted(NAMES), rounds, ways, console)
    except BenchError as error:
        print(f"The bench could not measure: {error}", file=sys.stderr)
        return 2
    commands = {number: command_for(number) for number in NAMES}
    report.show(figures, commands, console)
    if not options.quick:
        report.keep(figures, commands, where)
    return 0


if __name__ == "__main__":
    sys.exit(main())
