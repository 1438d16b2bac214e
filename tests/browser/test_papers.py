"""Statements on their way to paper, in a real browser: the bar moves, the file is saved."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from service.pages.paper import press
from tests.browser.conftest import DESK, NARROW, PHONE, Street, overflow, picture, violations
from tests.pages.papers import texts_of
from tests.pages.published import MARCH, a_published_march, bills_of_march

pytestmark = pytest.mark.browser
HERE = f"/committee/statements/{MARCH}"


def test_all_statements_become_one_file_while_one_watches(street: Street, monkeypatch, tmp_path):
    a_published_march(street.house)
    page = street.visit(street.house.staff_code("committee"), DESK)
    page.goto(street.url + HERE)
    picture(page, "paper-1-statements")
    assert violations(page) == []
    page.get_by_role("link", name="全部打印成一个 PDF").click()
    picture(page, "paper-2-form")
    assert violations(page) == []
    gate = a_gate_before_the_press(monkeypatch, tmp_path)
    page.get_by_label("1 单元").check()
    page.get_by_role("button", name="生成 PDF").click()
    expect(page.get_by_role("heading", name="1 单元：文件正在生成")).to_be_visible()
    expect(page.get_by_text("已排好 4 张，共 6 张。")).to_be_visible()
    picture(page, "paper-3-working")
    assert violations(page) == []
    page.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
    assert overflow(page) == 0
    gate.touch()
    ready = page.get_by_role("heading", name="1 单元：文件已生成")
    expect(ready).to_be_visible(timeout=30_000)
    picture(page, "paper-4-ready-narrow")
    assert violations(page) == []
    with page.expect_download() as saving:
        page.get_by_role("link", name="保存 PDF，然后打印").click()
    assert saving.value.suggested_filename == "beimen-2026-03-1.pdf"
    assert len(texts_of(Path(saving.value.path()).read_bytes())) == 6


def a_gate_before_the_press(monkeypatch, tmp_path: Path) -> Path:
    """A press that says how far it is and waits before it goes on; then it is the real one."""
    program = tmp_path / "gated.py"
    gate = tmp_path / "gate"
    program.write_text(
        "import pathlib, runpy, sys, time\n"
        "sys.stderr.write('set 4\\n'); sys.stderr.flush()\n"
        f"gate = pathlib.Path({str(gate)!r})\n"
        "while not gate.exists():\n"
        "    time.sleep(0.02)\n"
        f"runpy.run_path({str(press.PRESS)!r}, run_name='__main__')\n"
    )
    monkeypatch.setattr(press, "PRESS", program)
    return gate


def test_a_resident_saves_a_statement_on_the_phone(street: Street):
    bills_of_march(street.house)
    page = street.visit(street.house.code_of("1-101"), PHONE)
    page.goto(f"{street.url}/me/statements/{MARCH}")
    picture(page, "paper-5-own-statement")
    assert violations(page) == []
    assert overflow(page) == 0
    with page.expect_download() as saving:
        page.get_by_role("link", name="打印（PDF）").click()
    assert saving.value.suggested_filename == "beimen-2026-03-1-101.pdf"
