"""A scanned paper is what its content says it is, whatever its name or its sender claims.

Four kinds are taken: JPEG, PNG, WebP and PDF. Each must begin and end as its format prescribes, so
that a page, a program or an archive cannot pass as a picture, and nothing can hang on behind it.
The paper is kept as it came (its SHA-256 is sealed in the ledger); it is never decoded here.

Signatures: PNG (w3.org/TR/png-3, 5.2), JPEG (ITU-T T.81, annex B), WebP (RFC 9649, 2.4 to 2.7),
PDF (ISO 32000-2, 7.5.2 and 7.5.5).
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from service.words import N_, Sentence

MOST_BYTES = 5 * 1024 * 1024
"""A photo of a bill has 0.5 to 4 MB; the books keep every one of them for good."""

JPEG, PNG, WEBP, PDF = "image/jpeg", "image/png", "image/webp", "application/pdf"
ENDINGS = {JPEG: "jpg", PNG: "png", WEBP: "webp", PDF: "pdf"}

_PNG_BEGIN = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
_PNG_END = b"\x00\x00\x00\x00IEND\xaeB`\x82"
_PDF_TAIL_BYTES = 1024
"""Readers look for the end of a PDF, and for a PDF inside something else, this far."""

TOO_LARGE = N_(
    "The paper is larger than 5 MB. Photograph it again with a smaller picture size, "
    "or save it as a JPEG."
)
_NOTHING = N_("The file is empty. Choose the photo or the PDF of the paper once more.")
_CUT_OFF = N_("The file stops in the middle. Open it to see whether it is whole, then try again.")
_HIDDEN = N_("The file holds something else behind or inside the picture. Photograph the paper.")
_HEIC = N_(
    "This is an iPhone's HEIC picture, which most computers cannot show. Choose 'Most compatible' "
    "in the camera's settings, or send a screenshot of it."
)
_OFFICE = N_("This is an archive or an office file. Save it as a PDF, or photograph the paper.")
_WEB = N_("This is a web page or a drawing made of text, not a scan. Photograph the paper.")
_OTHER_PICTURE = N_("This kind of picture is not taken. Save it as JPEG or PNG.")
_UNKNOWN = N_("This is neither a picture (JPEG, PNG, WebP) nor a PDF, whatever its name says.")

_WRONG_KINDS: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", _OFFICE), (b"PK\x05\x06", _OFFICE), (b"\xd0\xcf\x11\xe0", _OFFICE),
    (b"Rar!", _OFFICE), (b"7z\xbc\xaf", _OFFICE), (b"\x1f\x8b", _OFFICE),
    (b"GIF8", _OTHER_PICTURE), (b"BM", _OTHER_PICTURE),
    (b"II*\x00", _OTHER_PICTURE), (b"MM\x00*", _OTHER_PICTURE),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper that may be kept. `sha256` in hex is its name for ever."""

    media_type: str
    sha256: str
    content: bytes

    @property
    def is_picture(self) -> bool:
        """Whether a page can show it; a PDF is opened by a program of its own."""
        return self.media_type != PDF


def look_at(content: bytes) -> Paper | Sentence:
    """What a file is, or why it is not kept."""
    if not content:
        return Sentence(_NOTHING)
    if len(content) > MOST_BYTES:
        return Sentence(TOO_LARGE)
    for begin, media_type, why_not in _KINDS:
        if content.startswith(begin):
            trouble = why_not(content)
            if trouble is not None:
                return Sentence(trouble)
            return Paper(media_type, hashlib.sha256(content).hexdigest(), content)
    return Sentence(_what_else(content))


def file_name(sha256: str, media_type: str) -> str:
    """The name under which a paper is saved: ours, never the sender's."""
    return f"voucher-{sha256[:12]}.{ENDINGS[media_type]}"


def _why_no_jpeg(content: bytes) -> str | None:
    """Walk the segments to the picture itself; it must be there and come to an end."""
    place = 2
    while content[place : place + 1] == b"\xff" and place + 4 <= len(content):
        marker = content[place + 1]
        if marker == 0xFF:  # fill bytes are allowed before a marker
            place += 1
            continue
        length = int.from_bytes(content[place + 2 : place + 4], "big")
        if length < 2 or marker in (0x00, 0xD8, 0xD9):
            return _CUT_OFF
        place += 2 + length
        if marker == 0xDA:
            end = content.rfind(b"\xff\xd9", place)
            return _CUT_OFF if end < 0 else _why_hidden(content, end + 2)
    return _CUT_OFF


def _why_no_png(content: bytes) -> str | None:
    end = content.find(_PNG_END)
    if end < 0:
        return _CUT_OFF
    return _HIDDEN if end + len(_PNG_END) != len(content) else _why_hidden(content, len(content))


def _why_no_webp(content: bytes) -> str | None:
    if content[8:12] != b"WEBP":
        return _UNKNOWN
    if content[12:15] != b"VP8":
        return _CUT_OFF
    whole = int.from_bytes(content[4:8], "little") + 8
    if len(content) < whole:
        return _CUT_OFF
    return _HIDDEN if len(content) > whole else _why_hidden(content, whole)


def _why_no_pdf(content: bytes) -> str | None:
    if content[5:7] not in (b"1.", b"2."):
        return _UNKNOWN
    tail = content[-_PDF_TAIL_BYTES:]
    if b"%%EOF" not in tail or b"startxref" not in tail:
        return _CUT_OFF
    return _HIDDEN if _is_archive_too(content) else None


def _why_hidden(content: bytes, end: int) -> str | None:
    """A picture must not be a PDF or a page as well; cameras may add bytes of their own."""
    is_pdf_too = b"%PDF-" in content[:_PDF_TAIL_BYTES]
    behind = content[end:].lower()
    is_page_too = b"<html" in behind or b"<script" in behind
    return _HIDDEN if is_pdf_too or is_page_too or _is_archive_too(content) else None


def _is_archive_too(content: bytes) -> bool:
    """A ZIP is read from its end: a record there says how many bytes follow it (APPNOTE 4.3.16)."""
    record = content.rfind(b"PK\x05\x06")
    if record < 0:
        return False
    comment_bytes = int.from_bytes(content[record + 20 : record + 22], "little")
    return record + 22 + comment_bytes == len(content)


_KINDS: tuple[tuple[bytes, str, Callable[[bytes], str | None]], ...] = (
    (b"\xff\xd8\xff", JPEG, _why_no_jpeg),
    (_PNG_BEGIN, PNG, _why_no_png),
    (b"RIFF", WEBP, _why_no_webp),
    (b"%PDF-", PDF, _why_no_pdf),
)


def _what_else(content: bytes) -> str:
    if content[4:8] == b"ftyp":
        return _HEIC if content[8:12] in (b"heic", b"heix", b"mif1", b"msf1") else _UNKNOWN
    if content.startswith(_PNG_BEGIN[:8]):
        return _CUT_OFF
    text = content[:_PDF_TAIL_BYTES].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype", b"<html", b"<svg", b"<?xml", b"<script", b"<head", b"<body")):
        return _WEB
    return next((why for begin, why in _WRONG_KINDS if content.startswith(begin)), _UNKNOWN)
