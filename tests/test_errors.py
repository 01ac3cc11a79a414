"""Every error says what went wrong and the remedy."""

from __future__ import annotations

import re

import pytest

from tutor import errors
from tutor.errors import TutorError

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and kind is not TutorError]


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_is_one_line_of_what_and_remedy(kind: type[TutorError]) -> None:
    error = kind("The notes folder x is missing.", "Create it.")
    assert isinstance(error, TutorError)
    assert str(error) == "The notes folder x is missing. Create it."
    assert (error.what, error.remedy) == ("The notes folder x is missing.", "Create it.")


def test_the_tree_in_the_docstring_is_the_tree_of_the_classes() -> None:
    drawn = re.findall(r"[├└]── (\w+)", errors.__doc__ or "")
    assert drawn == [kind.__name__ for kind in KINDS]
    assert all(kind.__bases__ == (TutorError,) for kind in KINDS)
