"""The kernel for narrow members on a GPU against the plain path, interpreted on a CPU."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from capacity_jax.cells import CELLS, irnn, rnn
from capacity_jax.networks import Network
from capacity_jax.tasks import mem_thru, per_cap
from capacity_jax.training import Bucket, Devices, default_devices, fill_defaults, hyperparameters_of
from capacity_jax.training.gpu_kernel import advance_by_kernel, takes
from capacity_jax.training.member import advance, draw_member
from capacity_jax.training.settings import encode

TOGETHER = Devices(default_devices().devices[:1], in_turn=False)
# Optimizer, nonlinearity, clipping, rate, training steps: one that ends and one that diverges among them.
TRIALS = (
    ("sgd", "tanh", 0.1, 0.02, 200),
    ("momentum", "relu", 10.0, 0.002, 37),
    ("rmsprop", "tanh", 10.0, 0.002, 200),
    ("adam", "relu", 0.1, 0.002, 200),
    ("sgd", "relu", 10.0, 1e30, 200),
)


def bucket_of(cell, depth=1, n_hidden=3):
    return Bucket(Network(cell, 3, n_hidden, 1, depth), per_cap(n_in=3, b_max=90, n_steps=2), 70)


@pytest.mark.parametrize("cell", [rnn, pytest.param(irnn, marks=pytest.mark.slow)])
def test_a_hundred_steps_agree_with_the_plain_path(cell):
    """Breaks if any of a step's equations, a hyperparameter, the curve or the end of training differs (1e-6)."""
    bucket = bucket_of(cell)
    known = hyperparameters_of(bucket)
    names = ("optimizer", "nonlinearity", "gradient_clip_val", "lr_init", "train_steps")
    settings = [
        {name: value for name, value in zip(names, trial, strict=True) if name in known}
        | {"l2_decay": 1e-4, "weight_decay": 1e-3, "b": 80 + i}
        for i, trial in enumerate(TRIALS)
    ]
    encoded = [encode(fill_defaults(bucket, one), known) for one in settings]
    hparams = jax.tree.map(lambda *values: jnp.stack(values), *encoded)

    def trained(train):
        def member(seed, hparams):
            return train(bucket, TOGETHER, (), draw_member(bucket, seed, hparams), jnp.int32(100))

        with jax.default_matmul_precision("highest"):
            return jax.jit(jax.vmap(member))(jnp.arange(len(TRIALS)), hparams)

    plain, by_kernel = trained(advance), trained(advance_by_kernel)
    assert by_kernel.step.tolist() == plain.step.tolist()
    assert by_kernel.step[:4].tolist() == [100, 37, 100, 100]
    assert by_kernel.step[4] < 100
    assert by_kernel.moments.count.tolist() == plain.moments.count.tolist()
    first_four = partial(jax.tree.map, lambda leaf: np.asarray(leaf[:4]))
    for name in ("params", "moments", "loss", "curve"):
        expected, found = first_four(getattr(plain, name)), first_four(getattr(by_kernel, name))
        jax.tree.map(partial(np.testing.assert_allclose, rtol=1e-6, atol=1e-6), found, expected)
    assert not np.isfinite(by_kernel.loss[4])


@pytest.mark.parametrize(
    ("bucket", "taken"),
    [
        (bucket_of(rnn), True),
        (bucket_of(irnn), True),
        *((bucket_of(CELLS[name]), False) for name in ("ugrnn", "gru", "lstm", "intersection")),
        (bucket_of(rnn, depth=2), False),
        (bucket_of(rnn, n_hidden=33), False),
        (Bucket(Network(rnn, 2, 3, 2), mem_thru(n_in=2, n_steps=2), 8), False),
    ],
)
def test_what_the_kernel_takes(bucket, taken):
    """Breaks if a network that the kernel would train wrongly is given to it."""
    assert takes(bucket) == taken
