"""Synthetic searches that look like the real one: mixed dimensions, a rate too high diverges, optima known to be 0."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

Params = Mapping[str, Any]


@dataclass(frozen=True)
class Problem:
    """A function to minimise; `value` is infinite where a training run would have diverged."""

    name: str
    space: dict[str, BaseDistribution]
    value: Callable[[Params], float]


def interaction() -> Problem:
    """Fourteen dimensions; the best rate and momentum depend on the optimizer, the best scales on the nonlinearity."""
    space: dict[str, BaseDistribution] = {
        "optimizer": CategoricalDistribution(["adam", "rmsprop", "momentum", "sgd"]),
        "nonlinearity": CategoricalDistribution(["tanh", "relu", "linear"]),
        "initializer": CategoricalDistribution(["normal", "orthogonal"]),
        "lr_init": FloatDistribution(1e-5, 10.0, log=True),
        "lr_decay_rate": FloatDistribution(1e-3, 1.0, log=True),
        "logit_momentum": FloatDistribution(1.0, 7.0),
        "gradient_clip_val": FloatDistribution(1.0, 100.0, log=True),
        "l2_decay": FloatDistribution(1e-8, 1e-3, log=True),
        "recurrent_scale": FloatDistribution(0.01, 2.0, log=True),
        "input_scale": FloatDistribution(1e-3, 2.0, log=True),
        "bias_scale": FloatDistribution(-2.0, 2.0),
        "batch_size": IntDistribution(8, 1024, log=True),
        "depth": IntDistribution(1, 6),
        "kilosteps": IntDistribution(50, 20_000, log=True),
    }
    best_rate = {"adam": -2.5, "rmsprop": -3.0, "momentum": -1.0, "sgd": 0.0}
    best_scale = {"tanh": 0.0, "relu": -0.15, "linear": -0.4}

    def value(p):
        rate = np.log10(p["lr_init"]) + 0.15 * (p["depth"] - 2) - 0.2 * np.log2(p["batch_size"] / 128)
        over = rate - best_rate[p["optimizer"]]
        if over + 0.3 * np.log10(p["gradient_clip_val"]) > 1.2 or p["recurrent_scale"] * p["depth"] ** 0.3 > 1.9:
            return np.inf
        loss = {"adam": 0.0, "rmsprop": 0.1, "momentum": 0.2, "sgd": 0.6}[p["optimizer"]]
        loss += {"tanh": 0.0, "relu": 0.15, "linear": 0.8}[p["nonlinearity"]]
        loss += 0.2 * (p["initializer"] == "normal") * (p["nonlinearity"] == "relu")
        loss += 0.05 * (p["initializer"] == "orthogonal") * (p["nonlinearity"] == "tanh")
        loss += 0.6 * over**2 + 0.3 * (np.log10(p["lr_decay_rate"]) + 1.3 + 0.3 * over) ** 2
        if p["optimizer"] != "sgd":
            loss += 0.1 * (p["logit_momentum"] - 2.5 - 0.5 * over) ** 2
        loss += 1.5 * (np.log10(p["recurrent_scale"]) - best_scale[p["nonlinearity"]]) ** 2
        loss += 0.3 * (np.log10(p["input_scale"]) + 0.5) ** 2 + 0.2 * (p["bias_scale"] - 0.2) ** 2
        loss += 0.15 * max(0.0, np.log10(p["l2_decay"]) + 6.0) ** 2 + 0.1 * (p["depth"] - 2) ** 2
        return float(loss + 0.3 * np.log10(2e4 / p["kilosteps"]))

    return Problem("interaction", space, value)


def ill_conditioned() -> Problem:
    """Sixteen dimensions; a rotated bowl of condition number 1,000 whose optimum lies just inside the cliff."""
    names = [f"x{i}" for i in range(12)]
    space: dict[str, BaseDistribution] = {name: FloatDistribution(1e-4, 1.0, log=True) for name in names}
    space |= {
        "width": IntDistribution(16, 512, log=True),
        "layers": IntDistribution(1, 8),
        "norm": CategoricalDistribution(["none", "batch", "layer"]),
        "schedule": CategoricalDistribution(["constant", "cosine", "linear", "step"]),
    }
    rng = np.random.default_rng(16)
    rotation = np.linalg.qr(rng.normal(size=(14, 14)))[0]
    curvature = np.logspace(-1.5, 1.5, 14)
    best = rng.uniform(0.25, 0.75, 14)
    offsets = {"none": 0.3, "batch": 0.1, "layer": 0.0, "constant": 0.2, "cosine": 0.0, "linear": 0.05, "step": 0.1}

    def value(p):
        unit = [1 + np.log10(p[name]) / 4 for name in names]
        unit += [np.log(p["width"] / 16) / np.log(32), (p["layers"] - 1) / 7]
        away = np.array(unit) - best
        # The whole numbers nearest the optimum have no residue.
        away[13] = (p["layers"] - 1 - round(7 * best[13])) / 7
        if (away[:4].sum() > 0.15 + 0.3 * (p["norm"] != "none") and p["schedule"] != "step") or away[4] > 0.2:
            return np.inf
        return float(curvature @ (rotation @ away) ** 2 + offsets[p["norm"]] + offsets[p["schedule"]])

    return Problem("ill-conditioned", space, value)


def multimodal() -> Problem:
    """Twelve dimensions; ripples over a bowl, a decoy basin for each choice of cell, pockets that diverge."""
    floats = [f"s{i}" for i in range(8)]
    cells = ["rnn", "gru", "lstm", "ugrnn", "irnn"]
    space: dict[str, BaseDistribution] = {name: FloatDistribution(-2.0, 2.0) for name in floats}
    space |= {
        "cell": CategoricalDistribution(cells),
        "clip": FloatDistribution(0.1, 100.0, log=True),
        "units": IntDistribution(8, 256, log=True),
        "repeats": IntDistribution(1, 12),
    }
    rng = np.random.default_rng(12)
    basins = {cell: rng.uniform(-1.2, 1.2, 8) for cell in cells}
    floors = dict(zip(basins, (0.0, 0.15, 0.3, 0.5, 0.2), strict=True))
    pockets = rng.uniform(-2.0, 2.0, (12, 8))

    def value(p):
        s = np.array([p[name] for name in floats])
        away = s - basins[p["cell"]]
        pocket = np.linalg.norm(s - pockets, axis=1).min() < 1.4 and np.linalg.norm(away) > 0.8
        if pocket or s[0] + np.log10(p["clip"]) > 1.5:
            return np.inf
        loss = floors[p["cell"]] + 0.25 * away @ away + 0.06 * np.sum(1 - np.cos(3 * np.pi * away))
        loss += 0.2 * (np.log10(p["clip"]) - 0.3 * s[1]) ** 2 + 0.1 * np.log2(p["units"] / 64) ** 2
        return float(loss + 0.02 * (p["repeats"] - 7) ** 2)

    return Problem("multimodal", space, value)


PROBLEMS = (interaction(), ill_conditioned(), multimodal())
