"""`make bench-overload`: what the forecast, the sharing and the watch are worth, measured.

    python -m tests.bench_overload [--only 1 --only 2] [--quick]

Seeded: the same command gives the same figures (but for those of cost). Writes
docs/overload-card.md and .json; parts that were not measured this time stay as they were. `--quick`
shows that the machinery works and leaves the card alone.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Any

from rich.console import Console

from tests.bench_overload import breakers, card, cost, forecast_score, sharing_score, watch_score

Measure = Callable[[], dict[str, Any]]

FULL: dict[int, Measure] = {
    1: forecast_score.run,
    2: lambda: sharing_score.run(range(1001, 1101)),
    3: breakers.run,
    4: watch_score.run,
    5: cost.run,
}

QUICK: dict[int, Measure] = {
    1: lambda: forecast_score.run(range(1, 2), real_days=range(289, 291)),
    2: lambda: sharing_score.run(range(1, 2)),
    3: lambda: breakers.run(10, 1),
    4: lambda: watch_score.run(200, 20, 1),
    5: lambda: cost.run(20),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, show, keep."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench_overload")
    parser.add_argument("--only", type=int, action="append", choices=sorted(FULL), metavar="N",
                        help="a part by its number (again for more)")  # fmt: skip
    parser.add_argument("--evenings", type=int, default=10_000, help="of part 3; fewer take less")
    parser.add_argument("--quick", action="store_true", help="only see that it runs")
    options = parser.parse_args(arguments)
    console = Console(width=None if sys.stdout.isatty() else 150)
    ways = QUICK if options.quick else FULL | {3: lambda: breakers.run(options.evenings)}
    measured = {}
    for part in options.only or sorted(ways):
        with console.status(f"part {part}"):
            measured[part] = ways[part]()
    figures = measured if options.quick else card.keep(measured)
    console.print(card.text(figures), markup=False, highlight=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
