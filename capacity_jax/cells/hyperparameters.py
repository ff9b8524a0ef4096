"""What a hyperparameter is: its default, what is allowed, and where a search looks for it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int

from capacity_jax.checks import unknown

LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Hyperparameter:
    """One hyperparameter, declared once.

    Attributes:
      default: the value where none is given. Its type is that of all values: a number, a whole number, or a word.
      range: the two ends between which a search looks for it; None keeps it at its default unless a user gives a range.
      log: whether the search is uniform in the logarithm.
      choices: the allowed words, if it is a choice; a traced choice is an index into them.
      at_least: the smallest number allowed.
      above: numbers must lie above this one.
      at_most: the largest number allowed.

    Example:
      >>> from capacity_jax import Hyperparameter
      >>> Hyperparameter(0.005, range=(1e-4, 1e-1), log=True, above=0).check("lr_init", -1.0)
      Traceback (most recent call last):
      ValueError: lr_init is -1.0; it must be a number above 0
    """

    default: float | int | str
    range: tuple[float, float] | None = None
    log: bool = False
    choices: tuple[str, ...] = ()
    at_least: float = -math.inf
    above: float = -math.inf
    at_most: float = math.inf

    @property
    def is_whole(self) -> bool:
        """Whether its values are whole numbers."""
        return isinstance(self.default, int)

    def check(self, name: str, value: Any) -> None:
        """Raises ValueError, one sentence with the name and what is allowed, unless the value is allowed."""
        if self.choices:
            if value not in self.choices and value not in range(len(self.choices)):
                raise ValueError(f"{name} is {value!r}; allowed: {', '.join(self.choices)}")
            return
        is_number = isinstance(value, Real) and not isinstance(value, bool)
        number = float(value) if is_number and abs(value) <= LARGEST else math.nan  # pyright: ignore
        if self.is_whole and (number % 1 != 0 or abs(number) >= 2**31):
            number = math.nan
        if not (self.at_least <= number <= self.at_most and number > self.above):
            raise ValueError(f"{name} is {value!r}; it must be {self.allowed}")

    @property
    def allowed(self) -> str:
        """What its values may be, in words."""
        ends = {"of at least": self.at_least, "above": self.above, "of at most": self.at_most}
        bounds = [f"{words} {end:g}" for words, end in ends.items() if math.isfinite(end)]
        size = "a whole number below 2^31 in size" if self.is_whole else "a finite number of 32 bits"
        return f"{'a whole number' if self.is_whole else 'a number'} {' and '.join(bounds)}" if bounds else size

    def encode(self, value: float | int | str) -> np.ndarray:
        """The value as a 32-bit scalar whose type depends on the default alone, so that no value recompiles."""
        index = self.choices.index(value) if isinstance(value, str) else value
        return np.asarray(index, np.float32 if isinstance(self.default, float) else np.int32)

    def index(self, name: str, value: float | int | str | Array) -> Int[Array, ""]:
        """The place of a choice among the choices; it may be given as a word or as an index, traced or not.

        Raises:
          ValueError: a value that is no array is not one of the choices; the message calls it by the name.
        """
        if not isinstance(value, jax.Array):
            self.check(name, value)
        return jnp.asarray(self.choices.index(value) if isinstance(value, str) else value, jnp.int32)


def with_defaults(hyperparameters: Mapping[str, Hyperparameter], given: Mapping[str, Any]) -> dict[str, Any]:
    """The given values, and the defaults of those that are left out.

    Raises:
      ValueError: a name is unknown, or a value that is no array is not allowed.
    """
    for name, value in given.items():
        if name not in hyperparameters:
            raise unknown("hyperparameter", name, hyperparameters)
        if not isinstance(value, jax.Array | np.ndarray):
            hyperparameters[name].check(name, value)
    return {name: declared.default for name, declared in hyperparameters.items()} | dict(given)


# Those that many cells have, with the ranges of Collins et al. 2017, appendix. A name stands for itself and, where a
# cell has one for each gate, for `<name>_<gate>`.
SHARED = {
    "recurrent_matrix_init_type": Hyperparameter("orthogonal", choices=("identity", "orthogonal", "normal")),
    "recurrent_bias_init_type": Hyperparameter("delta", choices=("delta", "normal")),
    "recurrent_matrix_scale": Hyperparameter(1.0, range=(0.01, 2.0), log=True),
    "input_scale": Hyperparameter(1.0, range=(0.001, 2.0), log=True),
    "recurrent_bias_scale": Hyperparameter(0.0, range=(-2.0, 2.0)),
    "forget_gate_bias_hack": Hyperparameter(0.0, range=(0.0, 6.0)),
    "nonlinearity": Hyperparameter("tanh", choices=("tanh", "relu")),
}


def shared_name(name: str) -> str | None:
    """The entry of `SHARED` that a name is or, with a gate behind it, stands for."""
    if name in SHARED:
        return name
    return next((stem for stem in SHARED if name.startswith(f"{stem}_")), None)


def declared(name: str, given: Hyperparameter | float | int | str) -> Hyperparameter:
    """A hyperparameter of which an author may give the default alone; a shared name brings its range."""
    if isinstance(given, Hyperparameter):
        return given
    stem = shared_name(name)
    return replace(SHARED[stem], default=given) if stem else Hyperparameter(given)
