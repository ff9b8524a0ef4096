"""What the Gaussian process finds where random draws look too: `python -m experiments.benchmarks.search`.

A vanilla RNN near 500 parameters on the memorization task, the paper's ranges, training capped at `--steps`. Both
samplers get the same number of trials, `--trials`, once for each of `--seeds`; the figure shows the best value so far
against the trial, each run thin and the median of a sampler thick. Writes `search.png` and `search.csv` to the work
directory; the runs are kept there, so that the same command goes on where it was stopped.
"""

from pathlib import Path

import pandas as pd
from absl import app, flags
from matplotlib.figure import Figure

from capacity_jax.cells import rnn
from capacity_jax.networks import Network, units_for_budget
from capacity_jax.results import read_trials
from capacity_jax.results.figures import COLOURS, tidy
from capacity_jax.studies import Persistence, Study, Worker, open_storage, plan_study, run_studies
from capacity_jax.tasks import per_cap
from capacity_jax.training import use_all_cores

WORKDIR = flags.DEFINE_string("workdir", "runs/search", "Where trials, table and figure go.")
TRIALS = flags.DEFINE_integer("trials", 200, "Trials of each run.", lower_bound=1)
STEPS = flags.DEFINE_integer("steps", 10_000, "Training steps of each trial.", lower_bound=1)
SEEDS = flags.DEFINE_integer("seeds", 3, "Runs of each sampler.", lower_bound=1)
BUDGET = 500
SAMPLERS = ("gp", "random")


def study(sampler: str, seed: int, n_trials: int, n_steps: int) -> Study:
    """One run of a sampler."""
    task = per_cap(n_in=16, b_max=6 * BUDGET)
    network = Network(rnn, task.n_in, units_for_budget(BUDGET, rnn, task.n_in, task.n_out), task.n_out)
    return plan_study(
        network,
        task,
        batch_size=64,
        initial_settings=(),
        space={"train_steps": n_steps, "b_per_parameter": (1.0, 6.0)},
        trials=n_trials,
        seeds=1,
        seed=seed,
        sampler=sampler,
        budget=BUDGET,
        variant=f"{sampler},seed={seed}",
    )


def best_so_far(trials: pd.DataFrame) -> pd.DataFrame:
    """For each trial of each run, the most bits per parameter until then; diverged trials store none."""
    trials = trials.assign(best=trials["bits_per_parameter"].fillna(0.0))
    trials["best"] = trials.groupby("study")["best"].cummax()
    return trials.loc[:, ["sampler", "study", "number", "best"]]


def search_figure(table: pd.DataFrame) -> Figure:
    """Best so far against trial, by sampler."""
    figure = Figure(figsize=(6.5, 4.2), layout="constrained")
    axes = figure.subplots()
    for colour, style, (sampler, rows) in zip(COLOURS, ("-", "--"), table.groupby("sampler"), strict=False):
        for _, run in rows.groupby("study"):
            axes.plot(run["number"] + 1, run["best"], style, color=colour, linewidth=0.7, alpha=0.5)
        median = rows.groupby("number")["best"].median()
        label = f"{sampler}: {median.iloc[-1]:.2f} (median of {rows['study'].nunique()} runs)"
        axes.plot(median.index + 1, median, style, color=colour, linewidth=2.2, label=label)
    axes.set(xlabel="trial", ylabel="best bits per parameter so far", title="Search for the RNN's capacity")
    axes.set_ylim(bottom=0)
    tidy(axes)
    return figure


def main(argv: list[str]) -> None:
    """Runs, or goes on with, all runs; then prints and draws them."""
    del argv
    directory = Path(WORKDIR.value)
    directory.mkdir(parents=True, exist_ok=True)
    storage = open_storage(f"sqlite:///{directory / 'studies.db'}")
    plan = [study(sampler, seed, TRIALS.value, STEPS.value) for seed in range(SEEDS.value) for sampler in SAMPLERS]
    for _ in run_studies(plan, Persistence(storage, Worker(directory / "workers"))):
        pass
    trials = read_trials(storage)
    table = best_so_far(trials)
    last = table.groupby(["sampler", "study"])["best"].last()
    last.to_csv(directory / "search.csv")
    search_figure(table).savefig(directory / "search.png", dpi=150)
    print(last.to_string())
    print(trials.astype({"infeasible": float}).pivot_table("infeasible", "sampler").to_string())
    print(f"figure and trials are in {directory.resolve()}")


if __name__ == "__main__":
    use_all_cores()
    app.run(main)
