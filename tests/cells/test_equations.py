"""Every cell against its equations: one gate at a time, a matrix each, in float64 numpy.

They are the paper's, and of the GRU that resets after the product those that torch documents.

The oracle shares one thing with the package, the order in which a cell documents its gates' columns.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from capacity_jax.cells import cell_by_name
from capacity_jax.cells.weights import chosen_nonlinearity

pytestmark = pytest.mark.usefixtures("exact_products")

GATES = {
    "rnn": ["h"],
    "irnn": ["h"],
    "ugrnn": ["c", "g"],
    "gru": ["r", "u", "c"],
    "gru_reset_after": ["r", "u", "c"],
    "lstm": ["i", "g", "c", "o"],  # g is the forget gate, as in the authors' data
    "intersection": ["y", "h", "gy", "gh"],
}
FORGET = {
    "ugrnn": ["forget_gate_bias_hack"],
    "gru": ["forget_gate_bias_hack"],
    "gru_reset_after": ["forget_gate_bias_hack"],
    "lstm": ["forget_gate_bias_hack"],
    "intersection": ["forget_gate_bias_hack_gy", "forget_gate_bias_hack_gh"],
}
CASES = [(name, s) for name in ("rnn", "ugrnn", "gru", "gru_reset_after", "lstm") for s in ("tanh", "relu")]
CASES += [("irnn", None), ("intersection", None)]


def relu(a):
    return np.maximum(a, 0)


def σ(a):
    return 1 / (1 + np.exp(-a))


# The oracle: `a(gate, h, x)` is W_h h + W_x x + b of one gate, or of another bias than b.


def rnn(a, h, c, x, s, b_fg):
    h = s(a("h", h, x))
    return h, c, h


def irnn(a, h, c, x, s, b_fg):
    return rnn(a, h, c, x, relu, b_fg)


def ugrnn(a, h, _, x, s, b_fg):
    c = s(a("c", h, x))
    g = σ(a("g", h, x) + b_fg[0])
    h = g * h + (1 - g) * c
    return h, _, h


def gru(a, h, _, x, s, b_fg):
    r = σ(a("r", h, x))
    u = σ(a("u", h, x) + b_fg[0])
    c = s(a("c", r * h, x))
    h = u * h + (1 - u) * c
    return h, _, h


def gru_reset_after(a, h, _, x, s, b_fg):
    r = σ(a("r", h, x))
    u = σ(a("u", h, x) + b_fg[0])
    c = s(a("c", 0 * h, x) + r * (a("c", h, 0 * x, bias="b_h")))
    h = u * h + (1 - u) * c
    return h, _, h


def lstm(a, h, c, x, s, b_fg):
    i, o = σ(a("i", h, x)), σ(a("o", h, x))
    f = σ(a("g", h, x) + b_fg[0])
    c = f * c + i * s(a("c", h, x))
    h = o * np.tanh(c)
    return h, c, h


def intersection(a, h, _, x, s, b_fg):
    y_in, h_in = relu(a("y", h, x)), np.tanh(a("h", h, x))
    g_y, g_h = σ(a("gy", h, x) + b_fg[0]), σ(a("gh", h, x) + b_fg[1])
    return g_h * h + (1 - g_h) * h_in, _, g_y * x + (1 - g_y) * y_in


ORACLES = {f.__name__: f for f in (rnn, irnn, ugrnn, gru, gru_reset_after, lstm, intersection)}


def oracle(name, params, xs, s, b_fg):
    """The outputs of all steps, and the state (c if there is one, h) after the last."""
    n = len(params["h0"])

    def a(gate, h, x, bias="b"):
        k = GATES[name].index(gate)
        W_h, W_x, b = (params[leaf][..., k * n : (k + 1) * n] for leaf in ("W_h", "W_x", "b"))
        b = params["b_h"] if bias == "b_h" else b
        return np.array(
            [sum(W_h[:, j] * h) + sum(W_x[:, j] * x) + b[j] for j in range(n)]  # unit j, term by term
        )

    h, c, ys = params["h0"], params.get("c0"), []
    for x in xs:
        h, c, y = ORACLES[name](a, h, c, x, {"relu": relu}.get(s, np.tanh), b_fg)
        ys.append(y)
    return np.array(ys), [h] if c is None else [c, h]


def example(name, seed, n_steps):
    """Params as if learned, without and with their forget biases; these biases; inputs. All in float64."""
    cell, rng = cell_by_name(name), np.random.default_rng(seed)
    n_in, n = (4, 4) if cell.square else (3, 4)
    ranges = {"recurrent_matrix": (0.3, 2), "input": (0.3, 2), "recurrent_bias": (-2, 2), "forget": (0, 6)}
    hparams = {
        hparam: rng.uniform(*interval)
        for hparam in cell.hyperparameters
        for kind, interval in ranges.items()
        if hparam.startswith(kind) and not hparam.endswith("type")
    }
    forget = FORGET.get(name, [])
    init = jax.jit(cell.init, static_argnums=(1, 2))
    plain = init(jax.random.key(seed), n_in, n, {**hparams, **dict.fromkeys(forget, 0.0)})
    full = init(jax.random.key(seed), n_in, n, hparams)
    learned = {leaf: 0.3 * rng.standard_normal(value.shape) for leaf, value in sorted(plain.items())}
    plain, full = (
        {leaf: np.asarray(params[leaf], np.float64) + moved for leaf, moved in learned.items()}
        for params in (plain, full)
    )
    return plain, full, [hparams[f] for f in forget], rng.standard_normal((n_steps, n_in))


def run(cell, params, xs, *nonlinearity):
    """The cell over a sequence, as a user would scan it."""

    def step(state, x):
        return cell.step(params, state, x, *nonlinearity)

    return jax.lax.scan(step, cell.initial_state(params), xs)


jitted_run = jax.jit(run, static_argnums=(0, 3))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("name", "s"), CASES)
def test_cell_follows_the_equations_of_the_paper(name, s, seed):
    """Breaks if a gate reads the wrong columns, a sign, a product or b_fg is off, or h0 is not learned."""
    plain, full, b_fg, xs = example(name, seed, n_steps=6)
    ys, state = oracle(name, plain, xs, s, b_fg)
    # tanh is what a step does when told nothing.
    nonlinearity = (jax.nn.relu,) if s == "relu" else ()
    params = {leaf: jnp.asarray(value, jnp.float32) for leaf, value in full.items()}
    state_seen, ys_seen = jitted_run(cell_by_name(name), params, jnp.asarray(xs, jnp.float32), *nonlinearity)
    assert ys_seen.dtype == jnp.float32
    assert_allclose(ys_seen, ys, rtol=1e-5, atol=1e-5)
    for seen, expected in zip(jax.tree.leaves(state_seen), state, strict=True):
        assert_allclose(seen, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("name", "s"), CASES)
def test_gradients_are_those_of_the_equations(name, s):
    """Breaks if a derivative (the nonlinearity has a hand-written one) is not the slope of the oracle."""
    plain, full, b_fg, xs = example(name, 11, n_steps=4)
    weights = np.random.default_rng(12).standard_normal((4, len(full["h0"])))

    def slope(leaf, index, ε=1e-6):
        def loss(change):
            moved = {name: value.copy() for name, value in (plain | {"xs": xs}).items()}
            moved[leaf][index] += change
            return np.sum(weights * oracle(name, moved, moved["xs"], s, b_fg)[0])

        return (loss(ε) - loss(-ε)) / (2 * ε)

    with jax.enable_x64(True):
        nonlinearity = () if s is None else (chosen_nonlinearity({"nonlinearity": s}),)

        def loss(arrays):
            return jnp.sum(weights * run(cell_by_name(name), arrays, arrays["xs"], *nonlinearity)[1])

        gradients = jax.jit(jax.grad(loss))(jax.tree.map(jnp.asarray, full | {"xs": xs}))
        gradients = {leaf: np.asarray(value) for leaf, value in gradients.items()}

    for leaf, gradient in gradients.items():
        expected = [slope(leaf, index) for index in np.ndindex(gradient.shape)]
        assert_allclose(gradient.ravel(), expected, rtol=1e-6, atol=1e-7, err_msg=leaf)
        assert np.any(gradient != 0), leaf


def test_a_relu_at_rest_passes_no_gradient():
    """Breaks if ReLU has a slope at exactly 0, where zero-bias units at rest stay; `jax.nn.relu` has none."""
    s = chosen_nonlinearity({"nonlinearity": "relu"})
    assert jax.grad(s)(0.0) == jax.grad(jax.nn.relu)(0.0) == 0
