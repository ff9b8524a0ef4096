"""Every registered cell works with every transformation that a population needs."""

from functools import partial
from typing import get_args

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from capacity_jax.cells import CELLS, Cell, CellName, cell_by_name
from capacity_jax.cells.weights import chosen_nonlinearity

pytestmark = pytest.mark.usefixtures("exact_products")

N, N_STEPS, N_MEMBERS = 4, 5, 6
# The paper's cells, and of those made of the same parts one each.
QUICK = (*list(CELLS)[:7], "esn", "lru", "integrator", "mingru", "slstm", "mlstm", "deltanet", "mamba", "ttt")
QUICK_OR_SLOW = [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in CELLS]


def nonlinearity(cell: Cell, hparams):
    """The fourth argument of `step`, for a cell that takes it."""
    return (chosen_nonlinearity(hparams),) if "nonlinearity" in cell.hyperparameters else ()


def differing_hparams(cell: Cell, rng):
    """A value of every hyperparameter for each member: choices take turns, numbers are random."""
    return {
        name: np.arange(N_MEMBERS, dtype=np.int32) % len(declared.choices)
        if declared.choices
        else rng.uniform(0.5, 1.5, N_MEMBERS).astype(np.float32)
        for name, declared in cell.hyperparameters.items()
    }


def members(cell, seeds, hparams):
    """Loss of each member on a sequence, and its gradients."""
    return jax.device_get(_members(cell, seeds, hparams))


@partial(jax.jit, static_argnums=0)
def _members(cell, seeds, hparams):
    xs = jax.random.normal(jax.random.key(1), (N_STEPS, N))

    def loss_and_gradients(seed, hparams):
        def loss(params):
            def step(state, x):
                return cell.step(params, state, x, *nonlinearity(cell, hparams))

            _, ys = jax.lax.scan(step, cell.initial_state(params), xs)
            return jnp.sum(ys**2)

        return jax.value_and_grad(loss)(cell.init(jax.random.key(seed), N, N, hparams))

    return jax.vmap(loss_and_gradients)(seeds, hparams)


@pytest.mark.parametrize("name", QUICK_OR_SLOW)
def test_cell_is_jitted_vmapped_scanned_and_differentiated(name):
    """Breaks if a cell branches on a traced value, mixes members, changes its state or loses a gradient."""
    cell = cell_by_name(name)
    all_differ = (np.arange(N_MEMBERS), differing_hparams(cell, np.random.default_rng(0)))
    together = members(cell, *all_differ)
    for k in range(N_MEMBERS):
        among_its_like = members(cell, *jax.tree.map(lambda values, k=k: np.full_like(values, values[k]), all_differ))
        for a, b in zip(jax.tree.leaves(together), jax.tree.leaves(among_its_like), strict=True):
            assert_allclose(b, np.broadcast_to(a[k], b.shape), rtol=1e-4, atol=1e-5)
    losses, gradients = together
    trained = jax.tree.leaves(cell.trained(gradients))
    assert len(np.unique(losses)) == (N_MEMBERS if any(trained) or cell.hyperparameters else 1)
    for (leaf, gradient), trains in zip(jax.tree.leaves_with_path(gradients), trained, strict=True):
        assert np.all(np.isfinite(gradient)), leaf
        assert not trains or np.all(np.any(gradient != 0, axis=0)), leaf


@pytest.mark.parametrize("name", QUICK_OR_SLOW)
def test_every_hyperparameter_a_cell_lists_changes_what_it_does(name):
    """Breaks if a cell lists a hyperparameter that `init` and `step` do not read, under that very name."""
    cell = cell_by_name(name)
    base = {
        name: np.full(N_MEMBERS, 0 if declared.choices else 0.5, np.int32 if declared.choices else np.float32)
        for name, declared in cell.hyperparameters.items()
    }
    for changed in base:
        values = base[changed].copy()
        values[1] = 2 * values[0] or 1
        pairs = jax.tree.leaves(members(cell, np.zeros(N_MEMBERS, int), {**base, changed: values}))
        assert any(np.any(leaf[0] != leaf[1]) for leaf in pairs), changed


