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
# # Your own cell and task
#
# A cell is three pure functions on ONE example, a task is a few more. Whatever follows these two types is trained,
# searched and measured like the paper's own. Here we write a leaky cell and the adding problem, check both, and measure
# both.

# %%
from importlib.util import find_spec

if not find_spec("capacity_jax"):
    SOURCE = ".."  # the repository around this notebook; in Colab "git+" and the address you cloned it from
    # %pip install --quiet $SOURCE

# %matplotlib inline

# %% [markdown]
# Small sizes, for less than a minute in all; the defaults of `measure_capacity` (50,000 steps, four seeds, budgets of
# 600 to 2145 parameters) give numbers to quote. `use_all_cores` comes before JAX's first computation: on a CPU each
# core then trains networks of its own.

# %%
from capacity_jax import use_all_cores

use_all_cores()

CAPACITY_BUDGETS = (300, 900)
CAPACITY_TRAIN_STEPS = 4_000
ADDING_BUDGETS = (100, 400)
ADDING_TRAIN_STEPS = 600
SEEDS = 3

# %% [markdown]
# ## A cell
#
# Our leaky cell keeps a share of its state at every step, one share per unit, learned but independent of the input:
#
# $$g = \sigma(k), \qquad h' = g \cdot h + (1 - g) \cdot \tanh(W_h h + W_x x + b)$$
#
# It is the UGRNN with its gate held fixed. The three functions:
#
# - `init(key, n_in, n_hidden, hparams)` draws the parameters: any pytree; every floating leaf is trained.
# - `initial_state(params)` is the state before the first step.
# - `step(params, state, x)` gives the new state and the output, `n_hidden` values.
#
# What `init` reads from `hparams` is declared in `hyperparameters`: a default, and the range that a search looks in.
# `init_gates` draws weights as the paper does, under its scales; you may as well draw your own.

# %%
import jax
import jax.numpy as jnp

from capacity_jax import Cell, Hyperparameter, init_gates, linear
from capacity_jax.cells.weights import gate_hyperparameters

HYPERPARAMETERS = gate_hyperparameters(("h",)) | {"leak": Hyperparameter(0.0, range=(-2.0, 2.0))}


def init(key, n_in, n_hidden, hparams):
    """Params `W_x [n_in, n]`, `W_h [n, n]`, `b [n]`, `k [n]`, `h0 [n]`."""
    leak = jnp.full(n_hidden, hparams.get("leak", 0.0))
    return {"h0": jnp.zeros(n_hidden), "k": leak, **init_gates(key, ("h",), n_in, n_hidden, hparams)}


def initial_state(params):
    """The learned state before the first step."""
    return params["h0"]


def step(params, h, x):
    """One step of time."""
    g = jax.nn.sigmoid(params["k"])
    h = g * h + (1 - g) * jnp.tanh(linear(params["W_h"], h) + linear(params["W_x"], x) + params["b"])
    return h, h


leaky = Cell("leaky", init, initial_state, step, HYPERPARAMETERS, batch_last=True)

# %% [markdown]
# `batch_last=True` is a promise that lets narrow networks fill a CPU's vector units: that `step` also takes a batch, on
# a last axis. It holds if all matrix products are by `linear` and all else is elementwise. Leave it out if in doubt:
# the cell is then mapped over the batch.
#
# ### Check it
#
# On one example, over time, over a batch; the promise; and that every parameter has a gradient.

# %%
params = leaky.init(jax.random.key(0), n_in=3, n_hidden=8, hparams={"leak": 1.0})
xs = jax.random.normal(jax.random.key(1), (5, 20, 3))  # batch, time, inputs


@jax.jit
def run(params, xs):
    """Outputs of one sequence."""
    return jax.lax.scan(lambda h, x: leaky.step(params, h, x), leaky.initial_state(params), xs)[1]


ys = jax.vmap(run, in_axes=(None, 0))(params, xs)
assert ys.shape == (5, 20, 8)

for_batches = jax.tree.map(lambda leaf: leaf[:, None] if leaf.ndim == 1 else leaf, params)
of_batch, _ = leaky.step(for_batches, leaky.initial_state(for_batches), xs[:, 0].T)
assert jnp.allclose(of_batch.T, ys[:, 0], atol=1e-5)

grads = jax.grad(lambda params: jnp.sum(run(params, xs[0]) ** 2))(params)
assert all(jnp.any(grad != 0) for grad in jax.tree.leaves(grads))
print({name: leaf.shape for name, leaf in params.items()})

# %% [markdown]
# ### Measure it
#
# Against the RNN, which it becomes when k goes to −∞. `trials=2` tries two settings from all ranges at each budget,
# that of our `leak` among them, after the two known to be good.

# %%
from capacity_jax import measure_capacity
from capacity_jax.results.figures import capacity_figure

