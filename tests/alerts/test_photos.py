"""A photo of a repair is kept without its camera's traces, and nothing else is taken for one."""

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.alerts import actions, photos
from service.alerts.photos import clean_photo
from service.alerts.records import forget_photos, photo_facts, photo_row
from service.alerts.trouble import Trouble
from service.clock import FixedClock
from service.desk.vouchers import MOST_BYTES, Paper
from service.store import Store
from service.words import Sentence

PLACE = b"GPS 37.52N 111.14E"
SCAN = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00" + b"\x12\xff\x00\x34\xff\xd0\x56" * 9


def segment(marker: int, body: bytes) -> bytes:
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body


def exif(side_up: int, order: str = ">", *, place: bytes = PLACE) -> bytes:
    """What a phone writes: which side is up, then where it stood."""
    head = b"MM\x00*" if order == ">" else b"II*\x00"
    entries = struct.pack(f"{order}HHIHH", 0x010F, 2, 1, 65, 0)
    entries += struct.pack(f"{order}HHIHH", 0x0112, 3, 1, side_up, 0)
    ifd = struct.pack(f"{order}IH", 8, 2) + entries + struct.pack(f"{order}I", 0)
    return segment(0xE1, b"Exif\x00\x00" + head + ifd + place)


def jpeg(*more: bytes, behind: bytes = b"") -> bytes:
    table = segment(0xDB, b"\x00" + bytes(64))
    frame = segment(0xC0, bytes.fromhex("0800010001010111 00".replace(" ", "")))
    jfif = segment(0xE0, b"JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00")
    return b"\xff\xd8" + jfif + b"".join(more) + table + frame + SCAN + b"\xff\xd9" + behind


def chunk(kind: bytes, body: bytes) -> bytes:
    check = zlib.crc32(kind + body)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", check)


def png(*more: bytes) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(b"\x00\x80"))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(more) + data + chunk(b"IEND", b"")