@pytest.mark.parametrize("name", [name for name, cell in CELLS.items() if "nonlinearity" in cell.hyperparameters])
def test_the_default_of_a_choice_is_what_happens_without_it(name):
    """Breaks if the defaults a cell lists, with which a study completes a trial, are not those it uses."""
    cell = cell_by_name(name)

    @jax.jit
    def told_and_untold(defaults):
        """What the cell draws, and its state and output after a step."""
        found = []
        for hparams in (defaults, {}):
            params = cell.init(jax.random.key(0), N, N, hparams)
            state = jax.tree.map(lambda leaf: leaf + 0.5, cell.initial_state(params))
            chosen = nonlinearity(cell, hparams) if hparams else ()
            found.append((params, cell.step(params, state, jnp.linspace(-2, 2, N), *chosen)))
        return found

    defaults = {name: declared.encode(declared.default) for name, declared in cell.hyperparameters.items()}
    jax.tree.map(lambda a, b: assert_allclose(a, b, rtol=1e-5, atol=1e-6), *told_and_untold(defaults))


@pytest.mark.parametrize("name", CELLS)
def test_defaults_are_what_is_drawn_without_hyperparameters(name):
    """Breaks if the defaults a cell lists, with which a study completes a trial, are not those it uses."""
    cell = cell_by_name(name)
    defaults = {name: declared.default for name, declared in cell.hyperparameters.items()}
    told, untold = (
        str(jax.make_jaxpr(partial(cell.init, n_in=N, n_hidden=N, hparams=given))(jax.random.key(0)))
        for given in (defaults, {})
    )
    assert told == untold


@pytest.mark.parametrize("name", CELLS)
def test_state_size_is_that_of_the_published_cell(name):
    """Breaks if a cell carries more or less than its published state and, the mLSTM, the logarithm of its scale."""
    of_vectors = {"lstm": 2 * 7, "lru": 2 * 7, "s5": 2 * 7, "slstm": 3 * 7}
    matrices = {"mamba": 7 * 4, "mamba2": 7 * 4, "linear_attention": 7 * 7 + 7, "ttt": 7 * 7 + 7, "mlstm": 7 * 7 + 8}
    matrices |= dict.fromkeys(("retnet", "gla", "hgrn2", "deltanet", "gated_deltanet", "deltaproduct", "rwkv7"), 7 * 7)
    assert CELLS[name].state_size(7) == (of_vectors | matrices).get(name, 7)


def test_every_cell_is_registered_under_its_own_name():
    """Breaks if the paper's do not come first, a type checker knows others, or results go under another's name."""
    assert list(CELLS)[:7] == ["rnn", "irnn", "ugrnn", "gru", "lstm", "intersection", "gru_reset_after"]
    assert all(cell.family for cell in CELLS.values())
    assert set(get_args(CellName)) == CELLS.keys()
    assert all(cell_by_name(name).name == name for name in CELLS)


@pytest.mark.parametrize(("name", "hint"), [("lsmt", "did you mean lstm"), ("transformer", "allowed: rnn, ")])
def test_an_unknown_name_is_an_error_with_a_hint(name, hint):
    """Breaks if the message does not name what was asked for, and what is meant or allowed."""
    with pytest.raises(ValueError, match=f"'{name}' is unknown; {hint}"):
        cell_by_name(name)


@pytest.mark.parametrize("name", CELLS)
def test_an_unknown_or_impossible_hyperparameter_is_an_error(name):
    """Breaks if a misspelt entry of `hparams`, or a value that is not allowed, is passed over in silence."""
    with pytest.raises(ValueError, match="'input_scle_h' is unknown"):
        CELLS[name].init(jax.random.key(0), N, N, {"input_scle_h": 1.0})
    for listed in CELLS[name].hyperparameters:
        with pytest.raises(ValueError, match=f"^{listed} is 'large'"):
            CELLS[name].init(jax.random.key(0), N, N, {listed: "large"})


def test_the_intersection_cell_refuses_an_input_of_another_size():
    """Breaks if y = g·x + (1−g)·y_in meets inputs that are not as many as the units, and fails in the sum."""
    with pytest.raises(ValueError, match=f"^n_in is 3; .* {N}$"):
        cell_by_name("intersection").init(jax.random.key(0), 3, N, {})
