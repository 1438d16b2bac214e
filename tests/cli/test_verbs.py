"""`beimen` and its verbs: help with an example, and a sentence instead of a traceback."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
VERBS = (
    "demo", "serve", "simulate", "migrate", "seed", "bill", "replay", "verify", "verify-proof",
    "export", "labels", "doctor",
)  # fmt: skip
KEY = "a key of the tests that is long enough"


def beimen(*words: str, home: Path, **settings: str) -> "subprocess.CompletedProcess[str]":
    """Run a verb in an empty folder, with nothing of this machine's settings."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("BEIMEN_")}
    environment |= {"PYTHONPATH": str(ROOT), "COLUMNS": "200", "TERM": "dumb", "NO_COLOR": "1"}
    environment |= {f"BEIMEN_{name.upper()}": value for name, value in settings.items()}
    return subprocess.run(
        [sys.executable, "-m", "service", *words],
        cwd=home, env=environment, capture_output=True, text=True, timeout=120,
    )  # fmt: skip


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a migrated database and the first compound in it."""
    folder = tmp_path_factory.mktemp("compound")
    assert beimen("migrate", home=folder, secret_key=KEY).returncode == 0
    assert beimen("seed", home=folder, secret_key=KEY).returncode == 0
    return folder


@pytest.fixture
def compound(made_once: Path, tmp_path: Path) -> Path:
    """A copy of that folder for one test."""
    shutil.copytree(made_once, tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_and_an_example(verb, tmp_path):
    run = beimen(verb, "--help", home=tmp_path)
    assert run.returncode == 0, run.stderr
    assert "example" in run.stdout.lower() or verb == "simulate"
    assert "Traceback" not in run.stdout + run.stderr


def test_without_a_verb_it_says_what_there_is(tmp_path):
    run = beimen(home=tmp_path)
    for verb in VERBS:
        assert verb in run.stdout + run.stderr


def sentence_of(run: "subprocess.CompletedProcess[str]") -> str:
    """What a person reads when something is wrong."""
    assert run.returncode != 0
    assert "Traceback" not in run.stdout + run.stderr
    return run.stderr.strip()


def test_serving_without_a_key_says_how_to_make_one(tmp_path):
    assert "BEIMEN_SECRET_KEY" in sentence_of(beimen("serve", home=tmp_path))


def test_serving_without_tables_says_to_migrate(tmp_path):
    said = sentence_of(beimen("serve", home=tmp_path, secret_key=KEY))
    assert "beimen migrate" in said


def test_an_unknown_database_is_named(tmp_path):
    said = sentence_of(beimen("migrate", home=tmp_path, database_url="mysql://x/y"))
    assert "use sqlite:///path or postgresql://" in said


def test_a_setting_that_is_no_number_is_named(tmp_path):
    said = sentence_of(beimen("serve", home=tmp_path, http_port="eighty"))
    assert said.startswith("BEIMEN_HTTP_PORT:")


def test_seeding_twice_changes_nothing(compound):
    run = beimen("seed", home=compound, secret_key=KEY)
    assert run.returncode == 0
    assert "was there already" in run.stdout


def test_households_come_from_a_csv_after_a_dry_run(compound):
    (compound / "h.csv").write_text("door,entrance,residents\n3-201,3,2\n3-202,3,\n")
    words = ("seed", "--households", "h.csv")
    assert (
        "2 households can be added"
        in beimen(*words, "--dry-run", home=compound, secret_key=KEY).stdout
    )
    assert "2 households were added" in beimen(*words, home=compound, secret_key=KEY).stdout
    said = beimen(*words, home=compound, secret_key=KEY)
    assert "Nothing was added" in sentence_of(said)
    assert "row 2" in said.stderr


def test_a_csv_that_is_not_there_is_said_so(compound):
    said = sentence_of(beimen("seed", "--households", "no.csv", home=compound, secret_key=KEY))
    assert "no.csv cannot be read" in said


def test_a_month_that_is_not_over_is_not_closed(compound):
    assert "not over yet" in sentence_of(beimen("bill", "2999-01", home=compound, secret_key=KEY))
    assert "is not a month" in sentence_of(beimen("bill", "May", home=compound, secret_key=KEY))


def test_without_a_month_it_lists_what_is_open(compound):
    assert beimen("bill", home=compound, secret_key=KEY).stdout.strip() == "to be closed: nothing"


def test_the_labels_are_one_page_with_a_code_for_every_outlet(compound):
    run = beimen("labels", "out.html", home=compound, secret_key=KEY)
    assert run.returncode == 0, run.stderr
    page = (compound / "out.html").read_text()
    assert page.count("<svg") >= 38
    assert "0.487" not in page, "a label outlives the price; that hangs on a board"


def test_the_doctor_names_every_trouble_and_how_to_mend_it(tmp_path):
    run = beimen("doctor", home=tmp_path, mqtt_port="1")
    assert run.returncode == 1
    assert "TROUBLE secret key" in run.stdout
    assert "TROUBLE broker: No broker answers at 127.0.0.1:1" in run.stdout
    assert "beimen migrate" in run.stdout


def test_the_doctor_finds_a_sound_compound_sound_but_for_the_broker(compound):
    run = beimen(
        "doctor", home=compound, secret_key=KEY, mqtt_port="1", service_phone="0358-000-0000",
        public_url="https://charge.example.org",
    )  # fmt: skip
    assert "ok      piles and feeders" in run.stdout
    assert "ok      price\n" in run.stdout
    assert "TROUBLE broker" in run.stdout
    assert "on 38 piles (1-38): print and hang them, see /committee/boards" in run.stdout
