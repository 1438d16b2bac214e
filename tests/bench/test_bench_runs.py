"""The bench measures what it says: a short form of every figure, and never a judgement on time.

Only the machinery is tested here. A test that fails when a machine is busy teaches nothing.
"""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from rich.console import Console

from service.clock import SystemClock
from tests.bench import __main__ as bench
from tests.bench import (
    bench_live,
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
from tests.bench.report import Figure, median_of, percentile
from tests.bench.rig import open_pages, rig

pytestmark = pytest.mark.broker


def by_name(figures: list[Figure]) -> dict[str, Figure]:
    return {figure.name: figure for figure in figures}


def test_a_flood_is_counted_from_what_another_connection_finds_stored():
    found = by_name(durable_rate.run(1, 600))
    assert found["durable readings per second"].measured > 0
    assert found["bare floor in the same rounds"].measured > 0
    assert 1 <= found["messages in a batch"].measured <= 200
    assert found["processor time per 1,000"].measured > 0


def test_every_reading_of_a_trickle_is_timed_once():
    with rig() as (broker, service), open_pages(service):
        delays = trickle.measure(broker, service, 2.0)
    assert 50 <= len(delays.durable) <= 38 * 3
    assert min(delays.durable) > 0
    assert len(delays.bare) >= 2


def test_every_start_reaches_its_pile_as_a_command_and_frees_its_outlet_again():
    found = by_name(starts.run(1, 8))
    assert len(found) == 6
    assert all(figure.measured > 0 for figure in found.values())


def test_a_month_of_two_sizes_is_closed():
    found = bench.month_close(Size(4, 20), Size(8, 60), Size(4, 8, 5))
    assert found[0].measured == pytest.approx(found[2].measured / found[1].measured)
    assert found[3].measured > 0


def test_statements_are_printed_by_the_press_and_by_a_browser():
    found = by_name(bench_paper.run(1, 11))
    assert found["pages"].measured == 22
    assert found["memory of the press, at most"].measured > 30
    assert found["a file, per statement"].measured < found["the same by Chromium"].measured


def test_a_tree_of_many_bills_is_built_its_proofs_weighed_and_checked():
    found = by_name(bench_proof.run(1, 300, 4))
    assert 500 < found["largest proof"].measured <= 2048
    assert found["build to bare SHA-256"].measured > 1
    assert found["check in the browser, median of 4"].measured < 1000
    assert found["its QR code, a side"].measured <= 89


def test_a_month_is_made_again_and_its_messages_are_merely_decoded():
    found = by_name(bench_replay.run(1, bench_replay.QUICK))
    assert found["bills made again"].measured == 2 * 2 * 2
    assert found["messages of that month"].measured > 1_000
    assert found["the same to decoding its messages alone"].measured > 1
    assert found["replay of 2 days of 2 piles"].measured > 1


def test_the_service_is_weighed_after_a_history():
    yesterday = SystemClock().now() - timedelta(days=1)
    late_evening = yesterday.replace(hour=14, minute=0)  # 22:00 in the compound
    found = by_name(footprint.figures_of([footprint.measure(0.15, 0.2, late_evening)]))
    assert found["memory of the service (RSS)"].measured > 20
    assert found["session-hours of the history"].measured > 0
    assert found["the same after VACUUM"].measured <= found["stored per session-hour"].measured


def test_open_pages_hear_every_change_and_who_does_not_read_is_let_go_of():
    with rig() as (broker, service):
        cost = bench_live.look(broker, service, 1, 40, 3.0)
        assert cost.core > 0
        assert cost.events >= 2 * 40
        assert bench_live.slow_are_dropped(broker, service, 2, 60) > 0


# --- what is made of the figures -----------------------------------------------------------------


def test_a_figure_is_the_median_of_its_rounds_and_knows_on_which_side_of_its_target_it_is():
    slow = median_of(2, "delay", [5, 40, 31], "ms", 30)
    assert (slow.measured, slow.is_reached) == (31, False)
    quick = median_of(1, "rate", [2000, 4000, 3500], "/s", 3000, at_most=False)
    assert (quick.measured, quick.is_reached, quick.ratio) == (3500, True, pytest.approx(7 / 6))
    assert median_of(1, "floor", [1.0]).is_reached is None


@pytest.mark.parametrize(("share", "value"), [(0.5, 50), (0.99, 99), (1.0, 100), (0.001, 1)])
def test_a_percentile_is_a_value_that_was_measured(share, value):
    assert percentile([float(n) for n in range(100, 0, -1)], share) == value


def test_the_file_keeps_the_figures_that_were_not_measured_again(tmp_path: Path):
    path = tmp_path / "docs" / "bench.json"
    commands = {1: "one", 2: "two"}
    report.keep([Figure(1, "a", 1.23456), Figure(2, "b", 2)], commands, {"cores": 2}, path)
    report.keep([Figure(2, "b", 3, "ms", 5)], commands, {"cores": 4}, path)
    first, second = json.loads(path.read_text())["figures"]
    assert (first["name"], first["measured"], first["machine"]) == ("a", 1.235, {"cores": 2})
    assert (second["measured"], second["reached"], second["machine"]) == (3, True, {"cores": 4})
    assert second["command"] == "two"


def test_the_table_names_what_was_missed():
    console = Console(width=140, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    report.show([Figure(2, "delay", 31, "ms", 30)], {2: "make bench"}, console)
    text = console.export_text()
    assert "MISSED" in text
    assert "make bench" in text


def test_the_machine_is_described_and_not_named():
    told = report.machine()
    assert told["cores"] >= 1
    assert told["mosquitto"].startswith("2.")
    assert not {"host", "hostname", "node", "user"} & set(told)
