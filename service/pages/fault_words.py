"""The fault catalogue as sentences: its words are data in two languages, not messages of ours."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from service.alerts.subject import headline
from service.flow.duty import CUT_REASON
from service.piles.faults import fault_of
from service.words import N_, Sentence


@dataclass(frozen=True, slots=True)
class FaultName(Sentence):
    """What a fault is called, in whatever language is asked for."""

    message: str
    values: Mapping[str, object] = field(default_factory=dict)

    def in_language(self, language: str) -> str:
        """Its name in 'zh_CN' or 'en'; an unknown code is shown with it."""
        return headline(self.message, language)


@dataclass(frozen=True, slots=True)
class CheckFirst(Sentence):
    """What to look at first."""

    message: str
    values: Mapping[str, object] = field(default_factory=dict)

    def in_language(self, language: str) -> str:
        """The advice in 'zh_CN' or 'en'."""
        return fault_of(self.message).check_first(language)


def fault_words(code: str) -> Sentence:
    """A fault code in words."""
    return FaultName(code)


def check_first(code: str) -> Sentence:
    """What to check first for a fault code, in words."""
    return CheckFirst(code)


def reason_words(reason: str | None) -> Sentence | str:
    """Why a pile is out of service: somebody's own words, or ours where its entrance was cut."""
    if reason == CUT_REASON:
        return Sentence(N_("the entrance was cut in an emergency"))
    return reason or "–"
