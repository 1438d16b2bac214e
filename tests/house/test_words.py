"""Every sentence has its Chinese, none is left over, and both say the same things."""

import re

from tests.house.collect_words import messages, translated

PLACE = re.compile(r"{\w*}")


def test_every_message_is_translated_and_no_translation_is_left_over():
    catalogue = translated()
    wanted = {message.id for message in messages() if message.id}
    there = {message.id: message.string for message in catalogue if message.id}
    assert {m for m in wanted if not there.get(m)} == set(), "run `make words` and translate"
    assert set(there) - wanted == set(), "nobody says this any more: run `make words`"


def test_a_translation_has_the_places_of_its_message():
    for message in translated():
        if message.id:
            assert set(PLACE.findall(message.id)) == set(PLACE.findall(message.string)), message.id


def test_chinese_sentences_have_chinese_punctuation():
    for message in translated():
        if message.id:
            assert not re.search(r"[一-鿿][,;?!]|[一-鿿]\.($|\s)", message.string), message.string
