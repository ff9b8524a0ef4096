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
# # The cells in Flax
#
# The six cells of capacity_jax exist in three forms: pure functions, `flax.linen` modules and `flax.nnx` modules. All
# three compute the same, and their parameters are the same arrays under the same names. Here we train one in linen,
# carry it over to nnx and to the pure form, and fetch weights from a cell of Flax's own.

# %%
from importlib.util import find_spec

if not find_spec("capacity_jax"):
    SOURCE = ".."  # the repository around this notebook; in Colab "git+" and the address you cloned it from
    # %pip install --quiet $SOURCE

# %matplotlib inline

# %% [markdown]
# Small sizes, for less than a minute in all.

# %%
UNITS = 24
BATCH = 64
STEPS = 600

# %% [markdown]
# ## A layer in linen
#
# Our cells take the place of Flax's in `nn.RNN`, `nn.Bidirectional` and modules of your own. Two options are ours:
# `hparams` are the hyperparameters of the paper, such as the bias added to the gate that keeps the state;
# `learned_initial_state=True` makes the state before the first step a parameter.

# %%
import jax
import jax.numpy as jnp
from flax import linen as nn

from capacity_jax.flax.linen import UGRNNCell

HPARAMS = {"forget_gate_bias_hack": 1.0}


class Recall(nn.Module):
    """Reads a sequence, answers with one number at every step."""

    @nn.compact
    def __call__(self, xs):
        """Sequences `[batch, time, inputs]` to answers `[batch, time]`."""
        cell = UGRNNCell(UNITS, hparams=HPARAMS, learned_initial_state=True, name="cell")
        ys = nn.RNN(cell)(xs)
        return nn.Dense(1, name="readout")(ys)[..., 0]


model = Recall()
params = model.init(jax.random.key(0), jnp.zeros((1, 4, 1)))["params"]
jax.tree.map(jnp.shape, params)

# %% [markdown]
# The gates of a cell lie side by side: `W_x` is `[inputs, gates·units]`, and a UGRNN has two gates. `h0` is the learned
# initial state.
#
# ## Train it
#
# The task: repeat the number heard three steps ago. Answering 0 has a squared error of 1.

# %%
import matplotlib.pyplot as plt
import optax

DELAY, LENGTH = 3, 20
adam = optax.adam(0.01)


def squared_error(predict, xs):
    """Mean squared error of repeating what was heard DELAY steps ago."""
    return jnp.mean((predict(xs)[:, DELAY:] - xs[:, :-DELAY, 0]) ** 2)


def train_step(carry, key):
    """One step of Adam on a fresh batch."""
    params, state = carry
    xs = jax.random.normal(key, (BATCH, LENGTH, 1))
    loss, grads = jax.value_and_grad(lambda params: squared_error(lambda xs: model.apply({"params": params}, xs), xs))(
        params
    )
    updates, state = adam.update(grads, state)
    return (optax.apply_updates(params, updates), state), loss


@jax.jit
def train(params, key):
    """STEPS steps in one compiled scan; the trained parameters and the losses."""
    (params, _), losses = jax.lax.scan(train_step, (params, adam.init(params)), jax.random.split(key, STEPS))
    return params, losses


params, losses = train(params, jax.random.key(1))
test = jax.random.normal(jax.random.key(2), (1000, LENGTH, 1))
in_linen = squared_error(lambda xs: model.apply({"params": params}, xs), test)

figure, axes = plt.subplots(figsize=(6, 3.5), layout="constrained")
axes.semilogy(losses)
axes.axhline(1, color="0.5", linestyle=":", label="answering 0")
axes.set(xlabel="training step", ylabel="squared error", title=f"on fresh sequences: {in_linen:.3f}")
axes.legend(frameon=False)
plt.show()

# %% [markdown]
# ## The same weights as pure functions
#
# `linen_to_pure` takes the cell's own part of the parameters. A pure cell knows ONE example: time comes from
# `jax.lax.scan`, batches from `jax.vmap`, so it fits into any code.

# %%
from capacity_jax import ugrnn
from capacity_jax.flax import linen_to_pure, pure_to_nnx

weights = linen_to_pure(UGRNNCell(UNITS, hparams=HPARAMS, learned_initial_state=True), params["cell"])


def answers(weights, xs):
    """Answers of the pure cell to one sequence `[time, 1]`."""
    _, ys = jax.lax.scan(lambda h, x: ugrnn.step(weights, h, x), ugrnn.initial_state(weights), xs)
    return ys @ params["readout"]["kernel"][:, 0] + params["readout"]["bias"][0]


in_pure = squared_error(jax.vmap(lambda xs: answers(weights, xs)), test)

# %% [markdown]
# ## The same weights in nnx
#
# `pure_to_nnx` writes them into a cell that exists, here inside `nnx.RNN`.

# %%
from flax import nnx

from capacity_jax.flax import nnx as our_nnx

cell = our_nnx.UGRNNCell(1, UNITS, hparams=HPARAMS, learned_initial_state=True, rngs=nnx.Rngs(0))
pure_to_nnx(cell, weights)
layer = nnx.RNN(cell)

in_nnx = squared_error(lambda xs: layer(xs) @ params["readout"]["kernel"][:, 0] + params["readout"]["bias"][0], test)
print(f"squared error in linen {in_linen:.6f}, pure {in_pure:.6f}, nnx {in_nnx:.6f}")
assert jnp.allclose(in_linen, jnp.array([in_pure, in_nnx]), rtol=1e-3)

# %% [markdown]
# ## Weights from Flax's own cells
#
# `capacity_jax.interchange` goes between our cells and those of Flax and of `torch.nn`, where both compute the same
# function. Here Flax's LSTM and ours, with Flax's weights, see the same sequence.

# %%
import numpy as np

from capacity_jax import lstm
from capacity_jax.interchange import weights_from_flax

flax_layer = nn.RNN(nn.LSTMCell(UNITS))
variables = flax_layer.init(jax.random.key(3), test[:1])
ours = weights_from_flax(lstm, variables["params"]["cell"])

xs = test[0]
_, ys = jax.lax.scan(lambda state, x: lstm.step(ours, state, x), lstm.initial_state(ours), xs)
difference = np.max(np.abs(ys - flax_layer.apply(variables, test[:1])[0]))
print(f"largest difference between the two LSTMs: {difference:.0e}")
assert difference < 1e-4

# %% [markdown]
# The paper's GRU resets before the recurrent product; those of Flax and torch reset after it, as our `gru_reset_after`
# does:

# %%
from capacity_jax import gru_reset_after

flax_layer = nn.RNN(nn.GRUCell(UNITS, bias_init=nn.initializers.normal()))
variables = flax_layer.init(jax.random.key(3), test[:1])
ours = weights_from_flax(gru_reset_after, variables["params"]["cell"])

_, ys = jax.lax.scan(lambda h, x: gru_reset_after.step(ours, h, x), gru_reset_after.initial_state(ours), xs)
difference = np.max(np.abs(ys - flax_layer.apply(variables, test[:1])[0]))
print(f"largest difference between the two GRUs: {difference:.0e}")
assert difference < 1e-4

# %% [markdown]
# ## Any other cell
#
# `linen_cell` and `nnx_cell` make a Flax class of any `Cell`, registered or your own:

# %%
from capacity_jax.flax import linen_cell

layer = nn.RNN(linen_cell(gru_reset_after)(UNITS, learned_initial_state=True))
jax.tree.map(jnp.shape, layer.init(jax.random.key(4), test[:1])["params"]["cell"])

# %% [markdown]
# How much a cell stores, ours or Flax's, is measured in `measure_a_cell.ipynb`.
