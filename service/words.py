"""Every sentence a person reads goes through here: English in the code, Chinese first on the page.

Rules return a `Sentence` (a message and its values), which is translated only at the edge, in the
language of whoever reads it. `make words` collects the messages of code and pages.
"""

import gettext
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

LOCALE = Path(__file__).parent / "locale"
LANGUAGES = ("zh_CN", "en")
DEFAULT_LANGUAGE = "zh_CN"


def N_(message: str) -> str:  # noqa: N802 - the customary name that collects messages
    """Mark a message for translation without translating it yet."""
    return message


@dataclass(frozen=True, slots=True)
class Sentence:
    """A message with `{name}` places and the values for them; values may be Sentences too."""

    message: str
    values: Mapping[str, object] = field(default_factory=dict)

    def in_language(self, language: str) -> str:
        """The sentence in 'zh_CN' or 'en'."""
        return say(language, self.message, **self.values)


def say(language: str, message: str, /, **values: object) -> str:
    """Translate a message and put its values in."""
    ready = {
        name: value.in_language(language) if isinstance(value, Sentence) else value
        for name, value in values.items()
    }
    text = translations(language).gettext(message)
    return text.format(**ready) if ready else text


@cache
def translations(language: str) -> gettext.NullTranslations:
    """The catalogue of a language; English is the language of the messages themselves."""
    return gettext.translation("beimen", LOCALE, languages=[language], fallback=language == "en")
