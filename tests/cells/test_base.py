"""What a cell is, beside its equations: roles of its parameters, and what its author may leave out."""

import jax
import jax.numpy as jnp
import pytest

from capacity_jax.cells import CELLS, Cell, Hyperparameter


def matrix_state(**changes):
    """A cell with a learned matrix state, whose author says nothing of roles."""
    return Cell(
        name="matrix",
        init=lambda key, n_in, n_hidden, hparams: {
            "S0": jnp.zeros((n_hidden, n_hidden)),
            "W": jax.random.normal(key, (n_in, n_hidden)),
            "b": jnp.zeros(n_hidden),
        },
        # Reads the shape of W, not its values.
        initial_state=lambda params: params["S0"] + 0 * params["W"].shape[0],
        step=lambda params, S, x: (S, S @ (x @ params["W"]) + params["b"]),
        **changes,
    )


@pytest.mark.parametrize("name", CELLS)
def test_weights_decay_and_nothing_else(name):
    """Breaks if L2 decay reaches a vector or what is not trained, or misses a matrix."""
    cell = CELLS[name]
    params = jax.eval_shape(lambda: cell.init(jax.random.key(0), 3, 3, {}))
    matrices = jax.tree.map(lambda leaf, trains: leaf.ndim > 1 and trains, params, cell.trained(params))
    assert cell.decayed(params) == matrices


def test_a_learned_matrix_state_is_no_weight():
    """Breaks if L2 decay goes by the number of axes."""
    cell = matrix_state()
    assert cell.decayed(cell.init(jax.random.key(0), 2, 3, {})) == {"S0": False, "W": True, "b": False}


def test_an_author_may_name_the_weights():
    """Breaks if names that a cell declares as weights are not what decays."""
    cell = matrix_state(weights=("b",))
    assert cell.decayed(cell.init(jax.random.key(0), 2, 3, {})) == {"S0": False, "W": False, "b": True}


def test_a_bare_default_declares_a_hyperparameter():
    """Breaks if an author has to spell a declaration out, or a shared name loses the range that it has everywhere."""
    cell = matrix_state(hyperparameters={"leak": 0.1, "input_scale_c": 0.5, "n_heads": Hyperparameter(2, at_least=1)})
    assert cell.hyperparameters["leak"] == Hyperparameter(0.1)
    assert cell.hyperparameters["input_scale_c"].range == (0.001, 2.0)
    assert cell.hyperparameters["n_heads"].at_least == 1
