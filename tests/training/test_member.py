"""One member's loss and gradients against plain float64 numpy, which shares only the order of a cell's gates."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from capacity_jax.cells import CELLS, Cell
from capacity_jax.cells.linear import rows_times_columns
from capacity_jax.networks import Network
from capacity_jax.tasks import Batch, Task
from capacity_jax.training import Bucket
from capacity_jax.training.member import scores_and_gradients

pytestmark = pytest.mark.usefixtures("exact_products")

N_IN, N, N_OUT, N_HEARD, N_STEPS, N_READS = 3, 5, 2, 2, 5, 2
PLAIN = ("rnn", "irnn", "ugrnn", "gru", "gru_reset_after", "lstm", "intersection")


def σ(a):
    return 1 / (1 + np.exp(-a))


def relu(a):
    return np.maximum(a, 0)


def plain_step(name, p, state, x):
    """State and output of one layer's step, by the paper's equations; rows are examples."""
    c, h = state

    def gates(h):
        return np.split(h @ p["W_h"] + x @ p["W_x"] + p["b"], p["W_h"].shape[1] // N, axis=1)

    if name in ("rnn", "irnn"):
        (a,) = gates(h)
        h = np.tanh(a) if name == "rnn" else relu(a)
    elif name == "ugrnn":
        c_in, g = gates(h)
        h = σ(g) * h + (1 - σ(g)) * np.tanh(c_in)
    elif name == "gru":
        r, u, _ = gates(h)
        candidate = np.tanh(gates(σ(r) * h)[2])
        h = σ(u) * h + (1 - σ(u)) * candidate
    elif name == "gru_reset_after":
        r, u, c_in = gates(h)
        from_h = h @ p["W_h"][:, 2 * N :]
        h = σ(u) * h + (1 - σ(u)) * np.tanh(c_in - from_h + σ(r) * (from_h + p["b_h"]))
    elif name == "lstm":
        i, f, c_in, o = gates(h)
        c = σ(f) * c + σ(i) * np.tanh(c_in)
        h = σ(o) * np.tanh(c)
    else:
        y_in, h_in, g_y, g_h = gates(h)
        y = σ(g_y) * x + (1 - σ(g_y)) * relu(y_in)
        h = σ(g_h) * h + (1 - σ(g_h)) * np.tanh(h_in)
        return (c, h), y
    return (c, h), h


def plain_loss(name, params, batch):
    """Weighted mean squared error of the last outputs."""
    size = len(batch.xs)
    states = [[np.tile(layer.get(leaf, np.zeros(N)), (size, 1)) for leaf in ("c0", "h0")] for layer in params["layers"]]
    outputs = []
    for t in range(N_STEPS):
        y = batch.xs[:, t] if t < N_HEARD else np.zeros((size, N_IN))
        y = y @ params["projection"] if "projection" in params else y
        for k, layer in enumerate(params["layers"]):
            states[k], y = plain_step(name, layer, states[k], y)
        outputs.append(y @ params["readout"]["W"] + params["readout"]["b"])
    errors = ((np.stack(outputs[-N_READS:], 1) - batch.targets) ** 2).sum((1, 2))
    return np.sum(errors * batch.weights) / np.sum(batch.weights)


def task():
    return Task(
        name="errors",
        n_in=N_IN,
        n_out=N_OUT,
        n_steps=N_STEPS,
        n_reads=N_READS,
        draw=lambda key, hparams, size: (),
        batch=lambda *_: None,
        evaluation=lambda *_: None,
        n_evaluation=1,
        score=lambda outputs, target: {"loss": jnp.sum((outputs - target) ** 2)},
        measures=lambda scores, hparams, network: {},
        chance=1.0,
    )


def problem(cell, depth, size):
    """A bucket, float64 params none of which is zero, and a batch in part without weight."""
    rng = np.random.default_rng(depth)
    bucket = Bucket(Network(cell, N_IN, N, N_OUT, depth), task(), size)
    shapes = jax.eval_shape(bucket.network.init, jax.random.key(0))
    params = jax.tree.map(lambda leaf: 0.5 * rng.standard_normal(leaf.shape), shapes)
    weights = rng.uniform(0.5, 2, size) * (rng.uniform(size=size) < 0.8)
    batch = Batch(rng.standard_normal((size, N_HEARD, N_IN)), rng.standard_normal((size, N_READS, N_OUT)), weights)
    return bucket, params, batch


def computed(bucket, params, batch, block_size):
    """Loss and gradients in 32 bits, under the cell's defaults."""
    cell = bucket.network.cell
    hparams = {name: jnp.asarray(one.encode(one.default)) for name, one in cell.hyperparameters.items()}
    with rows_times_columns(True):
        run = jax.jit(partial(scores_and_gradients, bucket, block_size=block_size))
        return run(as_float32(params), as_float32(batch), hparams)


def as_float32(tree):
    return jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float32), tree)


@pytest.mark.parametrize(
    ("depth", "in_blocks"),
    [
        pytest.param(1, False, id="whole"),
        pytest.param(2, True, id="deep, rolled and in blocks"),
        pytest.param(1, True, id="rolled and in blocks", marks=pytest.mark.slow),
        pytest.param(2, False, id="deep", marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("name", PLAIN)
def test_scores_and_gradients_are_those_of_float64_numpy(name, depth, in_blocks, monkeypatch):
    """Breaks if a layout, a skipped product, a block's padding or a weight changes the loss or any leaf's gradient.

    Slopes of the oracle's loss are central differences, along each leaf's gradient and along a random direction.
    """
    if in_blocks:
        monkeypatch.setattr("capacity_jax.networks.UNROLL_UP_TO", 1)
    bucket, params, batch = problem(CELLS[name], depth, size=24)
    scores, gradients = computed(bucket, params, batch, block_size=16 if in_blocks else 24)
    np.testing.assert_allclose(scores["loss"], plain_loss(name, params, batch), rtol=1e-5)

    leaves, structure = jax.tree.flatten(params)
    rng = np.random.default_rng(0)
    for k, gradient in enumerate(map(np.float64, jax.tree.leaves(gradients))):
        norm = np.linalg.norm(gradient)
        assert norm > 0
        for direction in (gradient / norm, rng.standard_normal(gradient.shape) / np.sqrt(gradient.size)):
            ahead, behind = (
                plain_loss(name, structure.unflatten([*leaves[:k], leaves[k] + d, *leaves[k + 1 :]]), batch)
                for d in (1e-5 * direction, -1e-5 * direction)
            )
            assert abs((ahead - behind) / 2e-5 - np.sum(gradient * direction)) < 1e-4 * norm


def test_a_cell_that_takes_one_example_alone_has_the_same_gradients():
    """Breaks if a user's cell, mapped over a batch, learns otherwise than one that takes the batch on its last axis."""
    batch_last = CELLS["gru"]
    alone = Cell("alone", batch_last.init, batch_last.initial_state, batch_last.step, batch_last.hyperparameters)
    results = [computed(*problem(cell, 1, size=7), block_size=7) for cell in (batch_last, alone)]
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6), *results)


@pytest.mark.parametrize("size", [17, 48])
def test_blocks_change_no_loss(size):
    """Breaks if examples are lost or counted twice where the batch is no multiple of the block."""
    found, _ = computed(*problem(CELLS["rnn"], 1, size), block_size=16)
    whole, _ = computed(*problem(CELLS["rnn"], 1, size), block_size=size)
    np.testing.assert_allclose(found["loss"], whole["loss"], rtol=1e-5)
