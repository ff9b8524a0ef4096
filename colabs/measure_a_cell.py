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
# # Measure a cell's capacity in five minutes
#
# How many bits does each parameter of a recurrent network store? A network that answers random labels correctly has
# nothing to reason from: it has stored them. So we train networks on as many random labels as they can take, and count
# what they give back. Collins, Sohl-Dickstein and Sussillo (2017) found 3 to 6 bits per parameter, much the same for
# all architectures.
#
# The first cell installs capacity_jax where it is missing.

# %%
from importlib.util import find_spec

if not find_spec("capacity_jax"):
    SOURCE = ".."  # the repository around this notebook; in Colab "git+" and the address you cloned it from
    # %pip install --quiet $SOURCE

# %matplotlib inline

# %% [markdown]
# These sizes make the notebook run in less than a minute, and its numbers too low. `measure_capacity` without sizes
# trains more than ten times as long at budgets of 600, 1200 and 2145 parameters, with four seeds and a search; that
# takes about a minute for each cell on 4 cores, and gives numbers to quote.

# %%
BUDGETS = (300, 600, 900)
TRAIN_STEPS = 4_000
SEEDS = 3

# %% [markdown]
# ## One of the paper's cells
#
# One call: `trials=0` leaves out the search, so that what is measured are two settings known to be good, each with
# every seed.

# %%
from capacity_jax import measure_capacity

ours = measure_capacity("ugrnn", budgets=BUDGETS, trials=0, train_steps=TRAIN_STEPS, seeds=SEEDS)
ours

# %% [markdown]
# How to read it:
#
# - **The headline** is the mean of the bits per parameter at the largest size, and its 95% interval over seeds. The
#   slope of stored bits over the number of parameters follows where there are three sizes: it leaves out the fixed cost
#   that even the smallest network pays. Its interval comes from the spread of the seeds within all sizes together.
# - **`mean_bits`** is the mutual information between the true labels and the network's answers, mean over the seeds of
#   the best setting; **`mean_bits_per_parameter`** is that over all trained values, readout and initial state included.
# - **`ci_low`, `ci_high`** bound `mean_bits_per_parameter` with 95% confidence, from as many measurements as
#   **`seeds`** tells. Few seeds make a wide interval, because they say little about how far another would lie from
#   them: at equal scatter that of two seeds is more than three times as wide as that of three, and may even reach below
#   0; five seeds halve it again. The figure draws every seed as a small point, and a bar only from three seeds on.
# - **`still_learning`** counts the seeds whose training still improved at the end: longer runs would likely store more.
# - **`trials`** counts trained networks, **`infeasible`** those that diverged.

# %%
ours.plot()

# %% [markdown]
# ## A cell of Flax
#
# Any recurrent cell of `flax.linen` or `flax.nnx` is measured the same way. The linen cell's `features` is replaced by
# the width that a budget buys; of an nnx cell pass the class, `nnx.GRUCell`.

# %%
from flax import linen as nn

of_flax = measure_capacity(nn.MGUCell(features=1), budgets=BUDGETS, trials=0, train_steps=TRAIN_STEPS, seeds=SEEDS)
print(of_flax.headline())

# %% [markdown]
# Both in one figure. Where intervals overlap, nothing is decided: more seeds narrow them. And what short training
# stores tells as much about the speed of learning as about capacity; only long training tells the two apart.

# %%
from capacity_jax.results.figures import capacity_figure

capacity_figure([*ours.records, *of_flax.records])

# %% [markdown]
# ## Where the number comes from
#
# How many labels to ask for, b, is a hyperparameter. A network that answers a share p of b labels correctly holds
#
# $$I = b\,\bigl(1 + p \log_2 p + (1-p) \log_2 (1-p)\bigr)$$
#
# bits about them: all b if p is 1, none if p is one half. Asked for few labels the network keeps all of them and has
# room left; asked for too many it keeps fewer of each. The capacity is the top of the curve. Below, networks of one
# width are trained side by side with a different b each; because b is a traced value, they share one compiled program.

# %%
import matplotlib.pyplot as plt

from capacity_jax import Bucket, Network, Trial, per_cap, train_population, ugrnn, units_for_budget

LABELS_PER_PARAMETER = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 6.0)

units = units_for_budget(600, ugrnn, n_in=32, n_out=1)
network = Network(ugrnn, 32, units, 1)
labels = [round(ratio * network.n_params) for ratio in LABELS_PER_PARAMETER]
bucket = Bucket(network, per_cap(n_in=32, b_max=max(labels)), batch_size=128)
trials = [Trial({"b": b, "lr_init": 0.015, "train_steps": TRAIN_STEPS}, seed=0) for b in labels]
outcomes = sorted(train_population(bucket, trials), key=lambda outcome: outcome.trial.hparams["b"])

figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
asked = [outcome.trial.hparams["b"] / network.n_params for outcome in outcomes]
axes.plot(asked, [outcome.scores["bits_per_parameter"] for outcome in outcomes], "o-", label="stored")
axes.plot(asked, asked, ":", color="0.5", label="all of them")
axes.set(xlabel="labels per parameter", ylabel="bits per parameter", ylim=(0, 3.5), title=f"UGRNN, {units} units")
axes.legend(frameon=False)
plt.show()

# %% [markdown]
# ## Further
#
# - `measure_capacity("gru", "mem_thru", ...)` measures how many real values a cell carries through time; any other task
#   works too.
# - A cell and a task of your own: `your_own_cell_and_task.ipynb`.
# - All six architectures, with a search for each: the README's quickstart.
