"""Samplers of hyperparameters by name."""

import warnings

import optuna
from optuna.samplers import BaseSampler

from capacity_jax.checks import unknown
from capacity_jax.search import gp

# Other samplers of Optuna go by their class's name.
NAMES = {"random": "RandomSampler", "tpe": "TPESampler", "cmaes": "CmaEsSampler", "qmc": "QMCSampler"}


def sampler_by_name(name: str, seed: int) -> BaseSampler:
    """`gp` (the Gaussian process of `capacity_jax.search.gp`), `random`, `tpe`, `cmaes`, `qmc`, or a class of Optuna.

    Raises:
      ValueError: no sampler has that name, or it needs more than a seed, or a package that is not installed.

    Example:
      >>> from capacity_jax.search import sampler_by_name
      >>> type(sampler_by_name("tpe", seed=0)).__name__
      'TPESampler'
    """
    if name == "gp":
        return gp.GPSampler(seed=seed)
    classes = [one for one in optuna.samplers.__all__ if one.endswith("Sampler") and one != "BaseSampler"]
    if NAMES.get(name, name) not in classes:
        raise unknown("sampler", name, ["gp", *NAMES, *classes])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        try:
            return getattr(optuna.samplers, NAMES.get(name, name))(seed=seed)
        except (TypeError, ImportError) as error:
            # It needs more than a seed, or a package.
            reason = str(error).splitlines()[0]
            raise ValueError(f"sampler {name!r} cannot be used: {reason}; allowed: gp, {', '.join(NAMES)}") from error
