"""The space of hyperparameters: the paper's ranges, narrowed or fixed by the user.

Example:
  >>> from capacity_jax import PAPER_RANGES
  >>> PAPER_RANGES["forget_gate_bias_hack"].high
  6.0
"""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, cast

import numpy as np
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from capacity_jax.training.settings import CHOICES, defaults
from capacity_jax.training.member import Bucket
from capacity_jax.training.optimizer import HYPERPARAMETERS

Space = dict[str, BaseDistribution]

# Ranges of Collins et al. 2017, appendix; a name stands for itself and for those of the gates, `<name>_<gate>`.
PAPER_RANGES: Space = {
    "recurrent_matrix_scale": FloatDistribution(0.01, 2.0, log=True),
    "input_scale": FloatDistribution(0.001, 2.0, log=True),
    "recurrent_bias_scale": FloatDistribution(-2.0, 2.0),
    "forget_gate_bias_hack": FloatDistribution(0.0, 6.0),
    "lr_init": FloatDistribution(1e-4, 1e-1, log=True),
    "lr_decay_rate": FloatDistribution(1e-3, 1.0, log=True),
    "optimizer_logit_momentum": FloatDistribution(1.0, 7.0),
    "gradient_clip_val": FloatDistribution(1.0, 100.0, log=True),
    "l2_decay": FloatDistribution(1e-8, 1e-3, log=True),
    "train_steps": IntDistribution(50_000, 20_000_000, log=True),
    **{name: CategoricalDistribution(words) for name, words in CHOICES.items()},
}

# Those of which a cell may have one for each gate.
OF_GATES = {"recurrent_matrix_scale", "input_scale", "recurrent_bias_scale", "forget_gate_bias_hack"}

# Changes to them for runs of some ten thousand steps: where so few learn something.
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
    """The dimensions of a search over one bucket: those its cell, task and training have, in the paper's ranges.

    Args:
      bucket: what the trials share.
      changes: names as `expanded` takes them: a single value fixes a dimension, two numbers are its new range, a list
        of words its choices. A hyperparameter for which the paper has no range is searched if it is given one here.

    Raises:
      ValueError: a name is unknown, or a change is not a value, a range or choices.

    Example:
      >>> from capacity_jax import Bucket, Network, gru, mem_thru, search_space
      >>> bucket = Bucket(Network(gru, 8, 16, 8), mem_thru(n_in=8), batch_size=64)
      >>> space = search_space(bucket, {"lr_init": (0.001, 0.01), "optimizer": "adam", "train_steps": 1000})
      >>> space["lr_init"]
      FloatDistribution(high=0.01, log=True, low=0.001, step=None)
    """
    known = defaults(bucket)
    space = {name: PAPER_RANGES[stem] for name in known if (stem := _stem(name))}
    for name, change in expanded(bucket, changes).items():
        space[name] = _changed(name, space.get(name), change, known[name])
    return space


def expanded(bucket: Bucket, hparams: Mapping[str, Any]) -> dict[str, Any]:
    """Settings or changes written for any cell and size, spelt out for one bucket.

    Args:
      bucket: what the trials share.
      hparams: by name, or by the beginning that the hyperparameters of all gates share (`input_scale`); later entries
        win over earlier ones. One of the paper's that this cell lacks is passed over. `b_per_parameter` stands for
        b over the number of parameters.

    Raises:
      ValueError: a name is that of no hyperparameter of the bucket or the paper.

    Example:
      >>> from capacity_jax import Bucket, Network, expanded, gru, per_cap
      >>> bucket = Bucket(Network(gru, 8, 16, 1), per_cap(n_in=8), batch_size=64)
      >>> expanded(bucket, {"input_scale": 0.5, "b_per_parameter": 2.0})
      {'input_scale_r': 0.5, 'input_scale_u': 0.5, 'input_scale_c': 0.5, 'b': 2466}
    """
    known = defaults(bucket)
    spelt = {}
    for stem, value in hparams.items():
        if stem == "b_per_parameter":
            if "b" in known:
                spelt["b"] = labels_asked(value, bucket.network.n_params)
            continue
        names = [stem] if stem in known else [name for name in known if stem in OF_GATES and _stem(name) == stem]
        if not names and _stem(stem) is None:
            close = get_close_matches(stem, known, 1)
            hint = f"did you mean {close[0]}?" if close else f"allowed: {', '.join(sorted(known))}"
            raise ValueError(f"hyperparameter {stem!r} is unknown here; {hint}")
        spelt |= dict.fromkeys(names, value)
    return spelt


