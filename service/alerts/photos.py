"""A photo of a repair, without the traces of who took it and where.

A phone writes its position, its owner's name and often a small film into a picture. None of that
is kept: only what draws the picture, and which side is up. Nothing is decoded or drawn anew, so
no image library is needed and the picture stays as sharp as it was.

Formats: JPEG (ITU-T T.81, annex B), Exif (CIPA DC-008, 4.5 and 4.6.4: orientation is tag 0x0112),
PNG (w3.org/TR/png-3, 5.3 and 11), WebP (RFC 9649, 2.7).
"""

import re
import struct
from collections.abc import Iterator

from service.desk.vouchers import MOST_BYTES, Paper, look_at
from service.words import N_, Sentence

MOST_UPLOAD_BYTES = 12 * 1024 * 1024
"""What a phone may send; the film that some hang behind their pictures is cut off first."""

MOST_OF_ONE_INCIDENT = 8

TOO_LARGE = N_(
    "The photo is larger than 5 MB. Choose a smaller picture size in the camera, then try again."
)
NO_PHOTO = N_("No photo has arrived. Take or choose one, then try again.")
NOT_A_PHOTO = N_("This is not a whole photo. Send a JPEG, PNG or WebP picture.")
TOO_MANY = N_("This incident has as many photos as it may have ({most}).")

_EXIF = b"Exif\x00\x00"
_ORIENTATION = 0x0112
_MARKER = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])")
_KEPT_CHUNKS = frozenset(
    {
        b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA",
        b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"pHYs",
    }
)  # fmt: skip
_KEPT_WEBP = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ICCP", b"ANIM", b"ANMF"})
_WEBP_EXIF, _WEBP_XMP = 0x08, 0x04


class _BrokenError(Exception):
    """The bytes do not add up to a picture."""


def clean_photo(content: bytes) -> Paper | Sentence:
    """The picture alone, to be kept under the hash of what is kept; or why it is not taken."""
    if not content:
        return Sentence(NO_PHOTO)
    if len(content) > MOST_UPLOAD_BYTES:
        return Sentence(TOO_LARGE)
    try:
        bare = _bare(content)
    except (_BrokenError, struct.error):
        return Sentence(NOT_A_PHOTO)
    if len(bare) > MOST_BYTES:
        return Sentence(TOO_LARGE)
    found = look_at(bare)
    return found if isinstance(found, Paper) else Sentence(NOT_A_PHOTO)


def _bare(content: bytes) -> bytes:
    if content.startswith(b"\xff\xd8\xff"):
        return _bare_jpeg(content)
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return _bare_png(content)
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return _bare_webp(content)
    raise _BrokenError


# --- JPEG ----------------------------------------------------------------------------------------


def _bare_jpeg(content: bytes) -> bytes:
    """Everything that draws, up to the first end of image: no camera data, no comment, no film."""
    kept: list[bytes] = []
    side_up: int | None = None
    for marker, segment in _segments(content):
        if marker == 0xE1 and side_up is None:
            side_up = _side_up(segment[4:])
        if _draws(marker, segment[4:]):
            kept.append(segment)
    upright = _exif_of(side_up) if side_up is not None else b""
    return b"\xff\xd8" + upright + b"".join(kept) + b"\xff\xd9"


def _segments(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Every segment with its marker; a scan comes with the coded picture that follows it."""
    place = 2
    while True:
        found = _MARKER.match(content, place)
        if found is None:
            raise _BrokenError
        marker, place = found[1][0], found.end()
        if marker == 0xD9:
            return
        (length,) = struct.unpack_from(">H", content, place)
        end = place + length
        if length < 2 or end > len(content):
            raise _BrokenError
        if marker == 0xDA:
            following = _MARKER.search(content, end)
            if following is None:
                raise _BrokenError
            end = following.start()
        yield marker, b"\xff" + found[1] + content[place:end]
        place = end


def _draws(marker: int, body: bytes) -> bool:
    """Tables, frames and scans do; of what programs add only colour profiles are needed."""
    if marker == 0xFE:
        return False
    if not 0xE0 <= marker <= 0xEF:
        return True
    return (marker, body[:5]) in ((0xE0, b"JFIF\x00"), (0xEE, b"Adobe")) or (
        marker == 0xE2 and body.startswith(b"ICC_PROFILE\x00")
    )


def _side_up(body: bytes) -> int | None:
    """The orientation (2 to 8) that a camera noted; None if it is upright or says nothing."""
    if not body.startswith(_EXIF):
        return None
    tiff = body[len(_EXIF) :]
    order = {b"II*\x00": "<", b"MM\x00*": ">"}.get(tiff[:4])
    if order is None:
        return None
    try:
        (start,) = struct.unpack_from(f"{order}I", tiff, 4)
        (entries,) = struct.unpack_from(f"{order}H", tiff, start)
        for number in range(min(entries, 200)):
            tag, _, _, value = struct.unpack_from(f"{order}HHIH", tiff, start + 2 + 12 * number)
            if tag == _ORIENTATION:
                return value if 2 <= value <= 8 else None
    except struct.error:
        return None
    return None


def _exif_of(side_up: int) -> bytes:
    """Camera data that say which side is up, and nothing else."""
    directory = struct.pack(">HHHIHHI", 1, _ORIENTATION, 3, 1, side_up, 0, 0)
    body = _EXIF + b"MM\x00*" + struct.pack(">I", 8) + directory
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body


# --- PNG and WebP --------------------------------------------------------------------------------


def _bare_png(content: bytes) -> bytes:
    kept, place = [content[:8]], 8
    while True:
        (length,) = struct.unpack_from(">I", content, place)
        kind, end = content[place + 4 : place + 8], place + 12 + length
        if end > len(content):
            raise _BrokenError
        if kind in _KEPT_CHUNKS:
            kept.append(content[place:end])
        if kind == b"IEND":
            return b"".join(kept)
        place = end


def _bare_webp(content: bytes) -> bytes:
    kept = b"".join(_webp_chunks(content))
    return b"RIFF" + struct.pack("<I", len(kept) + 4) + b"WEBP" + kept


def _webp_chunks(content: bytes) -> Iterator[bytes]:
    (size,) = struct.unpack_from("<I", content, 4)
    place, whole = 12, size + 8
    if whole > len(content):
        raise _BrokenError
    while place < whole:
        (length,) = struct.unpack_from("<I", content, place + 4)
        kind, end = content[place : place + 4], place + 8 + length + length % 2
        if place + 8 + length > whole:
            raise _BrokenError
        chunk = content[place:end]
        if kind == b"VP8X":
            flags = chunk[8] & ~(_WEBP_EXIF | _WEBP_XMP)
            chunk = chunk[:8] + bytes([flags]) + chunk[9:]
        if kind in _KEPT_WEBP:
            yield chunk
        place = end
