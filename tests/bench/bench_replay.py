"""Replay of a month: how many times faster than the month itself, and than merely decoding it.

    python -m tests.bench.bench_replay

The floor, in the same round and from the same file: every stored message of the month read and
decoded, and nothing done with it. A month is made again for nothing less.
"""

import tempfile
from pathlib import Path
from time import perf_counter

from service.flow import House
from service.flow.replay import Replayed, replay_month
from service.piles.messages import ROOT, Heard, Poison, understand
from service.piles.records import highest_seq, raw_between
from tests.bench import raw_month
from tests.bench.raw_month import MONTH, Size
from tests.bench.report import Figure, median_of
from tests.bench.rig import BenchError

NUMBER = 9
FULL, QUICK = Size(), Size(piles=2, days=2)


def decode_s(house: House, size: Size) -> tuple[float, int]:
    """Reading and decoding every message, and how many there are."""
    began, count = perf_counter(), 0
    with house.store.reading() as uow:
        for number, pile in raw_month.boots(size):
            for raw in raw_between(uow, number, 1, highest_seq(uow, number)):
                topic = f"{ROOT}/{pile}/up/{raw.kind}"
                heard = Heard(topic, raw.payload.encode(), raw.received_ms)
                if isinstance(understand(heard), Poison):
                    raise BenchError(f"message {number}/{raw.seq} cannot be decoded")
                count += 1
    return perf_counter() - began, count


def replay_s(house: House) -> tuple[float, Replayed]:
    """A whole replay, compared with what was published."""
    began = perf_counter()
    with house.store.reading() as uow:
        found = replay_month(uow, house.settings, MONTH)
    took = perf_counter() - began
    if not isinstance(found, Replayed) or not found.is_equal or found.root is None:
        raise BenchError(f"the month did not come out the same: {found}")
    return took, found


def run(rounds: int, size: Size = FULL) -> list[Figure]:
    """The figures of several rounds over one month."""
    with tempfile.TemporaryDirectory() as folder:
        house = raw_month.fill(f"sqlite:///{Path(folder) / 'bench.db'}", size)
        floors, replays = [], []
        for _ in range(rounds):
            took, messages = decode_s(house, size)
            floors.append(took)
            took, found = replay_s(house)
            replays.append(took)
        house.store.close()
    span_s = size.days * 86_400
    times = [span_s / took for took in replays]
    return [
        median_of(NUMBER, f"replay of {size.days} days of {size.piles} piles", times, "x as fast"),
        median_of(
            NUMBER, "the same to decoding its messages alone",
            [took / floor for took, floor in zip(replays, floors, strict=True)], "x",
        ),
        Figure(NUMBER, "messages of that month", messages),
        Figure(NUMBER, "bills made again", found.sessions),
        median_of(NUMBER, "replayed in", replays, "s"),
    ]  # fmt: skip


if __name__ == "__main__":
    for figure in run(1):
        print(f"{figure.name}: {figure.measured:,.1f} {figure.unit}")
