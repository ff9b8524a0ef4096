"""The benchmark of update rules as a command, at a size that takes seconds."""

import subprocess
import sys
from itertools import product
from pathlib import Path

import pandas as pd
import pytest
from forked import run_module

from capacity_jax.tasks.scaling import SCALINGS
from experiments.benchmarks.bits_against_seconds import draw
from experiments.paper.cells import RELATIVE

ROOT = Path(__file__).parents[3]


def run(*flags):
    command = [sys.executable, "-m", "experiments.benchmarks.trainers", *flags]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


@pytest.mark.slow
def test_rules_are_compared_at_their_best_rates(tmp_path):
    """Breaks if a rule does not train, easy labels are not stored, or the figure is not drawn."""
    sizes = ("--budgets=120", "--labels=0.2", "--steps=2000", "--rates=1", "--seeds=2")
    ended = run("--cells=rnn", "--rules=adam,soap,muon", *sizes, f"--out={tmp_path / 'trainers.png'}")
    assert ended.returncode == 0, ended.stderr
    head, *rows = [line.split() for line in ended.stdout.splitlines()]
    found = [dict(zip(head, row, strict=True)) for row in rows]
    assert [(row["rule"], row["steps"]) for row in found] == [("adam", "2000"), ("soap", "860"), ("muon", "2000")]
    assert all(float(row["bits_per_parameter"]) > 0.15 for row in found)
    rates = {row["rule"]: float(row["rate"]) for row in found}
    expected = RELATIVE["soap"]["rnn"][0] * SCALINGS["soap"].best_rate(int(found[0]["parameters"]), 860)
    assert rates["soap"] == pytest.approx(expected, rel=0.01)
    assert rates["adam"] == rates["muon"] != rates["soap"]
    assert (tmp_path / "trainers.png").stat().st_size > 10_000


def test_panels_without_a_cell_are_empty():
    """Breaks if a cell has no panel, a panel without one keeps its axes, or sizes of a rule are named twice."""
    names = ("cell", "parameters", "rule", "bits_per_parameter", "low", "high", "seconds")
    rows = [
        (cell, size, rule, 2.0, 1.5, 2.5, 3.0)
        for cell, size, rule in product(("rnn", "gru", "lstm", "irnn"), (500, 2000), ("adam", "soap"))
    ]
    panels = draw(pd.DataFrame(rows, columns=pd.Index(names))).axes
    assert [panel.get_title() for panel in panels if panel.axison] == ["RNN", "GRU", "LSTM", "IRNN"]
    assert [panel.axison for panel in panels[4:]] == [False, False]
    assert panels[0].get_legend_handles_labels()[1] == ["adam", "soap"]


def test_a_misspelt_rule_is_named():
    """Breaks if a rule that is not there gives a traceback."""
    ended = run_module("experiments.benchmarks.trainers", "--rules=adam,moun", root=ROOT)
    assert ended.returncode != 0
    assert "--rules=['adam', 'moun']: allowed: some of adam" in ended.stderr
    assert "Traceback" not in ended.stderr
