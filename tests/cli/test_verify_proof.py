"""`beimen verify-proof` in an empty folder: no database, no settings, no network."""

from pathlib import Path

from tests.billing.forged import ANNA, proof, published
from tests.cli.test_verbs import beimen


def test_a_proof_is_checked_with_nothing_set_up(tmp_path: Path):
    tree = published()
    (tmp_path / "anna.txt").write_text(proof(tree, ANNA))
    done = beimen("verify-proof", "anna.txt", home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "your bill of 12.60 yuan and 31.500 kWh is inside the total of 9 bills" in done.stdout
    assert "您的账单 12.60 元、31.500 度" in done.stdout
    assert tree.code in done.stdout
    done = beimen("verify-proof", "anna.txt", "--code", tree.code, home=tmp_path)
    assert "It is the code you gave." in done.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["anna.txt"]


def test_a_proof_that_does_not_hold_ends_with_1_and_a_sentence(tmp_path: Path):
    text = proof(published(), ANNA)
    (tmp_path / "changed.txt").write_text(text.replace("BILL:1260", "BILL:1250"))
    (tmp_path / "anna.txt").write_text(text)
    for words, sentence in (
        (["changed.txt"], "The lines do not sum to the total"),
        (["anna.txt", "--code", "F" * 32], "This proof belongs to another total"),
    ):
        done = beimen("verify-proof", *words, home=tmp_path)
        assert (done.returncode, done.stdout) == (1, "")
        assert sentence in done.stderr
        assert "Traceback" not in done.stderr


def test_its_help_has_an_example(tmp_path: Path):
    done = beimen("verify-proof", "--help", home=tmp_path)
    assert done.returncode == 0
    assert "beimen verify-proof beimen-2026-10-3-201.txt" in done.stdout
