"""The other files of deploy/ name only what exists."""

import re
import shutil
import subprocess

import pytest
import yaml

from service.settings import Settings
from tests.support.processes import ROOT

DEPLOY = ROOT / "deploy"
FILES = [DEPLOY / name for name in ("README.md", "beimen.env", "compose.yaml", "beimen.service")]


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_every_setting_that_is_named_exists(path):
    for name in re.findall(r"BEIMEN_([A-Z_]+)", path.read_text()):
        assert name.lower() in Settings.model_fields


def test_the_settings_file_is_read_as_it_stands():
    settings = Settings(_env_file=DEPLOY / "beimen.env")  # type: ignore[call-arg]
    assert settings.database_url == "sqlite:////var/lib/beimen/beimen.db"
    assert not settings.demo
    assert settings.secret_key.get_secret_value() == "", "no secret is shipped"


def test_every_file_that_is_named_is_there():
    text = "".join(path.read_text() for path in [*FILES, DEPLOY / "Dockerfile"])
    for name in set(re.findall(r"deploy/[\w./-]*\w", text)):
        if name.startswith("deploy/secrets") or name == "deploy/.env":
            continue  # made by the operator
        assert (ROOT / name).exists(), name


def test_the_containers_use_the_measured_broker_and_open_one_port():
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert ports == ["8883:8883", "127.0.0.1:8080:8080"]
    stages = re.findall(r"^FROM \S+ AS (\w+)", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    built = {s["build"]["target"] for s in services.values() if "build" in s}
    assert built == set(stages)


def test_systemd_would_take_the_unit_and_finds_it_well_closed(tmp_path):
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed here (Debian package systemd)")
    unit = (DEPLOY / "beimen.service").read_text()
    here = re.sub(r"^ExecStart=.*$", "ExecStart=/bin/true", unit, flags=re.MULTILINE)
    (tmp_path / "beimen.service").write_text(here)
    checked = subprocess.run(
        ["systemd-analyze", "verify", tmp_path / "beimen.service"], capture_output=True, text=True
    )
    assert "beimen.service:" not in checked.stderr, checked.stderr
    rated = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20",
         tmp_path / "beimen.service"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert rated.returncode == 0, rated.stdout[-300:]