sizes = {"budgets": CAPACITY_BUDGETS, "train_steps": CAPACITY_TRAIN_STEPS, "seeds": SEEDS}
capacities = [
    measure_capacity("rnn", trials=0, **sizes),
    measure_capacity(leaky, trials=2, **sizes),
]
for capacity in capacities:
    print(capacity.headline())
capacity_figure([record for capacity in capacities for record in capacity.records])

# %% [markdown]
# ## A task
#
# The adding problem (Hochreiter and Schmidhuber 1997): at each step the network hears a number between 0 and 1 and a
# mark that is 1 at two steps and 0 at all others; at the end it is asked for the sum of the two marked numbers. A
# network that ignores its input answers 1 and errs by a sixth, the variance of the sum of two uniform numbers.
#
# A task says what one network holds fixed (`draw`), what it is trained on (`batch`), what it is judged by
# (`evaluation`, and `validation` for what a search is told), how ONE example is scored (`score`), what is computed
# from the means besides (`measures`), and which of all these a search optimizes (`objective`) and a table shows
# (`reported`). Evaluation keys are folded from the network's own key, one for each row, so that no training batch
# repeats them and no score depends on the size of a batch.

# %%
from functools import partial

from capacity_jax import Batch, Task

N_STEPS, N_EVALUATION = 8, 2048


@jax.vmap
def draw_examples(key):
    """For each key a sequence `[N_STEPS, 2]` of numbers and marks, and the sum of the marked numbers."""
    number_key, mark_key = jax.random.split(key)
    numbers = jax.random.uniform(number_key, N_STEPS)
    # The two largest of random numbers lie at two random steps.
    draws = jax.random.uniform(mark_key, N_STEPS)
    marks = (draws >= jnp.sort(draws)[-2]).astype(float)
    return Batch(jnp.stack([numbers, marks], -1), jnp.sum(numbers * marks), 1.0)


def held_out(part, shared, data, i, size):
    """The i-th batch of a set that training never sees; rows past its end weigh nothing."""
    rows = i * size + jnp.arange(size)
    examples = draw_examples(jax.vmap(partial(jax.random.fold_in, jax.random.fold_in(data, part)))(rows))
    return examples._replace(weights=(rows < N_EVALUATION).astype(float))


adding = Task(
    name="adding",
    n_in=2,
    n_out=1,
    n_steps=N_STEPS,
    n_reads=1,
    draw=lambda key, hparams, size: key,
    batch=lambda shared, data, key, step, size: draw_examples(jax.random.split(key, size)),
    evaluation=partial(held_out, 0),
    validation=partial(held_out, 1),
    n_evaluation=N_EVALUATION,
    score=lambda outputs, target: {"loss": (outputs[-1, 0] - target) ** 2},
    measures=lambda scores, hparams, network: {"squared_error": scores["loss"], "explained": 1 - 6 * scores["loss"]},
    chance=1 / 6,
    objective="squared_error",
    reported=("explained", "squared_error"),
)

# %% [markdown]
# ### Check it
#
# Two marks in every sequence; the promised shapes; the promised loss of the best constant answer; an evaluation set of
# exactly the promised size.

# %%
examples = adding.batch((), (), jax.random.key(0), 0, 20_000)
assert examples.xs.shape == (20_000, adding.n_steps, adding.n_in)
assert jnp.all(examples.xs[..., 1].sum(1) == 2)

constant = jnp.ones((20_000, adding.n_reads, adding.n_out))
loss = jax.vmap(adding.score)(constant, examples.targets)["loss"].mean()
assert jnp.allclose(loss, adding.chance, rtol=0.05)

covered = sum(adding.evaluation((), jax.random.key(1), i, 500).weights.sum() for i in range(5))
assert covered == adding.n_evaluation
print(f"answering 1 errs by {loss:.4f}; a sixth is {1 / 6:.4f}")

# %% [markdown]
# ### Measure it
#
# The same call with the task in place of the default. The figure shows the objective, smaller is better.

# %%
import pandas as pd

from capacity_jax.results.figures import objective_figure

sizes = {"budgets": ADDING_BUDGETS, "train_steps": ADDING_TRAIN_STEPS, "seeds": SEEDS}
results = [measure_capacity(cell, adding, trials=0, **sizes) for cell in ("rnn", leaky)]
pd.concat([result.to_dataframe() for result in results], ignore_index=True)

# %%
figure = objective_figure(
    [record for result in results for record in result.records], "squared_error", title="adding two of eight numbers"
)
figure.axes[0].axhline(adding.chance, color="0.5", linestyle=":")
figure

# %% [markdown]
# The dotted line is the error of answering 1. Compare cells at equal numbers of parameters, and look at the intervals
# first: with few seeds they are wide.
#
# A study that survives interruptions, and what to read off it: `explore_a_study.ipynb`.
