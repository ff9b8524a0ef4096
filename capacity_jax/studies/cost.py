"""What trials of different studies cost in comparison with each other, from the plan that a study stores."""

from collections.abc import Mapping
from math import sqrt
from typing import Any

from capacity_jax.training.optimizer import HYPERPARAMETERS

# What each layer costs a step beside its products, in parameters times batch size.
OVERHEAD = 150_000


def trial_cost(plan: Mapping[str, Any], train_steps: float) -> float:
    """The expected cost of a trial of a study that makes so many training steps."""
    return train_steps * (OVERHEAD * plan["depth"] + plan["parameters"] * plan["batch_size"])


def mean_cost(plan: Mapping[str, Any]) -> float:
    """The expected cost of a planned trial, in the mean over initial settings and proposals."""
    return trial_cost(plan, mean_train_steps(plan))


def total_cost(plan: Mapping[str, Any]) -> float:
    """The expected cost of all planned trials."""
    return n_planned(plan) * mean_cost(plan)


def n_planned(plan: Mapping[str, Any]) -> int:
    """Trials known beforehand; the best setting's repeats come on top."""
    return len(plan["initial_settings"]) * plan["seeds"] + plan["trials"]


def mean_train_steps(plan: Mapping[str, Any]) -> float:
    """Training steps of a planned trial, in the mean; the sampler is expected in the middle of its range.

    Example:
      >>> from capacity_jax.studies.cost import mean_train_steps
      >>> plan = {"initial_settings": [{"train_steps": 1000}], "seeds": 2, "trials": 2}
      >>> steps = {"low": 100, "high": 10_000, "log": True}
      >>> mean_train_steps({**plan, "space": {"train_steps": {"attributes": steps}}})
      1000.0
    """
    default = HYPERPARAMETERS["train_steps"].default
    initial = [setting.get("train_steps", default) for setting in plan["initial_settings"]]
    proposed = default
    if "train_steps" in plan["space"]:
        ends = plan["space"]["train_steps"]["attributes"]
        low, high = ends["low"], ends["high"]
        proposed = sqrt(low * high) if ends["log"] else (low + high) / 2
    return (sum(initial) * plan["seeds"] + proposed * plan["trials"]) / max(1, n_planned(plan))
