"""Fingerprints: other cells have others, the same cell has the same."""

from dataclasses import replace

import jax.numpy as jnp

from capacity_jax.cells import block, deltanet, rnn
from capacity_jax.studies.fingerprint import fingerprint


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
