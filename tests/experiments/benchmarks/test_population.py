"""The benchmark as a user meets it: rows, ratios and refusals."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from absl.testing import flagsaver

from experiments.benchmarks.population import command_line, run_as_told, sizes
from experiments.benchmarks.report import as_text, rows, summary
from experiments.benchmarks.timing import interleaved
from experiments.benchmarks.work import Contender, Work

ROOT = Path(__file__).parents[3]


# As if torch were not installed.
WITHOUT_TORCH = """
import importlib.util, runpy
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == "torch" else find(name, *rest)
runpy.run_module("experiments.benchmarks.population", run_name="__main__")
"""


def named(name, members=1, loss=0.5, calls=None):
    """A contender that does nothing but note its steps."""

    def run(n):
        if calls is not None:
            calls.append((name, n))
        return loss

    return Contender(name, members, 561, run, 1.5, lambda: 2_000_000)


@pytest.mark.slow
def test_a_run_without_torch_prints_and_records_every_row(tmp_path):
    """Breaks if rows are lost or overwritten, or a peer that is not installed is not named."""
    path = tmp_path / "rows.jsonl"
    path.write_text('{"kept": true}\n')
    result = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH, "--quick", "--cells=rnn", "--shapes=3x300", f"--json={path}"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stderr
    kept, *records = map(json.loads, path.read_text().splitlines())
    assert kept == {"kept": True}
    assert [record["contender"] for record in records] == ["capacity_jax", "flax + optax", "naive vmap"]
    assert all(record["low"] <= record["steps_per_s"] <= record["high"] for record in records)
    assert {(record["cell"], record["units"], record["batch"], record["parameters"]) for record in records} == {
        ("rnn", 3, 300, 28)
    }
    assert "left out: torch eager, torch compiled, torch nn (torch is not installed" in result.stdout
    assert "times naive vmap" in result.stdout
    assert "1 of 1: rnn 3x300, timing" in result.stderr


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("--cells=rnnn", "cell 'rnnn' is unknown; did you mean rnn?"),
        ("--shapes=16", "shapes holds '16'; allowed: units x batch"),
        ("--shape=16x64", "Unknown command line flag 'shape'"),
        ("--json=/dev/null/rows", "/dev/null/rows"),
    ],
)
def test_bad_input_is_one_clear_line(argument, message, capsys):
    """Breaks if a mistake on the command line gets a traceback, or times something else."""
    with flagsaver.flagsaver(), pytest.raises(SystemExit) as stopped:
        run_as_told(command_line(["population", argument]))
    assert stopped.value.code == 2
    told = capsys.readouterr().err
    assert told.startswith("capacity_jax: ")
    assert message in told
    assert len(told.strip().splitlines()) == 1


@pytest.mark.parametrize("shape", ["", "x", "0x64", "16x-1", "16x64x2", "1.5x64"])
def test_shapes_are_checked(shape):
    """Breaks if a shape that is not two sizes is taken for one."""
    with pytest.raises(ValueError, match=f"shapes holds {shape!r}; allowed: units x batch"):
        sizes(shape)


def test_contenders_take_turns():
    """Breaks if one contender's repeats come together, where the machine's moods would meet it alone."""
    calls = []
    interleaved([named("a", calls=calls), named("b", 4, calls=calls)], repeats=3, seconds=1e-9)
    assert [name for name, _ in calls[-6:]] == ["a", "b"] * 3


def test_a_diverged_contender_is_refused():
    """Breaks if a run that stopped at a NaN counts as fast."""
    with pytest.raises(RuntimeError, match="b diverged: its loss is nan"):
        interleaved([named("a"), named("b", loss=float("nan"))], repeats=1, seconds=1e-9)


def test_ratios_are_medians_within_repeats_against_the_fastest_torch():
    """Breaks if ratios mix repeats, or torch is judged by a slower form of it."""
    work = Work("rnn", 16, 64)
    contenders = [named("capacity_jax", 2), named("torch eager"), named("torch nn"), named("flax + optax", 16)]
    speeds = np.array([[100.0, 10, 20, 50], [200, 40, 25, 100], [400, 40, 20, 800]])
    found = rows(work, contenders, speeds, peak=1e9)
    assert [row["times"] for row in found] == [1, 10, 8, 2]
    assert found[0]["steps_per_s"] == 200
    assert (found[0]["low"], found[0]["high"]) == (100, 400)
    np.testing.assert_allclose(found[0]["peak_%"], 100 * 200 * work.flops / 1e9)
    other = rows(Work("rnn", 16, 256), contenders, 2 * speeds, peak=1e9)
    table = summary(pd.DataFrame([*found, *other]))
    assert list(table["batch"]) == [64, 256]
    assert list(table["times torch, fastest"]) == [8, 8]
    assert list(table["times flax + optax"]) == [2, 2]
    assert len(as_text(table).splitlines()) == 3
