"""A short run of each part of `make bench-overload`: the machinery works and its claims hold."""

import json

from tests.bench_overload import breakers, card, cost, forecast_score, sharing_score, watch_score
from tests.bench_overload.game import demand_ma, evening, play
from tests.bench_overload.optimum import best_plan
from tests.bench_overload.rules import first_come, least_laxity


def test_the_forecast_beats_both_simple_answers_an_hour_ahead():
    site = forecast_score.simulated(1, learned=10, tried=3, scored=2)["site"]
    assert site.ratio(60) < 0.8
    assert site.inside95 / site.outcomes > 0.85


def test_no_rule_has_more_than_the_bound_and_ours_has_more_than_first_come():
    table = sharing_score.run(range(1, 2))
    for rows in table.values():
        assert all(row["energy_share_of_optimum"] <= 1 for row in rows.values())
    tight = table["40%"]
    ours, first = tight["Beimen"], tight["first come first served"]
    assert ours["energy_share_of_optimum"] > first["energy_share_of_optimum"]
    assert ours["peak_over_rating"] <= 1


def test_the_best_plan_of_a_feeder_with_room_is_everything():
    players = evening(2)
    everything = sum(one.energy_wh(one.at_best) for one in players)
    assert round(best_plan(players, demand_ma(players)).bound_wh) == round(everything)


def test_the_bound_is_above_what_every_rule_gets():
    players = evening(3)
    rating_ma = demand_ma(players) // 2
    best = best_plan(players, rating_ma)
    for rule in (first_come(rating_ma), least_laxity(rating_ma)):
        assert play(players, rule).energy_wh <= best.bound_wh + 1e-6


def test_the_breaker_trips_without_the_feature_and_not_with_it():
    figures = breakers.run(5, 1)
    assert figures["with"]["trips"] == 0
    assert figures["without"]["trips"] == 5


def test_the_watch_finds_most_faults_and_spares_the_measured_traces():
    figures = watch_score.run(60, 8, 1, known=800)
    assert figures["measured_traces_flagged"] == 0
    assert figures["recall"] > 0.5


def test_the_cost_is_counted_per_compound():
    assert cost.measure(3, 1) < 3


def test_the_card_names_every_figure_and_keeps_what_was_not_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(card, "FOLDER", tmp_path)
    card.keep({5: {"ms_76_outlets": 4.0, "s_76000_outlets": 4.1}})
    card.keep({4: {"precision": 0.7, "recall": 0.8, "false_per_1000_healthy": 1.0}})
    kept = json.loads((tmp_path / "overload-card.json").read_text())
    assert kept["ms_76_outlets"] == 4.0
    assert kept["recall"] == 0.8
    assert kept["trips"] is None
    assert "| trips | not measured | 0 |" in (tmp_path / "overload-card.md").read_text()
