"""The command line as a user meets it: results, refusals, and nothing overwritten."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from forked import run_experiment

from capacity_jax.results import read_trials
from experiments.configs.common import ABOUT
from experiments.configs.quickstart import get_config
from experiments.workdir import WorkdirError, open_workdir

ROOT = Path(__file__).parents[2]
QUICKSTART = "experiments/configs/quickstart.py:smoke"
NETWORK = ["cell", "depth", "units", "parameters"]
COLUMNS = [*NETWORK, "mean_bits", "mean_bits_per_parameter", "ci_low", "ci_high", "seeds"]
COLUMNS += ["still_learning", "trials", "infeasible"]
TINY = ("--config.cells=rnn", "--config.budgets=80,120,160", "--config.space.train_steps=20,60", "--config.trials=1")


def run(*arguments):
    return run_experiment(f"--config={QUICKSTART}", *arguments, root=ROOT)


def run_as_a_user(*arguments):
    """The same in a process as a user starts it."""
    command = [sys.executable, "-m", "experiments.run", f"--config={QUICKSTART}", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)


def start(*arguments):
    """The same without waiting for its end; what it says on stderr goes to the file `stderr` of the workdir."""
    (workdir,) = (a.removeprefix("--workdir=") for a in arguments if a.startswith("--workdir="))
    with (Path(workdir) / "stderr").open("w") as stderr:
        return subprocess.Popen(
            [sys.executable, "-m", "experiments.run", f"--config={QUICKSTART}", *arguments],
            cwd=ROOT,
            stderr=stderr,
            stdout=subprocess.DEVNULL,
        )


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run of three sizes, and its work directory."""
    directory = tmp_path_factory.mktemp("quickstart")
    return run_as_a_user(f"--workdir={directory}", *TINY), directory


def test_ends_with_table_figure_and_path(finished):
    """Breaks if the table, the figure or the records are not written, or the user is not told where."""
    result, directory = finished
    assert result.returncode == 0, result.stderr
    table = pd.read_csv(directory / "capacity.csv")
    assert list(table.columns) == COLUMNS
    assert list(table["cell"]) == ["rnn"] * 3
    assert (table["parameters"] <= [80, 120, 160]).all()
    assert (table["trials"] >= 3).all()
    assert table["mean_bits_per_parameter"].between(table["ci_low"], table["ci_high"]).all()
    for text in (*COLUMNS, "rnn, depth 1: slope"):
        assert text in result.stdout
    assert str(directory) in result.stdout
    assert (directory / "capacity.png").read_bytes().startswith(b"\x89PNG")
    assert len((directory / "metrics.jsonl").read_text().splitlines()) == table["trials"].sum()
    assert len(read_trials(f"sqlite:///{directory / 'studies.db'}")) == table["trials"].sum()


def test_progress_shows_trials_best_and_time_left(finished):
    """Breaks if a long run leaves its user in the dark."""
    result, _ = finished
    *_, last = result.stderr.splitlines()
    assert last.startswith("capacity_jax: 100% ")
    assert "trials, best bits per parameter" in last
    assert last.endswith("<00:00]")
    assert "\r" not in result.stderr


def test_the_same_command_again_trains_nothing_and_says_the_same(finished):
    """Breaks if a finished run is done again, or its results change."""
    first, directory = finished
    before = read_trials(f"sqlite:///{directory / 'studies.db'}")
    again = run(f"--workdir={directory}", *TINY)
    assert again.returncode == 0, again.stderr
    assert again.stdout == first.stdout
    assert read_trials(f"sqlite:///{directory / 'studies.db'}").equals(before)


