"""The kernels for narrow members against the plain path, interpreted on a CPU."""

from dataclasses import replace
from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from capacity_jax.cells import CELLS, rnn
from capacity_jax.networks import Network
from capacity_jax.tasks import mem_thru, per_cap
from capacity_jax.training import (
    Bucket,
    Devices,
    default_devices,
    fill_defaults,
    gpu_kernel,
    hyperparameters_of,
    tpu_kernel,
)
from capacity_jax.training.kernels import kernel_of, takes
from capacity_jax.training.member import advance, draw_member
from capacity_jax.training.program import idle_assignment, idle_members, train_chunk
from capacity_jax.training.settings import encode

TOGETHER = Devices(default_devices().devices[:1], in_turn=False)
# One trial for each optimizer, of which the second ends after 37 steps, and one that diverges.
TRIALS = (
    {"optimizer": "sgd", "gradient_clip_val": 0.1, "lr_init": 0.02},
    {"optimizer": "momentum", "nonlinearity": "relu", "train_steps": 37},
    {"optimizer": "rmsprop", "l2_decay": 1e-3},
    {"optimizer": "adam", "nonlinearity": "relu", "gradient_clip_val": 0.1},
    {"optimizer": "sgd", "nonlinearity": "relu", "lr_init": 1e30},
)
COMMON = {"lr_init": 0.002, "l2_decay": 1e-4, "weight_decay": 1e-3, "gradient_clip_val": 10.0, "train_steps": 200}
SLOW = pytest.mark.slow


def bucket_of(cell, depth=1, n_hidden=3):
    return Bucket(Network(cell, 3, n_hidden, 1, depth), per_cap(n_in=3, b_max=40, n_steps=2), 11)


@cache
def members_of(cell):
    bucket = bucket_of(CELLS[cell])
    known = hyperparameters_of(bucket)
    settings = [{**COMMON, **trial, "b": 20 + i} for i, trial in enumerate(TRIALS)]
    asked = [{name: value for name, value in one.items() if name in known} for one in settings]
    encoded = [encode(fill_defaults(bucket, one), known) for one in asked]
    hparams = jax.tree.map(lambda *values: jnp.stack(values), *encoded)
    return jax.jit(jax.vmap(partial(draw_member, bucket)))(jnp.arange(len(TRIALS)), hparams)


@cache
def trained(cell, train):
    """All members after a hundred steps, or as many as they make."""

    def member(member):
        return train(bucket_of(CELLS[cell]), TOGETHER, (), member, jnp.int32(100))

    with jax.default_matmul_precision("highest"):
        return jax.jit(jax.vmap(member))(members_of(cell))


@pytest.mark.parametrize(
    ("kernel", "cell"),
    [
        (tpu_kernel, "rnn"),
        (gpu_kernel, "rnn"),
        *(pytest.param(tpu_kernel, cell, marks=SLOW) for cell in ("irnn", "ugrnn", "gru", "lstm")),
        pytest.param(gpu_kernel, "irnn", marks=SLOW),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_a_hundred_steps_agree_with_the_plain_path(kernel, cell, monkeypatch):
    """Breaks if a step's equations, a hyperparameter, the curve, the end, or a diverged member's differs (1e-6)."""
    # Interpreted, every lane costs what it costs on a CPU.
    monkeypatch.setattr(tpu_kernel, "LANES", 8)
    plain, by_kernel = trained(cell, advance), trained(cell, kernel.advance_by_kernel)
    assert by_kernel.step.tolist() == plain.step.tolist()
    assert by_kernel.moments.count.tolist() == plain.moments.count.tolist()
    assert by_kernel.step[:4].tolist() == [100, 37, 100, 100]
    assert by_kernel.step[4] < 100
    assert not np.isfinite(by_kernel.loss[4])
    first_four = partial(jax.tree.map, lambda leaf: np.asarray(leaf[:4]))
    for name in ("params", "moments", "loss", "curve"):
        expected, found = first_four(getattr(plain, name)), first_four(getattr(by_kernel, name))
        jax.tree.map(partial(np.testing.assert_allclose, rtol=1e-6, atol=1e-6), found, expected)


@pytest.mark.parametrize(("kernel", "cells"), [(tpu_kernel, "rnn irnn ugrnn gru lstm"), (gpu_kernel, "rnn irnn")])
def test_what_a_kernel_takes(kernel, cells):
    """Breaks if a network that a kernel would train wrongly is given to it."""

    def is_taken(bucket):
        return takes(bucket, kernel.CELLS)

    assert {name for name in CELLS if is_taken(bucket_of(CELLS[name]))} == set(cells.split())
    assert not is_taken(bucket_of(rnn, depth=2))
    assert not is_taken(bucket_of(rnn, n_hidden=33))
    assert not is_taken(bucket_of(replace(rnn, step=lambda *given: rnn.step(*given))))
    assert not is_taken(Bucket(Network(rnn, 2, 3, 2), mem_thru(n_in=2, n_steps=2), 8))


@pytest.mark.parametrize("wanted", [False, True])
def test_the_flag_chooses_the_kernel(wanted):
    """Breaks if a population trains by a kernel unasked, or without it though asked."""
    bucket, devices = bucket_of(rnn), replace(TOGETHER, kernel=wanted)
    assert kernel_of(bucket, devices) is tpu_kernel
    members, slots = jax.eval_shape(lambda: idle_members(bucket, 2, devices)), idle_assignment(bucket, 2)
    program = jax.make_jaxpr(jax.vmap(partial(train_chunk, bucket, devices, (np.int32(1), ())), axis_name="together"))
    assert ("pallas_call" in str(program(members, slots))) == wanted


def test_where_no_kernel_runs_the_flag_is_refused():
    """Breaks if members in turn are told to use a kernel and train without it unasked."""
    with pytest.raises(ValueError, match="kernel is True; it must be False where"):
        Devices(tuple(jax.local_devices()), in_turn=True, kernel=True)
