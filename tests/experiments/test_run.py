"""The command line as a user meets it: results, refusals, and nothing overwritten."""

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]
QUICKSTART = "experiments/configs/quickstart.py:smoke"
NETWORK = ["cell", "depth", "units", "parameters"]
COLUMNS = [*NETWORK, "bits", "bits_per_parameter", "ci_low", "ci_high", "trials", "infeasible"]
TINY = (
    "--config.cells=rnn,gru@2",
    "--config.budgets=150,300,400",
    "--config.space.train_steps=20,60",
    "--config.trials=1",
)


def run(*arguments, config=QUICKSTART, cwd=ROOT):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-m", "experiments.run", f"--config={ROOT / config}", *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run of two cells and three sizes, and its work directory."""
    directory = tmp_path_factory.mktemp("quickstart")
    return run(f"--workdir={directory}", *TINY), directory


def test_ends_with_table_figure_and_path(finished):
    """Breaks if the table, the figure or the records are not written, or the user is not told where."""
    result, directory = finished
    assert result.returncode == 0, result.stderr
    table = pd.read_csv(directory / "capacity.csv")
    assert list(table.columns) == COLUMNS
    assert list(table["cell"]) == ["rnn"] * 3 + ["gru"] * 3
    assert list(table["depth"]) == [1] * 3 + [2] * 3
    assert (table["parameters"] <= [150, 300, 400] * 2).all()
    assert (table["trials"] >= 3).all()
    assert ((table["ci_low"] <= table["bits_per_parameter"]) & (table["bits_per_parameter"] <= table["ci_high"])).all()
    for name in COLUMNS:
        assert name in result.stdout
    assert str(directory) in result.stdout
    assert (directory / "capacity.png").read_bytes().startswith(b"\x89PNG")
    assert len((directory / "trials.jsonl").read_text().splitlines()) == table["trials"].sum()


def test_progress_shows_trials_best_and_time_left(finished):
    """Breaks if a long run leaves its user in the dark."""
    result, _ = finished
    last = result.stderr.strip().splitlines()[-1].split("\r")[-1]
    assert "100%" in last
    assert "trials, best bits per parameter" in last
    assert "<00:00]" in last


def test_another_configuration_does_not_overwrite(finished):
    """Breaks if results of one configuration are lost to another in the same place."""
    _, directory = finished
    before = {path.name: path.read_bytes() for path in directory.iterdir()}
    result = run(f"--workdir={directory}", *TINY, "--config.seed=1")
    assert result.returncode == 2
    assert "holds results of another configuration (differing: seed)" in result.stderr
    assert {path.name: path.read_bytes() for path in directory.iterdir()} == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--config.budgts=100"], "config has no field 'budgts'; Did you mean \"budgets\""),
        (["--config.cells=rnnn"], "cell is 'rnnn'; known cells: rnn, irnn, ugrnn, gru, lstm, intersection"),
        (["--workdir=/dev/null/results"], "workdir is /dev/null/results, which cannot be used"),
        (["--config.seeds=x"], "--config.seeds=x"),
        (["stray"], "unknown argument 'stray'"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_bad_input_is_one_clear_line(arguments, message, tmp_path):
    """Breaks if a mistake on the command line gets a traceback, or trains something else."""
    workdir = [] if any("workdir" in argument for argument in arguments) else [f"--workdir={tmp_path / 'results'}"]
    result = run(*workdir, *arguments)
    assert result.returncode == 2
    assert result.stderr.startswith("capacity_jax: ")
    assert message in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("experiments/configs/quickstart.py:huge", "extent is 'huge'; allowed: laptop, smoke"),
        ("experiments/configs/missing.py", "missing.py"),
    ],
)
def test_bad_configuration_is_one_clear_line(config, message):
    """Breaks if a configuration that does not exist gets a traceback."""
    result = run(config=config)
    assert result.returncode == 2
    assert message in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
