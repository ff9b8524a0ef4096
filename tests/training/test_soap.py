"""The update rule in the eigenbases of the gradients' covariances."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from capacity_jax.training import soap
from capacity_jax.training.optimizer import HYPERPARAMETERS, optimizer
from capacity_jax.training.soap import INTERVAL, KEPT, Soap, turned

HPARAMS = {name: one.encode(one.default) for name, one in HYPERPARAMETERS.items()}
HPARAMS |= {"lr_init": 0.1, "lr_decay_rate": 0.5, "train_steps": 200, "gradient_clip_val": 2.0, "weight_decay": 0.3}
SHAPES = {"matrix": (6, 4), "stack": (2, 3, 5), "column": (4, 1), "vector": (7,), "long": (600, 2), "number": ()}
DECAYED = {name: np.full(shape, float(len(shape) > 1), np.float32) for name, shape in SHAPES.items()}


turn = jax.jit(turned)


def draws(n_steps):
    """Gradients whose rows and columns are correlated."""
    rng = np.random.default_rng(0)
    mixed = {name: [rng.normal(size=(n, n)) for n in shape[-2:]] for name, shape in SHAPES.items() if len(shape) > 1}
    for _ in range(n_steps):
        drawn = {name: rng.normal(size=shape) for name, shape in SHAPES.items()}
        for name, (rows, columns) in mixed.items():
            drawn[name] = rows @ drawn[name] @ columns
        yield jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float32), drawn)


RULE, PLAIN = soap(HPARAMS, DECAYED), optimizer(HPARAMS, DECAYED)


@partial(jax.jit, static_argnums=0)
def updated(rule, gradients, state, params):
    changes, state = rule.update(gradients, state, params)
    return jax.tree.map(jnp.add, params, changes), state, changes


def after(n_steps, rule=RULE):
    """Parameters and state after so many steps, and the last change."""
    params = jax.tree.map(np.ones_like, DECAYED)
    state, changes = jax.jit(rule.init)(params), None
    for gradients in draws(n_steps):
        params, state, changes = updated(rule, gradients, state, params)
    return params, state, changes


def test_first_steps_are_those_of_the_rule_itself():
    """Breaks if gradients, parameters or decay are mixed up on their way into the bases and back."""
    _, _, changes = after(INTERVAL - 1)
    _, _, plain = after(INTERVAL - 1, PLAIN)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7), changes, plain)
    assert all(np.any(leaf) for leaf in jax.tree.leaves(changes))


def test_a_step_is_the_rule_in_the_bases_in_64_bits():
    """Breaks if a base is applied on the wrong side, a moment belongs to another leaf, or decay is not by role."""
    # No base turns in the step that follows.
    n_steps = 3 * INTERVAL
    params, state, _ = after(n_steps)
    assert isinstance(state, Soap)
    *_, gradients = draws(n_steps + 1)
    _, _, changes = updated(RULE, gradients, state, params)

    momentum, norm = 1 / (1 + np.exp(-2.2)), np.sqrt(sum(np.sum(np.float64(g) ** 2) for g in gradients.values()))
    unravel = ravel_pytree([gradients[name] for name in sorted(SHAPES)])[1]
    firsts, seconds = (unravel(moment) for moment in state.moments[1:])
    rate = 0.1 * 0.5 ** (n_steps / 200)
    for name, bases, m, v in zip(sorted(SHAPES), state.bases, firsts, seconds, strict=True):
        rows, columns = (np.float64(bases[axis]) if axis in bases else None for axis in (-2, -1))
        seen = np.float64(gradients[name]) * min(1, 2 / norm)
        seen = seen if rows is None else np.swapaxes(rows, -1, -2) @ seen
        seen = seen if columns is None else seen @ columns
        m, v = momentum * m + (1 - momentum) * seen, 0.999 * v + 0.001 * seen**2
        step = m / (1 - momentum ** (n_steps + 1)) / (np.sqrt(v / (1 - 0.999 ** (n_steps + 1))) + 1e-8)
        step = step if rows is None else rows @ step
        step = step if columns is None else step @ np.swapaxes(columns, -1, -2)
        expected = -rate * step - rate * 0.3 * (len(SHAPES[name]) > 1) * np.float64(params[name])
        np.testing.assert_allclose(changes[name], expected, rtol=1e-4, atol=2e-6, err_msg=name)


def test_bases_are_of_the_sides_that_can_have_them():
    """Breaks if a long side costs its cube each step, or a vector loses its scale."""
    _, state, _ = after(1)
    found = {name: set(bases) for name, bases in zip(sorted(SHAPES), state.bases, strict=True)}
    both = {-2, -1}
    assert found == {"column": {-2}, "long": {-1}, "matrix": both, "number": set(), "stack": both, "vector": set()}


def test_bases_become_the_eigenvectors():
    """Breaks if turns go the wrong way, do not settle, or lose orthogonality."""
    n_steps = 40 * INTERVAL
    _, state, _ = after(n_steps)
    gradients = [np.float64(drawn["matrix"]) for drawn in draws(n_steps)]
    kept = (1 - KEPT) * KEPT ** np.arange(n_steps)[::-1]
    of_matrix = sorted(SHAPES).index("matrix")
    for axis, outer in ((-2, lambda g: g @ g.T), (-1, lambda g: g.T @ g)):
        covariance = sum(weight * outer(g) for weight, g in zip(kept, gradients, strict=True))
        np.testing.assert_allclose(state.covariances[of_matrix][axis], covariance, rtol=1e-3, atol=1e-3)
        basis = np.float64(state.bases[of_matrix][axis])
        np.testing.assert_allclose(basis.T @ basis, np.eye(len(basis)), atol=1e-5)
        seen = basis.T @ covariance @ basis
        variances = np.diag(seen)
        across = seen / np.sqrt(np.outer(variances, variances)) - np.eye(len(seen))
        assert np.abs(across).max() < 0.02
        np.testing.assert_allclose(np.sort(variances), np.linalg.eigvalsh(covariance), rtol=0.01)


@pytest.mark.parametrize("covariance", [np.zeros((3, 3)), np.eye(3), np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1.0]])])
def test_equal_variances_do_no_harm(covariance):
    """Breaks if a pair of axes without an angle gives no number, or two axes turn by different angles."""
    basis = jnp.eye(3)
    for _ in range(20):
        basis = turn(basis, jnp.asarray(covariance, jnp.float32))
    np.testing.assert_allclose(basis.T @ basis, np.eye(3), atol=1e-5)
    seen = np.float64(basis).T @ covariance @ np.float64(basis)
    np.testing.assert_allclose(seen, np.diag(np.diag(seen)), atol=1e-5)
