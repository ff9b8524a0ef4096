"""What keeping a study costs as it grows: `python -m experiments.benchmarks.ledger`.

Trials are begun, ended and proposed at random as in a run, but made up instead of trained. For every so many trials the
table tells the CPU milliseconds that one took, the memory and the open files of the process; then how many CPU seconds
it takes to open and read the whole study. Writes `ledger.png` to the work directory.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from tempfile import TemporaryDirectory
from time import process_time, sleep

import pandas as pd
from absl import app, flags
from matplotlib.figure import Figure

from capacity_jax.cells import rnn
from capacity_jax.networks import Network
from capacity_jax.results import read_trials
from capacity_jax.results.figures import grid
from capacity_jax.search import search_space
from capacity_jax.search.gp import propose
from capacity_jax.studies import Study, Worker, open_storage
from capacity_jax.studies.ledger import Ledger
from capacity_jax.studies.next_trials import NextTrials
from capacity_jax.tasks import per_cap
from capacity_jax.training import Bucket, Outcome

WORKDIR = flags.DEFINE_string("workdir", "runs/ledger", "Where the figure goes.")
TRIALS = flags.DEFINE_integer("trials", 10_000, "Trials of the study.", lower_bound=1)
MARKS = (100, 300, 1000, 3000, 10_000, 30_000)


def made_up(directory: Path, n_trials: int) -> Iterator[dict[str, float]]:
    """Fills a study in a SQLite file; a row of the table at each mark, for the trials since the one before."""
    bucket = Bucket(Network(rnn, 6, 5, 1), per_cap(n_in=6, b_max=100), 16)
    study = Study(bucket, search_space(bucket, {}), [], n_trials, seeds=1, seed=0, sampler="random")
    ledger = Ledger(study, open_storage(f"sqlite:///{directory / 'studies.db'}"), Worker(directory / "workers"))
    with ThreadPoolExecutor(1) as executor:
        began, done, reported = process_time(), 0, 0
        for trial in NextTrials(ledger, executor, propose):
            if trial is None:
                sleep(0.001)
                continue
            scores = {"loss": 0.5, "accuracy": 0.5, "bits": 0.0, "bits_per_parameter": 0.0}
            ledger.finish(Outcome(trial, scores, trial.hparams["train_steps"], False, 1.0))
            done += 1
            if done in MARKS or done == n_trials:
                yield {
                    "trials": done,
                    "ms": 1000 * (process_time() - began) / (done - reported),
                    "MiB": getrusage(RUSAGE_SELF).ru_maxrss / 1024,
                    "files": len(os.listdir("/proc/self/fd")),
                }
                began, reported = process_time(), done
            if done == n_trials:
                return


def cost_figure(table: pd.DataFrame) -> Figure:
    """Time of a trial and memory against the number of trials."""
    figure = Figure(figsize=(6.5, 3.2), layout="constrained")
    for axes, column, label in zip(figure.subplots(1, 2), ("ms", "MiB"), ("CPU ms per trial", "MiB"), strict=True):
        axes.plot(table["trials"], table[column], "o-")
        axes.set(xscale="log", xlabel="trials in the study", ylabel=label, ylim=(0, 1.3 * table[column].max()))
        grid(axes)
    return figure


def main(_):
    """Fills a study, prints and draws what it cost."""
    with TemporaryDirectory() as directory:
        table = pd.DataFrame(made_up(Path(directory), TRIALS.value))
        began = process_time()
        read_trials(f"sqlite:///{directory}/studies.db")
        seconds = process_time() - began
    print(table.round(1).to_string(index=False))
    print(f"{seconds:.1f} s of CPU to open and read {TRIALS.value} trials")
    Path(WORKDIR.value).mkdir(parents=True, exist_ok=True)
    cost_figure(table).savefig(Path(WORKDIR.value, "ledger.png"), dpi=150)


if __name__ == "__main__":
    app.run(main)
