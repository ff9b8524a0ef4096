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
# # How many bits of a weight remember?
#
# A trained weight has 32 bits. Here we round the weights of a trained network to fewer, and ask it again what it
# remembers; then we do the same with noise on its states, and with one group of weights at a time. What was measured
# this way of all six cells stands in `experiments/results/precision.md`.
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
TRAIN_STEPS = 10_000

# %%
from tempfile import mkdtemp

from capacity_jax import load_network, measure_capacity

WORKDIR = mkdtemp()
capacity = measure_capacity(
    "rnn",
    budgets=(BUDGET,),
    trials=0,
    train_steps=TRAIN_STEPS,
    seeds=2,
    workdir=WORKDIR,
)
trained = load_network(WORKDIR, capacity.records[0].study)
trained

# %% [markdown]
# ## Two estimates of what it holds
#
# Mutual information counts right answers; the code length also asks how sure the network was of them, and pays for its
# calibration. Bits saved in the code are never more than there are labels.

# %%
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np

from capacity_jax.estimators import code_bits_from_logits, mutual_information_from_logits

examples = trained.examples()


def stored_bits(logits, estimate=mutual_information_from_logits):
    """Bits for each row of logits."""
    rows = [jnp.broadcast_to(row, logits.shape) for row in (examples.targets, examples.weights)]
    return np.asarray(estimate(logits, *rows))


whole = trained(examples.xs)[None, :, -1, 0]
print(f"{int(examples.weights.sum())} labels, {trained.network.n_params} parameters")
print(
    f"mutual information {stored_bits(whole)[0]:.0f} bits, code {stored_bits(whole, code_bits_from_logits)[0]:.0f} bits"
)

# %% [markdown]
# ## Weights of fewer bits
#
# A variant is a function from a network, its parameters and a value to a changed network. One program computes all.

# %%
from capacity_jax.analysis import outputs_of_variants, quantize_params

BITS = np.arange(1, 13)


def quantized(network, params, bits):
    return network, quantize_params(params, bits)


logits = outputs_of_variants(trained, quantized, BITS)[:, :, -1, 0]
plt.figure(figsize=(6, 3.5))
plt.plot(BITS, stored_bits(logits), "o-", label="mutual information")
plt.plot(BITS, stored_bits(logits, code_bits_from_logits), "s--", label="code length")
plt.axhline(stored_bits(whole)[0], color="0.6", linewidth=1, label="as trained")
plt.xlabel("bits of each weight")
plt.ylabel("stored bits")
plt.legend(frameon=False)
plt.show()

# %% [markdown]
# ## Noise on the states
#
# A value with Gaussian noise carries at most ½ log2(1 + SNR) bits. Every unit gets noise at every step.

# %%
from functools import partial

import jax

from capacity_jax.analysis import add_noise, change_states

SNR_BITS = np.arange(0.5, 8.5, 0.5)


def noisy(network, params, snr):
    return change_states(network, jax.random.key(0), partial(add_noise, snr=snr, axis=1)), params


logits = outputs_of_variants(trained, noisy, 4.0**SNR_BITS - 1)[:, :, -1, 0]
plt.figure(figsize=(6, 3.5))
plt.plot(SNR_BITS, stored_bits(logits), "o-")
plt.axhline(stored_bits(whole)[0], color="0.6", linewidth=1)
plt.xlabel("½ log2(1 + SNR) of each unit's value, bits")
plt.ylabel("stored bits")
plt.show()

# %% [markdown]
# ## One group of weights at a time
#
# Where exactness counts most: the weights of one group rounded, all others as they were trained.

# %%
from capacity_jax.analysis import GROUPS, parameter_groups

names = parameter_groups(trained.network, trained.params)


def one_group(network, params, value):
    group, bits = value
    return network, jax.tree.map(
        lambda name, old, new: jnp.where(GROUPS.index(name) == group, new, old),
        names,
        params,
        quantize_params(params, bits),
    )


FEW = np.arange(1, 7)
plt.figure(figsize=(6, 3.5))
for group, name in enumerate(GROUPS[:5]):
    logits = outputs_of_variants(trained, one_group, (np.full(len(FEW), group), FEW))[:, :, -1, 0]
    plt.plot(FEW, stored_bits(logits), "o-", label=name)
plt.axhline(stored_bits(whole)[0], color="0.6", linewidth=1)
plt.xlabel("bits of each weight of the group")
plt.ylabel("stored bits")
plt.legend(frameon=False)
plt.show()
