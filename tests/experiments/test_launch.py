"""Workers started together, as on a cluster."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from capacity_jax.results import read_trials
from experiments.launch import __main__ as launch

ROOT = Path(__file__).parents[2]
TINY = ("--config.cells=rnn", "--config.budgets=80,", "--config.space.train_steps=200,600", "--config.trials=9")
ARGUMENTS = ("--config=experiments/configs/quickstart.py:smoke", *TINY)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--workers=0", "--", "--workdir=x"],
        ["--", "--config=y"],
        ["--", "--workdir=x", "--workdir=y"],
        ["--sbatch", "partition", "--", "--workdir=x"],
        ["--chips", "--cluster=slurm", "--", "--workdir=x"],
        ["--chips", "--workers=3", "--", "--workdir=x"],
    ],
    ids=" ".join,
)
def test_what_cannot_be_launched_is_one_line(arguments, monkeypatch, capsys):
    """Breaks if no worker, a work directory of each worker's own, or more workers than chips are submitted."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,6")
    monkeypatch.setattr(sys, "argv", ["launch", *arguments])
    with pytest.raises(SystemExit) as ended:
        launch.main()
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(
        ("capacity_jax: allowed: ", "capacity_jax: --chips is for", "capacity_jax: CUDA_VISIBLE_DEVICES is")
    )


TELLING = """
import json, os
from pathlib import Path
Path(__file__).with_suffix(".json").write_text(json.dumps(dict(os.environ)))
"""


def test_a_worker_sees_its_own_chip_alone(tmp_path):
    """Breaks if workers of one machine would all take the first chip, or those that the user has kept back."""
    config = tmp_path / "telling.py"
    config.write_text(TELLING)
    start = "import sys; from experiments.launch.worker import Worker, of_chip; Worker(sys.argv[1:], of_chip(1))()"
    # A process of its own: the worker is forked, which this one, where JAX has threads, must not be.
    ended = subprocess.run(
        [sys.executable, "-c", start, f"--config={config}"],
        env=os.environ | {"CUDA_VISIBLE_DEVICES": "4,6"},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert "experiments.run has ended with exit code 2" in ended.stderr
    seen = json.loads(config.with_suffix(".json").read_text())
    assert (seen["CUDA_VISIBLE_DEVICES"], seen["TPU_VISIBLE_CHIPS"], seen["TPU_PROCESS_BOUNDS"]) == ("6", "1", "1,1,1")
    assert seen["PATH"]


@pytest.mark.slow
@pytest.mark.skipif(find_spec("submitit") is None, reason="submitit is not installed (the extra `slurm`)")
def test_three_workers_on_a_journal_find_what_one_finds_in_a_file(tmp_path):
    """Breaks if workers on a shared directory lose, double or change a trial, or are not started alike."""
    alone, together = tmp_path / "alone", tmp_path / "together"
    subprocess.run([sys.executable, "-m", "experiments.run", *ARGUMENTS, f"--workdir={alone}"], cwd=ROOT, check=True)
    command = ["experiments.launch", "--workers=3", "--chips", "--", *ARGUMENTS, f"--workdir={together}"]
    storage = f"journal:{tmp_path / 'journal'}"
    subprocess.run([sys.executable, "-m", *command, f"--storage={storage}"], cwd=ROOT, check=True)
    expected, found = read_trials(f"sqlite:///{alone / 'studies.db'}"), read_trials(storage)
    assert len({*(together / "launch").glob("*.out")}) == 3
    for column in set(expected.columns) - {"seconds", "finished", "versions"}:
        assert found[column].equals(expected[column]), column
