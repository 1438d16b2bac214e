"""Every query of the dashboards and rules has data in a real Prometheus; every name exists."""

import json
import re
import subprocess

import pytest
import yaml

from tests.dashboards.conftest import DASHBOARDS, Prometheus, Served
from tests.support.processes import program

FILES = ("committee.json", "maintenance.json")
A_NAME = re.compile(r"\bbeimen_[a-z0-9_]+")
ENDS_WITH_A_LIMIT = re.compile(r"(.*) (==|!=|>|<|>=|<=) [0-9.]+")


def dashboard(name: str) -> dict:
    return json.loads((DASHBOARDS / name).read_text())


def panel_queries() -> list[tuple[str, str]]:
    return [
        (panel["title"], target["expr"])
        for name in FILES
        for panel in dashboard(name)["panels"]
        for target in panel["targets"]
    ]


def rules() -> list[dict]:
    groups = yaml.safe_load((DASHBOARDS / "rules.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


@pytest.mark.parametrize(("title", "query"), panel_queries())
def test_a_panel_shows_data(prometheus: Prometheus, title: str, query: str):
    asked = query.replace("$__rate_interval", "10s")
    assert prometheus.ask_until_answered(asked), f"{title} is empty: {query}"


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_a_rule_looks_at_data_that_is_there(prometheus: Prometheus, rule: dict):
    parts = ENDS_WITH_A_LIMIT.fullmatch(rule["expr"])
    assert parts, "a rule ends with its limit, so that this test can ask for what it looks at"
    looked_at = re.sub(r"\[\d+[mh]\]", "[20s]", parts.group(1))
    assert prometheus.ask_until_answered(looked_at), looked_at


def test_prometheus_takes_every_rule_and_finds_no_fault_in_it(prometheus: Prometheus):
    prometheus.ask_until_answered("beimen_database_up")
    loaded = [
        rule for group in prometheus.get("/api/v1/rules")["groups"] for rule in group["rules"]
    ]
    assert {rule["name"] for rule in loaded} == {rule["alert"] for rule in rules()}
    assert [rule["name"] for rule in loaded if rule.get("lastError")] == []


def test_the_scrape_is_whole_and_small(prometheus: Prometheus, served: Served):
    assert prometheus.ask_until_answered('up{job="beimen"} == 1')
    (samples,) = prometheus.ask_until_answered("scrape_samples_scraped > 100")
    assert float(samples["value"][1]) < 1500


def test_every_name_in_these_files_is_a_name_of_ours(served: Served):
    there = served.metrics
    for path in DASHBOARDS.glob("*"):
        if path.suffix in (".json", ".yml") and path.name != "alertmanager.yml":
            for name in set(A_NAME.findall(path.read_text())):
                assert re.search(rf"^{name}[ {{]", there, re.MULTILINE), (path.name, name)


def test_promtool_finds_nothing_to_mend_in_our_figures(served: Served):
    check = [program("promtool", "prometheus"), "check", "metrics"]
    run = subprocess.run(check, input=served.metrics, capture_output=True, text=True)
    assert (run.returncode, run.stdout + run.stderr) == (0, "")


def test_promtool_finds_nothing_to_mend_in_the_rules():
    check = [program("promtool", "prometheus"), "check", "rules", "rules.yml"]
    run = subprocess.run(check, cwd=DASHBOARDS, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


def test_every_alert_fires_when_it_should_and_not_when_it_should_not():
    check = [program("promtool", "prometheus"), "test", "rules", "rules_test.yml"]
    run = subprocess.run(check, cwd=DASHBOARDS, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    stories = [
        test["name"]
        for test in yaml.safe_load((DASHBOARDS / "rules_test.yml").read_text())["tests"]
    ]
    for rule in rules():
        assert any(story.startswith(f"{rule['alert']} fires") for story in stories), rule["alert"]
        assert any(story.startswith(f"{rule['alert']} is quiet") for story in stories), rule[
            "alert"
        ]


@pytest.mark.parametrize("name", FILES)
def test_a_dashboard_can_be_imported_anywhere(name: str):
    found = dashboard(name)
    assert re.search("[\u4e00-\u9fff]", found["title"])
    assert found["timezone"] == "Asia/Shanghai"
    ids = [panel["id"] for panel in found["panels"]]
    assert len(set(ids)) == len(ids)
    for panel in found["panels"]:
        assert re.search("[\u4e00-\u9fff]", panel["title"]), panel["title"]
        assert panel["datasource"]["uid"] == "${datasource}"
    assert no_overlap([panel["gridPos"] for panel in found["panels"]])


def no_overlap(places: list[dict[str, int]]) -> bool:
    cells = [
        (x, y)
        for place in places
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    return len(cells) == len(set(cells)) and max(x for x, _ in cells) < 24


def test_alertmanager_knows_where_each_severity_goes():
    routes = yaml.safe_load((DASHBOARDS / "alertmanager.yml").read_text())
    receivers = {receiver["name"] for receiver in routes["receivers"]}
    named = {routes["route"]["receiver"], *(r["receiver"] for r in routes["route"]["routes"])}
    assert named == receivers
    inhibiting = re.findall(r"Beimen[A-Za-z]+(?!\.)", str(routes["inhibit_rules"]))
    assert set(inhibiting) <= {rule["alert"] for rule in rules()}
    assert {rule["labels"]["severity"] for rule in rules()} == {"critical", "warning", "info"}
