"""Tables of trials with known answers, for the paper's claims and figures."""

from types import SimpleNamespace

import numpy as np
import pytest
from trial_tables import table

CELLS = ("rnn", "irnn", "ugrnn", "gru", "lstm", "intersection")
BITS = {"rnn": 4.9, "ugrnn": 4.7, "gru": 4.4, "lstm": 4.1, "intersection": 3.8, "irnn": 3.5}
TABLE_1 = {"gru": 0.155, "irnn": 0.567, "lstm": 0.12, "rnn": 0.215, "ugrnn": 0.202, "intersection": 0.088}


def units_of(cell, parameters, depth=1):
    gates = {"rnn": 1, "irnn": 1, "ugrnn": 2, "gru": 3, "lstm": 4, "intersection": 4}[cell]
    return int(np.sqrt(parameters / (2 * gates * depth)))


def capacity(bits=BITS, budgets=(600, 1200, 2400, 4800), depths=(1, 2, 4), seeds=3, noise=0.02, relu=3.5, steps=(5,)):
    """Stored bits linear in parameters; a ReLU setting stores `relu` bits per parameter at most."""
    rng, rows = np.random.default_rng(0), []
    for cell, per_parameter in bits.items():
        for depth in (depth for depth in depths if cell != "intersection" or depth > 1):
            for budget in budgets:
                for n_steps in steps:
                    names = {"study": f"{cell}@{depth}/{budget}/{n_steps}", "task": "per_cap", "cell": cell}
                    names |= {"depth": depth, "budget": float(budget), "parameters": budget - 7, "n_steps": n_steps}
                    names |= {"units": units_of(cell, budget, depth), "maximize": True}
                    names |= {"score_name": "bits_per_parameter"}
                    best = per_parameter * (1 - 0.6**n_steps) / (1 - 0.6**5) if len(steps) > 1 else per_parameter
                    choices = ("tanh", "relu") if cell not in ("irnn", "intersection") else (None,)
                    for nonlinearity in choices:
                        top = min(best, relu) if nonlinearity == "relu" else best
                        hparams = {"nonlinearity": nonlinearity} if nonlinearity else {}
                        for seed in range(seeds):
                            value = top + noise * rng.standard_normal()
                            found = {"objective": value, "hparams": hparams | {"lr_init": 0.01}}
                            rows.append(names | found | {"role": "repeat" if seed else "search"})
    return table(rows)


def recall(
    cells=CELLS, units=(16, 32, 48, 64, 96), n_in=64, floor=0.0005, seeds=3, curve=lambda n, m: 1 - min(n, m) / m
):
    rng, rows = np.random.default_rng(1), []
    for cell in cells:
        for n in units:
            for _ in range(seeds):
                error = curve(n, n_in) + floor * (1 + 0.2 * rng.standard_normal())
                row = {"study": f"{cell}/{n}", "task": "mem_thru", "cell": cell, "depth": 1 + (cell == "intersection")}
                row |= {"units": n, "parameters": 2 * n * n + 129 * n, "n_in": n_in, "n_steps": 12}
                rows.append(row | {"objective": error, "score_name": "squared_error"})
    return table(rows)


def loss(task="text8", cells=CELLS, depths=(1, 2, 4), by="parameters", spread=0.01):
    """A loss that falls by 0.2 with each doubling of the parameters (or of the units)."""
    rng, rows = np.random.default_rng(2), []
    score_name = "squared_error" if task == "rcf" else "bits_per_character"
    for cell in cells:
        for depth in (depth for depth in depths if cell != "intersection" or depth > 1):
            for budget in (20_000, 40_000, 80_000, 160_000):
                size = {"parameters": budget - 9, "units": units_of(cell, budget, depth)}
                names = {"study": f"{task}/{cell}@{depth}/{budget}", "task": task, "cell": cell, "depth": depth}
                names |= {"budget": float(budget), "score_name": score_name}
                top = 4.5 if by == "parameters" else 3.0
                for _ in range(2):
                    value = top - 0.2 * np.log2(size[by] / 1000) + spread * rng.standard_normal()
                    rows.append(names | size | {"objective": value})
    return table(rows)


def search(task="parens_counting", cells=CELLS, depths=(1, 2, 4, 8), n=40, best=None, infeasible=TABLE_1, sampler="gp"):
    """Losses of a search: one centre for each cell, lowest for `best[depth]`, highest for RNN and IRNN."""
    best, rng, rows = best or {1: "gru", 8: "intersection"}, np.random.default_rng(3), []
    for cell in cells:
        for depth in (depth for depth in depths if cell != "intersection" or depth > 1):
            centre = 14 + depth / 2 if cell in ("rnn", "irnn") else 7
            centre = 2 if best.get(depth) == cell else centre
            names = {"study": f"{task}/{cell}@{depth}/{sampler}", "task": task, "cell": cell, "depth": depth}
            for number in range(n):
                diverged = (number * 0.618) % 1 < infeasible[cell] * (1 if depth == 1 else 0.5)
                value = np.nan if diverged else centre * np.exp(0.15 * rng.standard_normal()) * (1 - 0.3 * number / n)
                row = names | {"objective": value, "infeasible": bool(diverged), "role": "search"}
                rows.append(row | {"hparams": {"lr_init": 0.001 * (1 + number)}, "sampler": sampler})
    return table(rows)


def rerun(cells=CELLS, n=30, worse=0.0, noise=0.02):
    """Repeats that are worse than what the search found by a share of it."""
    rng, rows = np.random.default_rng(4), []
    for i, cell in enumerate(cells):
        names = {"study": f"rerun/{cell}", "task": "parens_counting", "cell": cell}
        names |= {"depth": 1 + (cell == "intersection")}
        for number in range(n + 1):
            value = (2 + i) * (1 + (worse if number else 0) + noise * rng.standard_normal() * bool(number))
            rows.append(names | {"objective": value, "role": "repeat" if number else "search"})
    return table(rows)


@pytest.fixture(scope="session")
def synthetic():
    """Makers of tables of trials."""
    return SimpleNamespace(capacity=capacity, recall=recall, loss=loss, search=search, rerun=rerun, bits=BITS)


@pytest.fixture(scope="session")
def tables():
    """A table of trials for each figure."""
    few = {"cells": ("rnn", "gru", "intersection"), "depths": (1, 8)}
    return {
        "fig1": capacity(budgets=(600, 1200, 2400), depths=(1, 2)),
        "fig2a": capacity({"rnn": 4.9, "intersection": 3.8}, depths=(1, 2)),
        "fig2b": capacity({"rnn": 4.9, "gru": 4.4}, budgets=(2000,), depths=(1,), steps=(1, 2, 8, 12)),
        "fig2c": recall(("rnn", "gru")),
        "fig3_text8": loss("text8-standin-docs", cells=("rnn", "gru")),
        "fig3_rcf": loss("rcf", cells=("rnn", "gru")),
        "fig4_parens": search(n=12, **few),
        "fig4_arith": search("arithmetic", n=12, **few),
        "fig5": search(sampler="random", n=40, **few),
        "table_rerun": rerun(("rnn", "gru")),
    }
