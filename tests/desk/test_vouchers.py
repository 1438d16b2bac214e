"""A paper is what its content says: whatever its name claims, and whatever hangs on behind it."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.desk.vouchers import JPEG, MOST_BYTES, PDF, PNG, WEBP, Paper, file_name, look_at
from service.words import Sentence
from tests.desk.papers import jpeg, pdf, png, webp, zip_end


def said(content: bytes) -> str:
    found = look_at(content)
    assert isinstance(found, Sentence), found
    return found.in_language("en")


@pytest.mark.parametrize(
    ("content", "media_type"), [(jpeg(), JPEG), (png(), PNG), (webp(), WEBP), (pdf(), PDF)]
)
def test_a_picture_or_a_pdf_is_kept_under_the_hash_of_its_content(content: bytes, media_type: str):
    paper = look_at(content)
    assert isinstance(paper, Paper)
    assert (paper.media_type, paper.content) == (media_type, content)
    assert paper.sha256 == hashlib.sha256(content).hexdigest()
    assert paper.is_picture is (media_type != PDF)


def test_it_is_saved_under_a_name_of_ours():
    assert file_name("ab" * 32, PNG) == "voucher-abababababab.png"
    assert file_name("ab" * 32, PDF) == "voucher-abababababab.pdf"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"hello", "neither a picture"),
        (b"<!DOCTYPE html><script>alert(1)</script>", "a web page"),
        (b"\xef\xbb\xbf  <html><body>", "a web page"),
        (b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', "a web page"),
        (b'<?xml version="1.0"?><svg/>', "a web page"),
        (b"PK\x03\x04" + bytes(60), "an archive or an office file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(60), "an archive or an office file"),
        (b"GIF89a" + bytes(60), "This kind of picture is not taken"),
        (b"\x00\x00\x00\x18ftypheic" + bytes(60), "iPhone"),
        (b"\x00\x00\x00\x18ftypmp42" + bytes(60), "neither a picture"),
        (b"MZ" + bytes(100), "neither a picture"),
        (b"%PDF-evil\n%%EOF startxref", "neither a picture"),
        (b"RIFF\x04\x00\x00\x00WAVE", "neither a picture"),
    ],
)
def test_anything_else_is_refused_with_what_to_do(content: bytes, words: str):
    assert words in said(content)


@pytest.mark.parametrize("whole", [jpeg(), png(), webp(), pdf()])
def test_half_a_file_is_refused(whole: bytes):
    for part in range(12, len(whole) - 2, 3):
        found = look_at(whole[:part])
        assert isinstance(found, Sentence), part


@pytest.mark.parametrize(
    "polyglot",
    [
        png() + b"<script>alert(1)</script>",
        png() + b"PK\x03\x04" + zip_end(),
        webp() + zip_end(b"x"),
        jpeg() + b"PK\x03\x04" + bytes(40) + zip_end(b"a comment"),
        jpeg() + b"<HTML><body>",
        jpeg(comment=pdf()),
        pdf() + zip_end(),
    ],
)
def test_a_picture_that_is_something_else_as_well_is_refused(polyglot: bytes):
    assert "something else behind or inside" in said(polyglot)


def test_a_pdf_whose_header_is_not_at_the_start_is_no_pdf():
    for before in (b"\n", b"GIF89a", b"<html>", b"\xff\xd8\xff\xd9", b"x" * 500):
        assert isinstance(look_at(before + pdf()), Sentence)


def test_a_pdf_with_an_archive_too_far_behind_its_end_is_refused():
    assert isinstance(look_at(pdf() + bytes(2000)), Sentence)


def test_a_camera_may_add_bytes_behind_its_picture():
    assert isinstance(look_at(jpeg() + jpeg() + bytes(12)), Paper)
    assert isinstance(look_at(jpeg(comment=b"PK\x05\x06 and so on")), Paper)


def test_five_megabytes_are_taken_and_one_byte_more_is_not():
    exactly = jpeg() + bytes(MOST_BYTES - len(jpeg()))
    assert len(exactly) == MOST_BYTES
    assert isinstance(look_at(exactly), Paper)
    assert "larger than 5 MB" in said(exactly + b"\x00")


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=200), st.sampled_from([b"", jpeg()[:30], png()[:40], b"RIFF", b"%PDF-1."])
)
def test_whatever_comes_is_a_paper_or_a_sentence(tail: bytes, begin: bytes):
    found = look_at(begin + tail)
    assert isinstance(found, Sentence) or found.sha256
