# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Explore a study
#
# A study is the trials of one cell at one size: settings known to be good, settings that a sampler proposes, and
# repeated measurements of the best. Studies live in an Optuna storage, here a SQLite file. We run a few small ones,
# break off in the middle, go on, and look at what they found: with pandas, with Optuna's own plots, and with a figure
# and a report of ours.
#
# The storage of a long run (`runs/NAME/studies.db` of `python -m experiments.run`) is explored in the same way, also
# while the run goes on: put its URL in place of `STORAGE` and skip the cells that run studies.

# %%
from importlib.util import find_spec

if not find_spec("capacity_jax"):
    SOURCE = ".."  # the repository around this notebook; in Colab "git+" and the address you cloned it from
    # %pip install --quiet $SOURCE

# %matplotlib inline

# %% [markdown]
# Small sizes, for less than a minute in all. The quickstart configuration holds sizes that give numbers to quote.

# %%
import tempfile
from pathlib import Path

from capacity_jax import use_all_cores

use_all_cores()

DIRECTORY = Path(tempfile.mkdtemp())  # a folder on a mounted drive would outlive this machine
STORAGE = f"sqlite:///{DIRECTORY / 'studies.db'}"
CELLS = ("rnn", "lstm")
BUDGETS = (300, 600, 900)
TRAIN_STEPS = 3_000
TRIALS = 6
SEEDS = 3

# %% [markdown]
# ## Plan
#
# One study per cell and budget, on the memorization task. `initial_settings` are known to be good; `space` changes the
# declared ranges: `SHORT_RUN_RANGES` narrows them to where a few thousand steps learn something. `b_per_parameter` is
# the number of labels asked for, over the number of parameters.

# %%
from capacity_jax import Network, cell_by_name, per_cap, plan_study, units_for_budget
from capacity_jax.search import SHORT_RUN_RANGES

task = per_cap(b_max=4 * max(BUDGETS))
space = SHORT_RUN_RANGES | {"b_per_parameter": (1.0, 4.0), "train_steps": TRAIN_STEPS}
known_to_be_good = {"lr_init": 0.01, "b_per_parameter": 2.5, "train_steps": TRAIN_STEPS}


def plan(name, budget):
    """The study of one cell at one budget."""
    cell = cell_by_name(name)
    network = Network(cell, task.n_in, units_for_budget(budget, cell, task.n_in, task.n_out), task.n_out)
    return plan_study(
        network,
        task,
        batch_size=128,
        initial_settings=[known_to_be_good],
        space=space,
        trials=TRIALS,
        seeds=SEEDS,
        seed=0,
        budget=budget,
    )


studies = [plan(name, budget) for name in CELLS for budget in BUDGETS]
[study.name for study in studies]

# %% [markdown]
# ## Run, break off, go on
#
# `run_studies` yields each study when it has ended, with the records of its trials; a `Persistence` says where they are
# kept. We leave after the second study, as a lost connection would.

# %%
from capacity_jax import read_trials, run_studies
from capacity_jax.studies import Persistence, open_storage

for study, _records in run_studies(studies, Persistence(open_storage(STORAGE))):
    if study is studies[1]:
        break
broken_off = read_trials(STORAGE)
print(f"{len(broken_off)} trials of {broken_off['study'].nunique()} studies, then broken off")

# %% [markdown]
# The same call goes on from there: what is in the storage is not done again. Interrupted or not, the studies find the
# same, because what a trial is follows from the study and the trials before it. With a `Worker` it keeps checkpoints
# too, from which a new process continues trials that were cut off, and several processes can share the
# work; `python -m experiments.run` does all this.

# %%
for _study, _records in run_studies(studies, Persistence(open_storage(STORAGE))):
    pass
trials = read_trials(STORAGE)
again = trials.merge(broken_off, on=["study", "number", "repeat"], suffixes=("", "_before"))
assert len(again) == len(broken_off)
assert (again["finished"] == again["finished_before"]).all()
print(f"{len(trials)} trials of {trials['study'].nunique()} studies; the first {len(again)} were kept")

# %% [markdown]
# ## The trials as a table
#
# `read_trials` gives one row for each finished trial: its study, role (initial, search or repeat of the best), seed,
# hyperparameters, scores and time. `best_table` gives one row for each study: the setting that is best in the mean over
# its seeds, and the 95% interval of that mean. A setting drawn once has no interval, so the best is repeated before it
# counts.

# %%
import pandas as pd

from capacity_jax.results import best_table

columns = ["cell", "parameters", "bits", "bits_per_parameter", "ci_low", "ci_high", "seeds", "trials", "infeasible"]
best = best_table(trials)
best[columns].round(2)

# %% [markdown]
# The hyperparameters are dicts; spread into columns they can be sorted and correlated. Here the five best trials, and
# Spearman's rank correlation of each searched number with the bits per parameter: near 0 is no trend, at ±1 more always
# helped or hurt. With a few dozen trials anything between −0.3 and 0.3 may be chance.

# %%
settings = pd.json_normalize(trials["hparams"])
settings["b_per_parameter"] = settings["b"] / trials["parameters"]
known = ["cell", "parameters", "role", "bits_per_parameter"]
in_columns = pd.concat([trials[known], settings[["optimizer", "lr_init", "lr_decay_rate", "b_per_parameter"]]], axis=1)
in_columns.nlargest(5, "bits_per_parameter").round(4)

# %%
numbers = ["lr_init", "lr_decay_rate", "gradient_clip_val", "optimizer_logit_momentum", "l2_decay", "b_per_parameter"]
searched = settings[numbers].assign(bits=trials["bits_per_parameter"])[trials["role"] == "search"]
searched.corr(method="spearman")["bits"].drop("bits").round(2)

# %% [markdown]
# ## Optuna's own tools
#
# The storage is Optuna's: `optuna-dashboard sqlite:///studies.db` shows it live, and every plot of Optuna's works. The
# importance of a hyperparameter says how far its values in the good trials differ from those in all, as a share of the
# sum over the hyperparameters shown; from so few trials it is a hint at most.

# %%
import warnings

import matplotlib.pyplot as plt
import optuna

warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
study = optuna.load_study(study_name=studies[0].name, storage=STORAGE)

with plt.style.context("default"):  # these plots would leave their style to all later ones
    optuna.visualization.matplotlib.plot_optimization_history(study)
    plt.title(study.study_name)
    optuna.visualization.matplotlib.plot_param_importances(
        study, optuna.importance.PedAnovaImportanceEvaluator(), params=["lr_init", "lr_decay_rate", "b", "nonlinearity"]
    )
    plt.show()

# %% [markdown]
# ## Figure and report
#
# Stored bits against parameters, as after every run:

# %%
from capacity_jax.results.figures import capacity_figure

figure = capacity_figure(trials)
figure

# %% [markdown]
# All of this on one page of HTML that needs no network, to keep or to send. `python -m experiments.report` writes it
# for a work directory, with those of the paper's figures for which there are trials, and the paper's claims judged.

# %%
from capacity_jax.results.report import report

page = DIRECTORY / "report.html"
page.write_text(report(trials, figures={"capacity": figure}, title="Explore a study"))
print(f"{page.name}: {page.stat().st_size / 1e6:.1f} MB")
