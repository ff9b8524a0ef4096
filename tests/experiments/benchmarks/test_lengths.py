"""The benchmark of longer runs as a command, at a size that takes seconds."""

import subprocess
import sys
from pathlib import Path

import pytest
from forked import run_module

from capacity_jax.tasks.scaling import SCALINGS
from experiments.paper.cells import RELATIVE

ROOT = Path(__file__).parents[3]


def run(*flags):
    command = [sys.executable, "-m", "experiments.benchmarks.lengths", *flags]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["adam", "soap"])
def test_three_kinds_of_runs_are_compared(rule):
    """Breaks if the long runs are not those that are said: once as the short one, once as is best for their length."""
    ended = run("--cells=rnn", "--budget=300", "--steps=15000", "--seeds=2", f"--rule={rule}")
    assert ended.returncode == 0, ended.stderr
    head, *rows = [line.split() for line in ended.stdout.splitlines()]
    short, as_short, long = (dict(zip(head, row, strict=False)) for row in rows)
    assert [row["steps"] for row in (short, as_short, long)] == ["15000", "60000", "60000"]
    assert short["rate"] == as_short["rate"] > long["rate"]
    assert short["labels"] == as_short["labels"] < long["labels"]
    best = SCALINGS[rule].best_rate(int(short["parameters"]), 15_000)
    assert float(short["rate"]) == pytest.approx(RELATIVE[rule]["rnn"][0] * best, rel=0.01)
    assert all(float(row["bits_per_parameter"]) > 1.5 for row in (short, as_short, long))


def test_a_misspelt_cell_is_named():
    """Breaks if a cell without a setting gives a traceback."""
    ended = run_module("experiments.benchmarks.lengths", "--cells=rnn,lsmt", root=ROOT)
    assert ended.returncode != 0
    assert "--cells=['rnn', 'lsmt']: allowed: some of rnn, irnn" in ended.stderr
    assert "Traceback" not in ended.stderr
