"""A hyperparameter refuses what cannot be, and is encoded by its declaration alone."""

import numpy as np
import pytest

from capacity_jax.cells.hyperparameters import Hyperparameter, with_defaults

NUMBER = Hyperparameter(0.5)
POSITIVE = Hyperparameter(0.5, above=0)
COUNT = Hyperparameter(3, at_least=1, at_most=5)
ANY_COUNT = Hyperparameter(3)
WORD = Hyperparameter("b", choices=("a", "b"))


@pytest.mark.parametrize(
    ("declared", "value"),
    [(NUMBER, -2), (POSITIVE, 1e-30), (COUNT, 5), (COUNT, 2.0), (ANY_COUNT, 0), (WORD, "a"), (WORD, 1)],
)
def test_takes_what_is_allowed(declared, value):
    """Breaks if 0, a whole number written as a float, or the index of a choice is refused."""
    declared.check("x", value)


@pytest.mark.parametrize(
    ("declared", "value"),
    [(NUMBER, value) for value in (float("nan"), float("inf"), 1e300, True, "0.5", None, [1.0])]
    + [
        (POSITIVE, 0.0),
        (COUNT, 0),
        (COUNT, 6),
        (COUNT, 2.5),
        (ANY_COUNT, 2**31),
        (ANY_COUNT, 10**30),
        (WORD, "c"),
        (WORD, 2),
    ],
)
def test_refuses_the_rest_in_one_sentence(declared, value):
    """Breaks if a value that no training can take passes, or the message lacks the name or the value."""
    with pytest.raises(ValueError, match=r"^x is ") as error:
        declared.check("x", value)
    assert repr(value) in str(error.value)
    assert "\n" not in str(error.value)


def test_the_encoding_depends_on_the_declaration():
    """Breaks if a whole number given for a real one, or a word for an index, changes a type and recompiles."""
    assert NUMBER.encode(1).dtype == NUMBER.encode(0.1).dtype == np.float32
    assert COUNT.encode(2).dtype == WORD.encode("b").dtype == WORD.encode(0).dtype == np.int32
    assert WORD.encode("b") == 1


def test_defaults_fill_what_is_left_out():
    """Breaks if a default overrides a given value, or arrays, which may be traced, are looked into."""
    filled = with_defaults({"x": NUMBER, "y": WORD}, {"x": np.asarray([1.0, np.nan])})
    assert filled["y"] == "b"
    assert filled["x"].shape == (2,)
