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
# # A modern cell by the paper's protocol
#
# DeltaNet keeps a matrix in place of a vector: with every input it corrects what the matrix answers to a key. How many
# bits does each of its parameters store, beside those of a GRU? And what does the block do that language models put
# round it?
#
# The first cell installs capacity_jax where it is missing.

# %%
from importlib.util import find_spec

if not find_spec("capacity_jax"):
    SOURCE = ".."  # the repository around this notebook; in Colab "git+" and the address you cloned it from
    # %pip install --quiet $SOURCE

# %matplotlib inline

# %%
BUDGETS = (600,)
TRAIN_STEPS = 5_000
SEEDS = 2

# %% [markdown]
# ## Options stand in the name
#
# A cell is known by its name, options and all. Its state may be far larger than its output: DeltaNet's has n²/heads
# numbers for n units.

# %%
from capacity_jax import Network, cell_by_name, per_cap, units_for_budget
from capacity_jax.training import live_parameters, use_all_cores

use_all_cores()

NAMES = ("gru", "deltanet", "deltanet(heads=2)", "block(deltanet)", "block(integrator)")
task = per_cap(n_in=32, b_max=64)
networks = {}
for name in NAMES:
    cell = cell_by_name(name)
    networks[name] = Network(cell, 32, units_for_budget(BUDGETS[-1], cell, 32, 1), 1)
    n = networks[name].n_hidden
    print(f"{name:20} {n:3} units, {networks[name].n_params} parameters, a state of {cell.state_size(n)} numbers")

# %% [markdown]
# ## Parameters that learn nothing
#
# The input is heard at the first step, the label is read at the fifth. The weights by which a query depends on the
# input then meet silence only: they count as parameters and never get a gradient. `live_parameters` counts the others.

# %%
for name, network in networks.items():
    print(f"{name:20} {live_parameters(network, task)} of {network.n_params} parameters are live")

# %% [markdown]
# ## Measured
#
# A cell whose nonlinearity sits in its state stores most; one that is nonlinear in a gate of its input less. These runs
# are short: the numbers are lower bounds, and the headline says how many runs were still learning. Labels per parameter
# are tried in steps, as `experiments/configs/modern.py` does for all cells.

# %%
import pandas as pd

from capacity_jax import measure_capacity

LABELS = (1.0, 1.8, 2.6)
rows = []
for name in NAMES:
    found = [
        measure_capacity(
            name,
            budgets=BUDGETS,
            trials=0,
            train_steps=TRAIN_STEPS,
            seeds=SEEDS,
            space={"b_per_parameter": labels},
        )
        for labels in LABELS
    ]
    rows += [one.to_dataframe().assign(labels=labels) for one, labels in zip(found, LABELS, strict=True)]
table = pd.concat(rows, ignore_index=True)
best = table.loc[table.groupby("cell", sort=False)["mean_bits_per_parameter"].idxmax()]
best[["cell", "units", "parameters", "labels", "mean_bits_per_parameter", "ci_low", "ci_high", "still_learning"]]

# %%
import matplotlib.pyplot as plt

for name, of_cell in table.groupby("cell", sort=False):
    plt.plot(of_cell["labels"], of_cell["mean_bits_per_parameter"], "o-", label=name)
plt.plot(LABELS, LABELS, ":", color="0.6", label="all right")
plt.xlabel("labels per parameter")
plt.ylabel("mean bits per parameter")
plt.ylim(bottom=0)
plt.legend(frameon=False)
plt.show()

# %% [markdown]
# The integrator adds up what it hears and has no parameters of its own: what its block stores, the block's MLP stores.
# A cell is worth its block where the two store more than that; in runs as short as these that need not show.
