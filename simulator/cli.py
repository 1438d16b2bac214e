"""`python -m simulator`: plays the compound against a broker, or its past over a pipe."""

import argparse
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from simulator.apartment import evening_visits, parse_evening, read_sessions
from simulator.calibration import write_fits
from simulator.handover import restore
from simulator.history import HistoryError
from simulator.history import run as run_history
from simulator.residents import Card, made_up_cards, read_cards
from simulator.run import Broker, ScaledTime, read_passwords, run_live
from simulator.scenario import Scenario, load_scenario, scenario_names
from simulator.times import DAY, local_midnight, parse_iso, to_ms
from simulator.world import World

LIVE_EXAMPLE = """example:
  python -m simulator live --broker localhost:8883 --cards cards.json --scenario normal_week \\
      --seed 7 --speed 60 --origin 2026-03-02T18:00:00+08:00 --duration 14400 --oracle truth.json
"""
HISTORY_EXAMPLE = """example:
  python -m simulator history --days 7 --until 2026-03-02T17:00:00+08:00 --seed 7 \\
      --cards cards.json --state compound.json

the talk, one JSON object a line:
  out  {"at": 1772424000000, "pile": "LB-017", "topic": "...", "payload": "...", "retain": false}
  out  {"minute": 1772424060000}       all that was said up to then; the other side answers now
  in   {"pile": "LB-017", "topic": "pile/1/LB-017/down/welcome", "payload": "..."}
  in   {"go": true}
  out  {"end": true, "oracle": {...}}
"""


def _common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seed", type=int, default=1, help="the same seed, the same compound")
    parser.add_argument(
        "--cards", type=Path, help="JSON: household, entrance, card_uid (or made up)"
    )
    parser.add_argument("--piles", type=int, help="how many piles instead of the scenario's")
    parser.add_argument("--evening", metavar="DATE|busiest", help="replay a real apartment evening")
    parser.add_argument("--state", type=Path, help="what a history left, or leaves, behind")


def _parser() -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="python -m simulator", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    live = verbs.add_parser(
        "live", help="against an MQTT broker", epilog=LIVE_EXAMPLE, formatter_class=raw
    )
    _common(live)
    live.add_argument("--broker", required=True, metavar="HOST:PORT")
    live.add_argument("--user-prefix", default="", help="put before the pile's id in its login")
    live.add_argument("--passwords", type=Path, help="JSON or lines LB-001:secret")
    live.add_argument("--ca", type=Path, help="the broker's authority: connect with TLS")
    live.add_argument("--scenario", default="normal_week", help=", ".join(scenario_names()))
    live.add_argument("--speed", type=float, default=1.0, help="simulated seconds per second")
    live.add_argument("--origin", help="simulated time at --started (default: the real time)")
    live.add_argument("--started", help="real time at which --origin was (default: now)")
    live.add_argument("--duration", type=float, help="simulated seconds, then end")
    live.add_argument("--stdin-control", action="store_true", help="obey lines; try: help")
    live.add_argument("--oracle", type=Path, help="write the true ledger here at the end")
    past = verbs.add_parser(
        "history", help="the last days over a pipe", epilog=HISTORY_EXAMPLE, formatter_class=raw
    )
    _common(past)
    past.add_argument("--scenario", default="history", help=", ".join(scenario_names()))
    past.add_argument("--days", type=float, required=True)
    past.add_argument("--until", required=True, help="ISO time with zone")
    verbs.add_parser("calibrate", help="fit the pack shapes to the measured traces")
    verbs.add_parser("scenarios", help="list what can be played")
    return parser


def _scenario(args: argparse.Namespace) -> Scenario:
    scenario = load_scenario(args.scenario)
    changes = {}
    if args.piles is not None:
        if not 1 <= args.piles <= 999:
            raise ValueError("--piles is a number from 1 to 999")
        changes["piles"] = args.piles
    return scenario.with_changes(**changes)


def _cards(args: argparse.Namespace) -> list[Card]:
    return made_up_cards() if args.cards is None else read_cards(args.cards)


def _world_maker(args: argparse.Namespace, *, live: bool) -> Callable[[int], World]:
    """How to build the world once the start is known; what can be wrong is found out before."""
    scenario, cards = _scenario(args), _cards(args)
    evening = args.evening or scenario.evening
    stays, bad = read_sessions() if evening else ([], [])
    day = parse_evening(evening, stays) if evening else None
    for row in bad[:3]:
        print(f"line {row.line}: {row.why}", file=sys.stderr)
    if len(bad) > 3:
        print(f"... and {len(bad) - 3} more such rows", file=sys.stderr)
    if day is not None:
        scenario = scenario.with_changes(bikes=0)

    def make(start: int) -> World:
        world = World.from_scenario(scenario, args.seed, cards, start, own_broker=not live)
        midnight = local_midnight(start)
        if day is not None:
            world.visits.play(evening_visits(stays, day, cards, midnight), start)
        if live and args.state is not None:
            restore(world, args.state)
        elif live:
            world.visits.came_before(midnight, start)
        return world

    return make


def _readable(path: Path | None) -> str | None:
    if path is not None and not path.is_file():
        raise ValueError(f"{path} is not a certificate file")
    return None if path is None else str(path)


def _live(args: argparse.Namespace) -> None:
    host, _, port = args.broker.rpartition(":")
    if not host or not port.isdigit():
        raise ValueError(f"--broker is HOST:PORT, not {args.broker!r}")
    if args.speed <= 0:
        raise ValueError("--speed is more than 0")
    real = to_ms(datetime.now(UTC))
    started = parse_iso(args.started) if args.started else real
    origin = parse_iso(args.origin) if args.origin else started
    passwords = read_passwords(args.passwords) if args.passwords else None
    make = _world_maker(args, live=True)
    world = run_live(
        make,
        ScaledTime(started, origin, args.speed),
        Broker(host, int(port), args.user_prefix, passwords, _readable(args.ca)),
        duration_s=args.duration,
        stdin_control=args.stdin_control,
    )
    if args.oracle is not None:
        args.oracle.write_text(json.dumps(world.oracle.as_json(), indent=1) + "\n")


def _history(args: argparse.Namespace) -> None:
    until = parse_iso(args.until)
    if args.days <= 0:
        raise ValueError("--days is more than 0")
    make = _world_maker(args, live=False)
    start = until - round(args.days * DAY)
    run_history(make(start), until, args.state, sys.stdout, sys.stdin)


def main(words: list[str] | None = None) -> int:
    """Run a verb; a mistake of a person gets a sentence and exit code 2."""
    args = _parser().parse_args(words)
    try:
        if args.verb == "live":
            _live(args)
        elif args.verb == "history":
            _history(args)
        elif args.verb == "calibrate":
            for name, error in write_fits().items():
                print(f"{name}: {error.rms_w:.2f} W RMS, energy {error.energy_percent:+.2f} %")
        else:
            for name in scenario_names():
                print(f"{name}: {load_scenario(name).title}")
    except (ValueError, HistoryError) as error:
        print(f"simulator: {error}", file=sys.stderr)
        return 2
    except (BrokenPipeError, KeyboardInterrupt):
        return 1
    return 0
