"""The traced optimizer against the textbook updates, written out in float64 numpy."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.flatten_util import ravel_pytree

from capacity_jax.training.optimizer import optimizer

HPARAMS = {
    "lr_init": 0.05,
    "lr_decay_rate": 0.1,
    "optimizer_logit_momentum": 1.5,
    "gradient_clip_val": 1.2,
    "l2_decay": 0.03,
    "weight_decay": 0.4,
    "train_steps": 10,
}


def textbook(algorithm, params, gradients, hparams):
    """Params after the gradients: L2 on matrices, clipping by global norm, the algorithm, both decays."""
    params = {name: np.array(value, np.float64) for name, value in params.items()}
    first = {name: np.zeros_like(value) for name, value in params.items()}
    second = {name: np.zeros_like(value) for name, value in params.items()}
    m = 1 / (1 + np.exp(-hparams["optimizer_logit_momentum"]))
    for t, step_gradients in enumerate(gradients):
        g = {
            name: np.array(step_gradients[name], np.float64) + (hparams["l2_decay"] * value if value.ndim > 1 else 0)
            for name, value in params.items()
        }
        norm = np.sqrt(sum(np.sum(value**2) for value in g.values()))
        rate = hparams["lr_init"] * hparams["lr_decay_rate"] ** (t / hparams["train_steps"])
        for name in params:
            c = g[name] * min(1, hparams["gradient_clip_val"] / norm)
            if algorithm == "sgd":
                update = c
            elif algorithm == "momentum":
                update = first[name] = c + m * first[name]
            elif algorithm == "rmsprop":
                second[name] = m * second[name] + (1 - m) * c**2
                update = c / np.sqrt(second[name] + 1e-8)
            else:
                first[name] = m * first[name] + (1 - m) * c
                second[name] = 0.999 * second[name] + 0.001 * c**2
                corrected = first[name] / (1 - m ** (t + 1)), second[name] / (1 - 0.999 ** (t + 1))
                update = corrected[0] / (np.sqrt(corrected[1]) + 1e-8)
            decay = rate * hparams["weight_decay"] if params[name].ndim > 1 else 0
            params[name] = (1 - decay) * params[name] - rate * update
    return params


@pytest.mark.parametrize("algorithm", ["sgd", "momentum", "rmsprop", "adam"])
def test_follows_the_textbook(algorithm):
    """Breaks if any piece (L2, clipping, moments, bias correction, decay) is missing, misplaced or of wrong sign."""
    rng = np.random.default_rng(0)
    params = {"W": rng.normal(size=(3, 2)).astype(np.float32), "b": rng.normal(size=2).astype(np.float32)}
    gradients = [
        {name: (scale * rng.normal(size=value.shape)).astype(np.float32) for name, value in params.items()}
        for scale in (0.1, 3.0, 0.01, 1.0, 0.3)
    ]

    @jax.jit
    def train(params, gradients, hparams):
        transformation = optimizer(hparams, {"W": 1.0, "b": 0.0})
        state = transformation.init(params)
        for g in gradients:
            updates, state = transformation.update(g, state, params)
            params = optax.apply_updates(params, updates)
        return params

    index = ("sgd", "momentum", "rmsprop", "adam").index(algorithm)
    hparams = jax.tree.map(jnp.asarray, {**HPARAMS, "optimizer": index})
    trained = train(params, gradients, hparams)
    expected = textbook(algorithm, params, gradients, HPARAMS)
    for name in params:
        np.testing.assert_allclose(trained[name], expected[name], rtol=2e-5, atol=2e-6)


def test_algorithms_differ_only_by_a_traced_choice():
    """Breaks if choosing another algorithm, or any other setting, compiles anew."""
    traces = 0

    @jax.jit
    def update(hparams):
        nonlocal traces
        traces += 1
        params = jnp.ones(3)
        transformation = optimizer(hparams, jnp.zeros(3))
        return transformation.update(jnp.arange(3.0), transformation.init(params), params)[0]

    results = [
        update(jax.tree.map(jnp.asarray, {**HPARAMS, "optimizer": choice, "lr_init": 0.1 * (1 + choice)}))
        for choice in range(4)
    ]
    assert traces == 1
    assert len({tuple(np.asarray(result).round(6).tolist()) for result in results}) == 4


def test_one_vector_is_updated_as_the_parameters_it_is_made_of():
    """Breaks if a flat vector, as members train it, is decayed or clipped otherwise than its matrices and biases."""
    rng = np.random.default_rng(1)
    params, gradients = (
        {"W": rng.normal(size=(3, 2)).astype(np.float32), "b": rng.normal(size=2).astype(np.float32)} for _ in range(2)
    )

    @jax.jit
    def both(params, gradients):
        flat, unravel = ravel_pytree(params)
        decayed, _ = ravel_pytree({"W": jnp.ones((3, 2)), "b": jnp.zeros(2)})
        hparams = {**HPARAMS, "optimizer": "momentum"}
        whole = optimizer(hparams, {"W": 1.0, "b": 0.0})
        expected, _ = whole.update(gradients, whole.init(params), params)
        one_vector = optimizer(hparams, decayed)
        updates, _ = one_vector.update(ravel_pytree(gradients)[0], one_vector.init(flat), flat)
        return unravel(updates), expected

    updates, expected = both(params, gradients)
    for name, update in updates.items():
        np.testing.assert_allclose(update, expected[name], rtol=1e-6)
