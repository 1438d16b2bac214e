"""The house keeps its shape: rooms, file kinds, sizes, and nothing that does not belong."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = (
    "households", "piles", "sessions", "metering", "billing", "feeders", "desk", "alerts", "usage",
)  # fmt: skip
IO_LIBRARIES = ("sqlmodel", "sqlalchemy", "paho", "fastapi", "starlette", "apscheduler", "jinja2")
TOP_LEVEL = {
    "pyproject.toml", "service", "simulator", "dashboards", "tests", "README.md", "Makefile",
    "deploy", "docs", "package.json", "package-lock.json", "hatch_build.py",
    "requirements.lock", "requirements-dev.lock", "requirements-node.lock",
}  # fmt: skip


def tracked(*patterns: str) -> list[Path]:
    out = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [ROOT / line for line in out.stdout.splitlines() if (ROOT / line).exists()]


def code_files() -> list[Path]:
    return [p for p in tracked("service/*.py", "simulator/*.py") if "migrations" not in p.parts]


def pure_files() -> list[Path]:
    """Everything in a domain room but its records, its actions and its front door."""
    edges = {"records.py", "actions.py", "__init__.py"}
    return [
        p for p in code_files()
        if p.parent.name in ROOMS and p.name not in edges
    ]  # fmt: skip


def imports_of(path: Path) -> list[str]:
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return names


def test_the_import_order_of_the_rooms_is_kept():
    lint = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run([lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout


@pytest.mark.parametrize("path", pure_files(), ids=lambda p: str(p.relative_to(ROOT)))
def test_a_pure_file_reaches_no_table_and_no_io_library(path):
    for name in imports_of(path):
        assert name.split(".")[0] not in IO_LIBRARIES, f"{path.name} imports {name}"
        assert name.split(".")[-1] not in ("records", "actions"), f"{path.name} imports {name}"


def test_paho_is_known_only_to_the_wire_and_apscheduler_only_to_jobs():
    for path in code_files():
        place = path.relative_to(ROOT).parts
        for name in imports_of(path):
            library = name.split(".")[0]
            if library == "paho":
                assert place[:2] == ("service", "wire") or place[0] == "simulator", path
            if library == "apscheduler":
                assert place[:2] == ("service", "jobs.py"), path


def test_the_time_is_read_in_one_place():
    for path in tracked("service/*.py"):
        if path.name == "clock.py":
            continue
        text = path.read_text()
        for reading in ("datetime.now(", "utcnow(", "time.time(", "time.time_ns("):
            assert reading not in text, f"{path} reads the clock itself"


@pytest.mark.parametrize("path", code_files(), ids=lambda p: str(p.relative_to(ROOT)))
def test_a_file_fits_in_a_head_and_says_what_it_is_for(path):
    text = path.read_text()
    assert len(text.splitlines()) <= 360, "split it along its subjects"
    assert ast.get_docstring(ast.parse(text)), "the first line says why the file is there"


def test_broad_excepts_stand_only_at_the_two_doors_that_count_them():
    allowed = {Path("service/wire/worker.py"), Path("service/jobs.py")}
    for path in code_files():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ExceptHandler):
                name = node.type.id if isinstance(node.type, ast.Name) else ""
                broad = node.type is None or name in ("Exception", "BaseException")
                assert not broad or path.relative_to(ROOT) in allowed, f"{path}:{node.lineno}"


def test_no_import_hides_inside_a_function_outside_the_cli():
    for path in tracked("service/*.py"):
        if path.name in ("cli.py", "__main__.py") or "migrations" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                late = [n for n in ast.walk(node) if isinstance(n, (ast.Import, ast.ImportFrom))]
                assert not late, f"{path}:{node.lineno}"


def test_the_top_level_holds_only_what_a_newcomer_expects():
    top = {p.relative_to(ROOT).parts[0] for p in tracked()}
    assert {name for name in top if not name.startswith(".")} <= TOP_LEVEL


def test_nothing_of_a_machine_or_of_someone_else_is_committed():
    for path in tracked():
        assert not path.name.endswith((".min.js", ".min.css")), path
        if path.suffix in (".lock", ".png", ".csv") or path.name == Path(__file__).name:
            continue
        text = path.read_text(errors="ignore")
        for mark in ("/" + "root/", "/" + "work/", '"resolved": "http'):
            assert mark not in text, f"{path} holds {mark}"
