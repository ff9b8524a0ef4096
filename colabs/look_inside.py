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
# # Look inside a trained network
#
# A measurement with a work directory keeps the trained parameters of its best setting. Here we load the best network,
# ask which labels it misses, and look at its dynamics: where its states go, and the fixed points that hold them.
#
# The first cell installs capacity_jax where it is missing.

# %%
from importlib.util import find_spec

if not find_spec("capacity_jax"):
    SOURCE = ".."  # the repository around this notebook; in Colab "git+" and the address you cloned it from
    # %pip install --quiet $SOURCE

# %matplotlib inline

# %%
BUDGET = 300
TRAIN_STEPS = 20_000
SEEDS = 2
NEWTON_STEPS = 50

# %% [markdown]
# ## Train, and load
#
# The directory outlives the kernel: the same call finds what is there, and with more trials or seeds adds to it.

# %%
from tempfile import mkdtemp

from capacity_jax import load_network, measure_capacity

WORKDIR = mkdtemp()
capacity = measure_capacity(
    "rnn",
    budgets=(BUDGET,),
    trials=0,
    train_steps=TRAIN_STEPS,
    seeds=SEEDS,
    space={"nonlinearity": "tanh"},
    workdir=WORKDIR,
)
trained = load_network(WORKDIR, capacity.records[0].study)
trained

# %% [markdown]
# ## How it learned
#
# Each line is one seed of the best setting, by the labels of its training batches. A dashed line still rose at the end:
# a longer run would likely store more, and the headline says how many runs did.

# %%
from capacity_jax.results.figures import learning_figure

print(capacity.headline())
learning_figure(capacity.records)

# %% [markdown]
# ## Which labels it misses
#
# `examples` are the inputs and labels that this very network had to remember. The margin is the logit, with the sign of
# the label: below 0 the answer is wrong.

# %%
import matplotlib.pyplot as plt
import numpy as np

examples = trained.examples()
asked = np.asarray(examples.weights) > 0
labels = np.asarray(examples.targets)[asked]
logits = np.asarray(trained(examples.xs))[asked, -1, 0]
margins = np.where(labels > 0.5, logits, -logits)
print(f"{np.sum(margins < 0)} of {len(margins)} labels are missed")
plt.figure(figsize=(6, 3))
plt.hist(margins, bins=60, color="0.6")
plt.axvline(0, color="#D55E00")
plt.xlabel("margin")
plt.ylabel("labels")
plt.show()

# %% [markdown]
# ## Fixed points
#
# After the first step the input is zero, and the state follows $h' = F(h)$ alone. A fixed point has $F(h) = h$;
# Newton's method finds some from the states that the network has at the end (Sussillo and Barak 2013). Where all
# eigenvalues of the Jacobian there have a modulus below 1 the point attracts.

# %%
import jax
import jax.numpy as jnp

[layer] = trained.params["layers"]
cell = trained.network.cell


def step(h, x):
    return cell.step(layer, h, x)[0]


def after_all_steps(x):
    silence = jnp.zeros_like(x)
    h = step(cell.initial_state(layer), x)
    for _ in range(trained.bucket.task.n_steps - 1):
        h = step(h, silence)
    return h


def rest(h):
    return step(h, jnp.zeros(trained.network.n_in))


@jax.jit
@jax.vmap
def nearest_fixed_point(h):
    def newton(h, _):
        return h - jnp.linalg.solve(jax.jacobian(rest)(h) - jnp.eye(len(h)), rest(h) - h), None

    return jax.lax.scan(newton, h, length=NEWTON_STEPS)[0]


states = jax.jit(jax.vmap(after_all_steps))(examples.xs[asked][:, 0])
found = nearest_fixed_point(states[:200])
speeds = jnp.linalg.norm(jax.vmap(rest)(found) - found, axis=1)
points = np.unique(np.round(np.asarray(found)[np.asarray(speeds) < 1e-4], 3), axis=0)
moduli = [np.abs(np.linalg.eigvals(jax.jacobian(rest)(jnp.asarray(h)))).max() for h in points]
print(f"{len(points)} fixed points, of which {sum(modulus < 1 for modulus in moduli)} attract")

# %% [markdown]
# The states at the end, by label, in the plane of their two main directions; crosses are the fixed points.

# %%
centre = states.mean(0)
axes_of_states = np.linalg.svd(states - centre, full_matrices=False)[2][:2].T
plane = np.asarray((states - centre) @ axes_of_states)
plt.figure(figsize=(6, 5))
plt.scatter(*plane.T, c=np.where(labels > 0.5, "#0072B2", "#E69F00"), s=6)
if len(points):
    plt.plot(*np.asarray((points - centre) @ axes_of_states).T, "x", color="black")
plt.xlabel("first direction")
plt.ylabel("second direction")
plt.show()

# %% [markdown]
# `retrain(record)` makes any recorded trial again, the same to the last bit on the same kind of device. A study that
# survives interruptions, and what to read off it: `explore_a_study.ipynb`.
