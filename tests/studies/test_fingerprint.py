"""Fingerprints: other cells have others, the same cell has the same."""

from dataclasses import replace
from functools import partial

import jax.numpy as jnp
import optax

from capacity_jax.cells import block, deltanet, rnn
from capacity_jax.import_path import import_path
from capacity_jax.networks import Network
from capacity_jax.studies.fingerprint import fingerprint, rule_fingerprint
from capacity_jax.tasks import per_cap
from capacity_jax.training import Bucket


def bucket_of(rule):
    task = per_cap(n_in=4, n_steps=2, b_max=40)
    return Bucket(Network(rnn, 4, 5, 1), task, 16, rule)


def steeper(params, h, x):
    """A step that differs in its output alone."""
    h, _ = rnn.step(params, h, x)
    return h, jnp.tanh(2 * h)


def test_cells_that_compute_otherwise_differ():
    """Breaks if two variants under one name would share their trials, or a study could not go on."""
    assert fingerprint(rnn) == ""
    mine, again, other = (replace(rnn, name="mine", step=step) for step in (rnn.step, rnn.step, steeper))
    assert fingerprint(mine) == fingerprint(again) != fingerprint(other)


def test_cells_of_several_heads_have_one():
    """Breaks if a cell that cannot have any number of units ends in a traceback."""
    assert len({fingerprint(cell) for cell in (deltanet(heads=3), deltanet(heads=8), block(deltanet(heads=3)))}) == 3


def test_rules_of_one_name_that_change_otherwise_differ():
    """Breaks if two partials or lambdas of one module pass for one rule, or a rule cannot be continued."""
    assert rule_fingerprint(bucket_of(None)) == ""
    slow, again, fast = (partial(rule, factor=factor) for factor in (0.5, 0.5, 2.0))
    assert import_path(slow) == import_path(fast)
    slow, again, fast = (rule_fingerprint(bucket_of(one)) for one in (slow, again, fast))
    assert slow == again != fast


def rule(hparams, factor):
    return optax.adam(hparams["lr_init"] * factor)
