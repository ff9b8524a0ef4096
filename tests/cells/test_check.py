"""Somebody's cell, tried before it is trained."""

import jax
import jax.numpy as jnp
import pytest

from capacity_jax import measure_capacity
from capacity_jax.cells import CELLS, Cell, block, deltanet
from capacity_jax.cells.check import check_cell


def cell(**changes):
    fields = {
        "name": "leaky",
        "init": lambda key, n_in, n_hidden, hparams: {"W": jax.random.normal(key, (n_in, n_hidden))},
        "initial_state": lambda params: jnp.zeros(params["W"].shape[1]),
        "step": lambda params, h, x: (0.9 * h + x @ params["W"],) * 2,
    }
    return Cell(**(fields | changes))


@pytest.mark.parametrize(
    "one", [*CELLS.values(), cell(), deltanet(heads=4), block(deltanet(heads=3))], ids=lambda one: one.name
)
def test_sound_cells_pass(one):
    """Breaks if a cell that can be trained is refused."""
    check_cell(one)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"step": lambda params, h, x: (h, jnp.append(h, 1.0))}, r"cell leaky of 5 units puts out shape \(6,\)"),
        ({"step": lambda params, h, x: (h[:2], h)}, r"cell leaky turns a state of shapes \(5,\) into \(2,\)"),
        ({"init": lambda key, n_in, n_hidden, hparams: {"W": jnp.ones((n_in, n_hidden), int)}}, "'W'.* is int32"),
    ],
    ids=["output", "state", "whole numbers"],
)
def test_a_cell_that_cannot_be_trained_is_one_clear_sentence(changes, message):
    """Breaks if what is wrong with a cell shows as a traceback from inside JAX."""
    with pytest.raises(ValueError, match=message) as refusal:
        measure_capacity(cell(**changes), budgets=(120,))
    assert "\n" not in str(refusal.value)
