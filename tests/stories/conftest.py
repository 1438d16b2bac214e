"""The stories are told in the same small compound as those of the walk."""

from tests.flow.conftest import house, pile, wish  # noqa: F401
