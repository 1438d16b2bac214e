"""The real app on a port, with life in it, and a real Prometheus that scrapes it every second."""

import json
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from service.alerts.sender import Messenger
from service.clock import SystemClock
from service.jobs import Timetable
from service.store import Store
from service.store.engine import open_engine
from tests.api.conftest import SCRAPER, Town, make_town
from tests.jobs.conftest import PaperMessenger
from tests.support.processes import ROOT, free_port, start_prometheus, wait_for_port

DASHBOARDS = ROOT / "dashboards"


@dataclass
class Served:
    """A town whose app listens on a port."""

    town: Town
    port: int
    timetable: Timetable
    messenger: Messenger = field(default_factory=PaperMessenger)

    @property
    def metrics(self) -> str:
        answer = httpx.get(
            f"http://127.0.0.1:{self.port}/metrics",
            headers={"authorization": f"Bearer {SCRAPER}"},
            trust_env=False,
        )
        assert answer.status_code == 200
        return answer.text

    def live(self) -> None:
        """A few seconds' worth of an evening: messages, jobs, commits."""
        pile = self.town.pile
        pile.heartbeat(rssi_dbm=-81)
        pile.meter(pile.reading(2, 5000))
        self.town.gauges.observe_batch(2, 0.004)
        for job in self.timetable.jobs:
            assert self.timetable.run(job)


@pytest.fixture(scope="session")
def served(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The app by uvicorn in a thread; a resident charges, one fault is open."""
    path = tmp_path_factory.mktemp("served") / "beimen.db"
    shutil.copy(sqlite_template, path)
    town = make_town(Store(open_engine(f"sqlite:///{path}")), SystemClock())  # type: ignore[arg-type]
    served = Served(town, free_port(), Timetable(town.house, town.gauges, PaperMessenger()))
    wish = {"pile": "LB-001", "outlet": 1, "idempotency_key": "for-the-figures"}
    started = town.resident().post("/api/v1/sessions", json=wish)
    assert started.status_code == 201
    town.pile.meter(town.pile.reading(1, 1000, session_id=started.json()["id"], reason="start"))
    town.pile.fault("leakage", outlet=2)
    served.live()
    served.live()
    settings = uvicorn.Config(town.app, "127.0.0.1", served.port, log_level="error", ws="none")
    server = uvicorn.Server(settings)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_for_port(served.port)
    yield served
    server.should_exit = True
    thread.join(10)
    served.timetable.stop()
    town.house.store.close()


@dataclass
class Prometheus:
    """A Prometheus to ask."""

    url: str
    served: Served

    def ask(self, query: str) -> list[dict[str, Any]]:
        answer = httpx.get(f"{self.url}/api/v1/query", params={"query": query}, trust_env=False)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["data"]["result"])

    def ask_until_answered(self, query: str, seconds: float = 20) -> list[dict[str, Any]]:
        """The answer; life goes on until there is one, since a rate needs two scrapes."""
        until = time.monotonic() + seconds
        while True:
            found = [sample for sample in self.ask(query) if sample["value"][1] != "NaN"]
            if found or time.monotonic() > until:
                return found
            self.served.live()
            time.sleep(0.5)

    def get(self, path: str) -> Any:
        return httpx.get(f"{self.url}{path}", trust_env=False).json()["data"]


@pytest.fixture(scope="session")
def prometheus(served: Served) -> Iterator[Prometheus]:
    """Prometheus with our rules, scraping the app as the README says, but each second."""
    configuration = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": ["rules.yml"],
        "scrape_configs": [
            {
                "job_name": "beimen",
                "authorization": {"credentials": SCRAPER},
                "static_configs": [{"targets": [f"127.0.0.1:{served.port}"]}],
            }
        ],
    }
    rules = {"rules.yml": (DASHBOARDS / "rules.yml").read_text()}
    with start_prometheus(json.dumps(configuration), rules) as url:
        yield Prometheus(url, served)