def riff(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<I", len(body)) + body + b"\x00" * (len(body) % 2)


def webp(*more: bytes) -> bytes:
    flags = riff(b"VP8X", bytes([0x1C]) + bytes(9))
    inside = b"WEBP" + flags + b"".join(more) + riff(b"VP8 ", bytes(30))
    return b"RIFF" + struct.pack("<I", len(inside)) + inside


def kept(content: bytes) -> Paper:
    found = clean_photo(content)
    assert isinstance(found, Paper), found
    return found


WITH_A_PLACE = {
    "camera data of a JPEG": jpeg(exif(6)),
    "camera data, other byte order": jpeg(exif(3, "<")),
    "camera data twice": jpeg(exif(1), segment(0xE1, b"http://ns.adobe.com/xap/1.0/\x00" + PLACE)),
    "a comment": jpeg(segment(0xFE, PLACE)),
    "a program's own words": jpeg(segment(0xED, b"Photoshop 3.0\x00" + PLACE)),
    "a second picture's index": jpeg(segment(0xE2, b"MPF\x00" + PLACE)),
    "a film behind the picture": jpeg(behind=b"\x00\x00\x00\x18ftypmp42" + PLACE),
    "between two scans": jpeg(SCAN + segment(0xFE, PLACE)),
    "camera data of a PNG": png(chunk(b"eXIf", b"MM\x00*" + PLACE)),
    "words in a PNG": png(chunk(b"tEXt", b"Comment\x00" + PLACE), chunk(b"iTXt", PLACE)),
    "behind a PNG": png() + PLACE,
    "camera data of a WebP": webp(riff(b"EXIF", PLACE)),
    "words in a WebP": webp(riff(b"XMP ", PLACE)),
}


@pytest.mark.parametrize("name", WITH_A_PLACE)
def test_no_trace_of_where_a_photo_was_taken_is_kept(name: str):
    content = WITH_A_PLACE[name]
    assert PLACE in content
    assert PLACE not in kept(content).content


def test_which_side_is_up_stays_so_that_nobody_tilts_the_head():
    for order in (">", "<"):
        bare = kept(jpeg(exif(6, order))).content
        assert bare.startswith(b"\xff\xd8" + exif_of(6))
    assert b"Exif" not in kept(jpeg(exif(1))).content


def exif_of(side_up: int) -> bytes:
    return bytes.fromhex(
        "ffe1 0022 457869660000 4d4d002a00000008 0001 0112 0003 00000001"
        f"{side_up:04x} 0000 00000000"
    )


def test_what_draws_the_picture_is_kept_to_the_byte():
    plain = jpeg(segment(0xE2, b"ICC_PROFILE\x00\x01\x01colours"), segment(0xEE, b"Adobe\x00d"))
    assert kept(plain).content == plain
    assert kept(png(chunk(b"gAMA", bytes(4)))).content == png(chunk(b"gAMA", bytes(4)))
    flags = kept(webp(riff(b"EXIF", PLACE))).content
    assert flags[20] == 0x10, "neither camera data nor words are announced any more"


def test_a_photo_cleaned_twice_is_the_same_photo():
    for content in WITH_A_PLACE.values():
        once = kept(content)
        assert kept(once.content).sha256 == once.sha256


NO_PHOTOS = {
    "nothing": b"",
    "a page": b"<html><script>1</script></html>",
    "a drawing that can run": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "a PDF": b"%PDF-1.7\n",
    "a GIF": b"GIF89a" + bytes(40),
    "half a JPEG": jpeg()[:80],
    "a JPEG whose scan never ends": jpeg()[:-2],
    "half a PNG": png()[:40],
    "half a WebP": webp()[:30],
    "a JPEG with a page in its picture": jpeg().replace(b"\x12\xff\x00\x34", b"%PDF-1.7", 1),
}


@pytest.mark.parametrize("name", NO_PHOTOS)
def test_what_is_no_whole_photo_is_refused_in_words(name: str):
    found = clean_photo(NO_PHOTOS[name])
    assert isinstance(found, Sentence)
    assert found.in_language("en").endswith("try again.") or "JPEG" in found.in_language("en")


def test_a_photo_that_is_too_large_says_what_to_do():
    large = jpeg(behind=bytes(photos.MOST_UPLOAD_BYTES))
    assert clean_photo(large) == Sentence(photos.TOO_LARGE)
    wide = b"\xff\xd8" + segment(0xDB, bytes(65)) + SCAN + b"\x11" * MOST_BYTES + b"\xff\xd9"
    assert clean_photo(wide) == Sentence(photos.TOO_LARGE)


@given(
    st.binary(max_size=300), st.integers(0, 400), st.sampled_from([jpeg(exif(6)), png(), webp()])
)
def test_whatever_is_sent_is_a_photo_or_a_sentence(noise: bytes, place: int, photo: bytes):
    found = clean_photo(photo[:place] + noise + photo[place:])
    assert isinstance(found, (Paper, Sentence))


# --- on both databases ---------------------------------------------------------------------------


@pytest.fixture
def incident(store: Store, clock: FixedClock) -> int:
    with store.writing() as uow:
        made = actions.raise_incident(uow, Trouble("smoke", pile="BM-017"), clock.now())
        return made.incident.id or 0


def sent(store: Store, clock: FixedClock, incident: int, content: bytes) -> object:
    with store.writing() as uow:
        return actions.add_photo(uow, incident, "maintenance", clock.now(), kept(content))


def test_the_same_photo_sent_twice_is_one_and_there_is_a_limit(
    store: Store, clock: FixedClock, incident: int
):
    for _ in range(2):
        assert isinstance(sent(store, clock, incident, jpeg(exif(6))), actions.Done)
    for number in range(2, 9):
        sent(store, clock, incident, jpeg(segment(0xDB, bytes([number]) * 65)))
    refused = sent(store, clock, incident, jpeg())
    assert isinstance(refused, actions.Refused)
    assert refused.sentence.in_language("en").endswith("(8).")
    with store.reading() as uow:
        facts = photo_facts(uow, [incident])
        assert len(facts) == 8
        row = photo_row(uow, facts[0].id)
        assert row is not None
        assert row.content == kept(jpeg(exif(6))).content


def test_photos_are_erased_some_time_after_the_closing_and_not_before(
    store: Store, clock: FixedClock, incident: int
):
    sent(store, clock, incident, jpeg())
    clock.advance(300 * 86_400)
    with store.writing() as uow:
        assert forget_photos(uow, clock.now()) == 0, "an open incident needs its photos"
        actions.close(uow, incident, "maintenance", clock.now(), "mended")
    with store.writing() as uow:
        assert forget_photos(uow, clock.now()) == 0
        clock.advance(1)
        assert forget_photos(uow, clock.now()) == 1
        assert photo_facts(uow, [incident]) == []