def newest_checkpoint(directory):
    """When the last one was written."""
    return max((path.stat().st_mtime for path in directory.glob("workers/*/*/*.sha256")), default=0.0)


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)])
def test_a_stopped_run_goes_on_where_it_was(tmp_path, number):
    """Breaks if a polite stop loses what was running, leaves the user without the command to go on, or hangs."""
    arguments = (
        f"--workdir={tmp_path}",
        "--config.cells=rnn",
        "--config.budgets=150,",
        "--config.seeds=1",
        "--config.trials=1",
        "--config.checkpoint_interval=0.2",
    )
    steps = "--config.space.train_steps=25000,25001"
    process = start(*arguments, steps)
    deadline = time.monotonic() + 200
    # The proposal, by far the longest trial, trains once the initial setting has ended.
    metrics = tmp_path / "metrics.jsonl"
    while not (metrics.exists() and metrics.read_text().count("\n") == 1) and time.monotonic() < deadline:
        time.sleep(0.1)
    ended = time.time()
    while newest_checkpoint(tmp_path) < ended and time.monotonic() < deadline:
        time.sleep(0.1)
    asked = time.time()
    process.send_signal(number)
    assert process.wait(timeout=100) == 128 + number
    said = (tmp_path / "stderr").read_text()
    assert "stopping as soon as what is running is saved" in said
    assert "to go on from here: python -m experiments.run --config=" in said
    assert newest_checkpoint(tmp_path) > asked
    result = run(*arguments, steps)
    assert result.returncode == 0, result.stderr
    assert (
        len(read_trials(f"sqlite:///{tmp_path / 'studies.db'}"))
        == pd.read_csv(tmp_path / "capacity.csv")["trials"].sum()
    )


def test_the_storage_can_be_elsewhere(finished, tmp_path):
    """Breaks if `--storage` is not where the trials go, or a study made with other settings there is mixed in."""
    first, directory = finished
    storage = f"--storage=sqlite:///{directory / 'studies.db'}"
    again = run(f"--workdir={tmp_path / 'a'}", storage, *TINY)
    assert again.stdout.splitlines()[:-1] == first.stdout.splitlines()[:-1]
    assert not (tmp_path / "a" / "studies.db").exists()
    result = run(f"--workdir={tmp_path / 'b'}", storage, *TINY, "--config.seed=1")
    assert result.returncode == 2
    assert "study per_cap/rnn@1/80 has seed" in result.stderr


def test_another_configuration_does_not_overwrite(finished):
    """Breaks if results of one configuration are lost to another in the same place."""
    _, directory = finished
    before = {path.name: path.read_bytes() for path in directory.iterdir() if path.is_file()}
    result = run(f"--workdir={directory}", *TINY, "--config.seed=1")
    assert result.returncode == 2
    assert "holds results of another configuration (differing: seed)" in result.stderr
    assert {path.name: path.read_bytes() for path in directory.iterdir() if path.is_file()} == before


def test_bad_input_is_one_clear_line(tmp_path):
    """Breaks if a mistake on the command line, as a user starts it, gets a traceback, or trains something else."""
    result = run_as_a_user(f"--workdir={tmp_path / 'results'}", "--config.budgts=100")
    assert result.returncode == 2
    assert (
        result.stderr == 'capacity_jax: config has no field \'budgts\'; Did you mean "budgets" instead of "budgts"?\n'
    )
    assert not (tmp_path / "results").exists()


def test_a_directory_that_cannot_be_made_is_refused():
    """Breaks if a run trains for hours and then cannot write its results."""
    with pytest.raises(WorkdirError, match="workdir is /dev/null/results, which cannot be used"):
        open_workdir("/dev/null/results", get_config("smoke"), "per_cap")


def test_help_lists_configurations_and_fields():
    """Breaks if who asks for help does not learn what can be run, or which fields there are and what they are."""
    result = run("--help")
    assert result.returncode == 0, result.stderr
    first_line = "Bits per parameter of the paper's six cells, in minutes"
    assert any(
        line.split()[0] == "experiments/configs/quickstart.py" and first_line in line
        for line in result.stdout.splitlines()
        if line.strip()
    )
    for folder in ("fig1", "table_rerun"):
        assert f"experiments/paper/{folder}/config.py" in result.stdout
    for field in get_config("smoke"):
        assert f"--config.{field}\n" in result.stdout
    assert "'rnn,irnn,ugrnn,gru,lstm,intersection@2'" in result.stdout
    assert ABOUT.keys() == set(get_config("smoke"))


def test_a_dry_run_trains_nothing(tmp_path):
    """Breaks if asking what a run would take begins it, or does not heed what the command line changes."""
    result = run(f"--workdir={tmp_path / 'results'}", *TINY, "--config.space.nonlinearity=relu", "--dry_run")
    assert result.returncode == 0, result.stderr
    assert [line.split()[0] for line in result.stdout.splitlines()[1:4]] == [
        f"per_cap/rnn@1/{n}" for n in (80, 120, 160)
    ]
    assert "nothing was trained" in result.stdout
    assert not (tmp_path / "results").exists()
