"""The space of hyperparameters: the declared ranges, narrowed, widened or fixed by the user."""

from collections.abc import Mapping
from typing import Any, cast

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from capacity_jax.cells.hyperparameters import Hyperparameter, shared_name
from capacity_jax.checks import unknown
from capacity_jax.training.member import Bucket
from capacity_jax.training.optimizer import HYPERPARAMETERS
from capacity_jax.training.settings import hyperparameters_of

Space = dict[str, BaseDistribution]

# Changes to the declared ranges for runs of some ten thousand steps: where so few learn something.
SHORT_RUN_RANGES = {
    "recurrent_matrix_scale": (0.3, 1.5),
    "input_scale": (0.3, 1.5),
    "recurrent_bias_scale": (-0.5, 0.5),
    "forget_gate_bias_hack": (0.0, 2.0),
    "optimizer": ("adam", "rmsprop"),
    "lr_init": (0.002, 0.03),
    "lr_decay_rate": (0.003, 0.3),
    "optimizer_logit_momentum": (1.5, 4.0),
    "gradient_clip_val": (0.3, 10.0),
    "l2_decay": (1e-8, 1e-6),
}


def search_space(bucket: Bucket, changes: Mapping[str, Any]) -> Space:
    """The dimensions of a search over one bucket: what its cell, task and training have, where a range is declared.

    Args:
      bucket: what the trials share.
      changes: names as `expand_settings` takes them: a single value fixes a dimension, two numbers are its new range,
        a list of words its choices. A hyperparameter without a declared range is searched if it is given one here.

    Raises:
      ValueError: a name is unknown, or a change is not a value, a range or choices that the hyperparameter allows.

    Example:
      >>> from capacity_jax import Bucket, Network, gru, mem_thru, search_space
      >>> bucket = Bucket(Network(gru, 8, 16, 8), mem_thru(n_in=8), batch_size=64)
      >>> space = search_space(bucket, {"lr_init": (0.001, 0.01), "optimizer": "adam", "train_steps": 1000})
      >>> space["lr_init"]
      FloatDistribution(high=0.01, log=True, low=0.001, step=None)
    """
    known = hyperparameters_of(bucket)
    space = {
        name: _distribution(one, one.choices or one.range) for name, one in known.items() if one.choices or one.range
    }
    for name, change in expand_settings(bucket, changes).items():
        space[name] = _changed(name, known[name], change)
    return space


def expand_settings(bucket: Bucket, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings or changes written for any cell and size, spelt out for one bucket.

    Args:
      bucket: what the trials share.
      settings: by name, or by the beginning that the hyperparameters of all gates share (`input_scale`), or as the
        task's `expand` takes them; later entries win over earlier ones. A name that other cells have and this one
        lacks is passed over.

    Raises:
      ValueError: a name is that of no hyperparameter.

    Example:
      >>> from capacity_jax import Bucket, Network, gru, per_cap
      >>> from capacity_jax.search import expand_settings
      >>> bucket = Bucket(Network(gru, 8, 16, 1), per_cap(n_in=8), batch_size=64)
      >>> expand_settings(bucket, {"input_scale": 0.5, "b_per_parameter": 2.0})
      {'input_scale_r': 0.5, 'input_scale_u': 0.5, 'input_scale_c': 0.5, 'b': 2466}
    """
    known = hyperparameters_of(bucket)
    spelt = {}
    for stem, value in bucket.task.expand(bucket.network, settings).items():
        names = [stem] if stem in known else [name for name in known if shared_name(name) == stem]
        if not names and shared_name(stem) is None:
            raise unknown("hyperparameter", stem, known)
        spelt |= dict.fromkeys(names, value)
    return spelt


def clip_to_space(space: Space, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Complete settings moved into the space: numbers to the nearer end of their range, words to the first choice.

    Example:
      >>> from optuna.distributions import FloatDistribution
      >>> from capacity_jax.search import clip_to_space
      >>> clip_to_space({"lr_init": FloatDistribution(1e-4, 1e-2)}, {"lr_init": 0.5, "l2_decay": 0.0})
      {'lr_init': 0.01, 'l2_decay': 0.0}
    """
    return {**settings, **{name: _inside(distribution, settings[name]) for name, distribution in space.items()}}


def searched_part(space: Space, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The searched hyperparameters of complete settings, moved to the nearest place in the space."""
    return {name: value for name, value in clip_to_space(space, settings).items() if name in space}


def cap_space(space: Space, max_train_steps: int) -> Space:
    """The space with no more training steps than that."""
    steps = cast(IntDistribution, space["train_steps"])
    low, high = min(steps.low, max_train_steps), min(steps.high, max_train_steps)
    return space | {"train_steps": IntDistribution(low, high, log=steps.log)}


def cap_settings(settings: Mapping[str, Any], max_train_steps: int) -> dict[str, Any]:
    """The settings with no more training steps than that."""
    asked = settings.get("train_steps", HYPERPARAMETERS["train_steps"].default)
    return {**settings, "train_steps": min(asked, max_train_steps)}


def _inside(distribution, value):
    if isinstance(distribution, CategoricalDistribution):
        return value if value in distribution.choices else distribution.choices[0]
    return min(max(value, distribution.low), distribution.high)


def _changed(name: str, declared: Hyperparameter, change: Any) -> BaseDistribution:
    values = list(change) if isinstance(change, list | tuple) else [change]
    for value in values:
        declared.check(f"space.{name}", value)
    if not declared.choices and (len(values) not in (1, 2) or values[0] > values[-1]):
        raise ValueError(f"space.{name} is {change!r}; allowed: a number, or two in order: the range")
    if not values:
        raise ValueError(f"space.{name} is {change!r}; allowed: {', '.join(declared.choices)}")
    return _distribution(declared, values)


def _distribution(declared: Hyperparameter, values: Any) -> BaseDistribution:
    if declared.choices:
        return CategoricalDistribution(values)
    low, high = values[0], values[-1]
    log = declared.log and low > 0
    if declared.is_whole:
        return IntDistribution(int(low), int(high), log=log)
    return FloatDistribution(low, high, log=log)
