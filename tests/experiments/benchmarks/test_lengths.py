"""The benchmark of longer runs as a command, at a size that takes seconds."""

import subprocess
import sys

import pytest

from capacity_jax.search import rate_for_length


def run(*flags):
    command = [sys.executable, "-m", "experiments.benchmarks.lengths", *flags]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


@pytest.mark.slow
def test_three_kinds_of_runs_are_compared():
    """Breaks if lengths or rates are not those that are said, or easy labels are not all stored."""
    ended = run("--cells=rnn", "--budget=120", "--labels=0.2", "--steps=3000", "--seeds=2")
    assert ended.returncode == 0, ended.stderr
    head, *rows = [line.split() for line in ended.stdout.splitlines()]
    found = [dict(zip(head, row, strict=False)) for row in rows]
    assert [row["steps"] for row in found] == ["3000", "12000", "12000"]
    assert [row["rate"] for row in found] == ["0.007", "0.007", f"{rate_for_length(0.007, 12_000):.3g}"]
    assert all(float(row["bits_per_parameter"]) > 0.18 for row in found)


def test_a_misspelt_cell_is_named():
    """Breaks if a cell without a setting gives a traceback."""
    ended = run("--cells=rnn,lsmt")
    assert ended.returncode != 0
    assert "--cells=['rnn', 'lsmt']: allowed: some of rnn, irnn" in ended.stderr
    assert "Traceback" not in ended.stderr