def nearest(space: Space, hparams: Mapping[str, Any]) -> dict[str, Any]:
    """A complete setting moved into the space: numbers to the nearer end of their range, words to the first choice.

    Example:
      >>> from optuna.distributions import FloatDistribution
      >>> from capacity_jax import nearest
      >>> nearest({"lr_init": FloatDistribution(1e-4, 1e-2)}, {"lr_init": 0.5, "l2_decay": 0.0})
      {'lr_init': 0.01, 'l2_decay': 0.0}
    """
    return {**hparams, **{name: _inside(distribution, hparams[name]) for name, distribution in space.items()}}


def capped(space: Space, max_train_steps: int) -> Space:
    """The space with no more training steps than that."""
    steps = cast(IntDistribution, space["train_steps"])
    low, high = min(steps.low, max_train_steps), min(steps.high, max_train_steps)
    return space | {"train_steps": IntDistribution(low, high, log=steps.log)}


def capped_start(start: Mapping[str, Any], max_train_steps: int) -> dict[str, Any]:
    """The setting with no more training steps than that."""
    return {**start, "train_steps": min(start.get("train_steps", HYPERPARAMETERS["train_steps"]), max_train_steps)}


def labels_asked(per_parameter: Any, n_params: int) -> int | list[int]:
    """The b, or the range of it, that `b_per_parameter` means for a network, at least 1.

    Raises:
      ValueError: it is neither a positive number nor two in order.
    """
    values = per_parameter if isinstance(per_parameter, list | tuple) else (per_parameter,)
    numbers = all(isinstance(value, int | float) and 0 < value < np.inf for value in values)
    if len(values) not in (1, 2) or not numbers or values[0] > values[-1]:
        raise ValueError(
            f"b_per_parameter is {per_parameter!r}; allowed: a positive number, or two in order: the range"
        )
    labels = [max(1, round(value * n_params)) for value in values]
    return labels if isinstance(per_parameter, list | tuple) else labels[0]


def _inside(distribution, value):
    if isinstance(distribution, CategoricalDistribution):
        return value if value in distribution.choices else distribution.choices[0]
    return min(max(value, distribution.low), distribution.high)


def _changed(name, distribution, change, default):
    values = list(change) if isinstance(change, list | tuple) else [change]
    if name in CHOICES:
        for word in values:
            if word not in CHOICES[name]:
                raise ValueError(f"space.{name} holds {word!r}; allowed: {', '.join(CHOICES[name])}")
        return CategoricalDistribution(values)
    numbers = all(isinstance(value, int | float) and np.isfinite(value) for value in values)
    if len(values) not in (1, 2) or not numbers or values[0] > values[-1]:
        raise ValueError(f"space.{name} is {change!r}; allowed: a number, or two in order: the range")
    if isinstance(default, int) and not all(value == int(value) for value in values):
        raise ValueError(f"space.{name} is {change!r}; it must hold whole numbers")
    low, high = values[0], values[-1]
    log = distribution is not None and distribution.log and low > 0
    if isinstance(default, int):
        return IntDistribution(low, high, log=log)
    return FloatDistribution(low, high, log=log)


def _stem(name):
    if name in PAPER_RANGES:
        return name
    return next((stem for stem in PAPER_RANGES if name.startswith(f"{stem}_")), None)
