"""Weights of Flax's own cells in ours and out again, linen and nnx."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn
from flax import nnx

from capacity_jax.cells import CELLS, gru, gru_reset_after, irnn, lstm, rnn, ugrnn
from capacity_jax.interchange import weights_from_flax, weights_to_flax

N_IN, N = 3, 4
XS = np.random.default_rng(3).normal(size=(5, N_IN)).astype(np.float32)


class Linen:
    """One of linen's cells, by its class."""

    def __init__(self, module):
        self.module = module(N)

    def shapes(self):
        carry = self.module.initialize_carry(jax.random.key(0), (N_IN,))
        return jax.eval_shape(self.module.init, jax.random.key(0), carry, XS[0])["params"]

    def step(self, params, carry, x):
        return self.module.apply({"params": params}, carry, x)


class Nnx:
    """One of nnx's cells, by its class."""

    def __init__(self, module):
        self.graph, state = nnx.split(module(N_IN, N, rngs=nnx.Rngs(0)))
        self.params = nnx.to_pure_dict(state)

    def shapes(self):
        return self.params

    def step(self, params, carry, x):
        return nnx.merge(self.graph, nnx.State(params))(carry, x)


FLAX_CELLS = {
    "linen SimpleCell": ("rnn", Linen, nn.SimpleCell),
    "linen GRUCell": ("gru_reset_after", Linen, nn.GRUCell),
    "linen LSTMCell": ("lstm", Linen, nn.LSTMCell),
    "linen OptimizedLSTMCell": ("lstm", Linen, nn.OptimizedLSTMCell),
    "nnx SimpleCell": ("rnn", Nnx, nnx.SimpleCell),
    "nnx GRUCell": ("gru_reset_after", Nnx, nnx.GRUCell),
    "nnx LSTMCell": ("lstm", Nnx, nnx.LSTMCell),
    "nnx OptimizedLSTMCell": ("lstm", Nnx, nnx.OptimizedLSTMCell),
}


@pytest.fixture(params=FLAX_CELLS)
def theirs(request):
    """Our cell, its counterpart, and random parameters of the counterpart."""
    name, interface, module = FLAX_CELLS[request.param]
    counterpart, rng = interface(module), np.random.default_rng(0)
    params = jax.tree.map(lambda leaf: rng.normal(size=leaf.shape).astype(np.float32), counterpart.shapes())
    return CELLS[name], counterpart, params


def run(step, params, state, xs=XS):
    ys = []
    for x in xs:
        state, y = step(params, state, jnp.asarray(x))
        ys.append(y)
    return np.stack(ys)


def carry_of(cell, seed=1):
    c, h = np.random.default_rng(seed).uniform(-1, 1, (2, N)).astype(np.float32)
    return (c, h) if cell is lstm else h


def test_loaded_weights_compute_what_flax_does(theirs):
    """Fails if a gate, a bias or the initial carry is misplaced."""
    cell, counterpart, params = theirs
    carry = carry_of(cell)
    ours = weights_from_flax(cell, params, carry)
    expected = run(counterpart.step, params, carry)
    np.testing.assert_allclose(run(cell.step, ours, cell.initial_state(ours)), expected, rtol=0, atol=1e-6)
    assert not np.any(cell.initial_state(weights_from_flax(cell, params)))


def test_round_trip_from_flax_is_exact(theirs):
    """Fails if a parameter changes its value, place, name or dtype on the way."""
    cell, _, params = theirs
    back, carry = weights_to_flax(cell, weights_from_flax(cell, params, carry_of(cell)), like=params)
    assert jax.tree.structure(back) == jax.tree.structure(params)
    for found, expected in zip(jax.tree.leaves((back, carry)), jax.tree.leaves((params, carry_of(cell))), strict=True):
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)


def test_round_trip_from_ours_is_exact(theirs):
    """Fails if a weight or the learned initial state of ours is lost, or the shapes alone do not suffice."""
    cell, counterpart, params = theirs
    ours = weights_from_flax(cell, params, carry_of(cell))
    back = weights_from_flax(cell, *weights_to_flax(cell, ours, like=counterpart.shapes()))
    assert list(back) == list(ours)
    for name in ours:
        np.testing.assert_array_equal(back[name], ours[name])


def test_the_gru_of_the_paper_is_refused_both_ways():
    """Fails if a GRU that computes something else there passes, or the message does not say which cell is meant."""
    like = Linen(nn.GRUCell).shapes()
    params = jax.tree.map(lambda leaf: np.ones(leaf.shape), like)
    with pytest.raises(ValueError, match=r"cell is 'gru', which resets before .*; allowed: gru_reset_after"):
        weights_from_flax(gru, params)
    with pytest.raises(ValueError, match=r"cell is 'gru', which resets before .*; allowed: gru_reset_after"):
        weights_to_flax(gru, weights_from_flax(gru_reset_after, params), like)


def test_a_bias_inside_the_reset_has_no_place_in_the_gru_of_nnx():
    """Fails if b_h is dropped unseen."""
    params = weights_from_flax(gru_reset_after, Nnx(nnx.GRUCell).shapes())
    with pytest.raises(ValueError, match="b_h is not zeros; Flax's nnx GRUCell"):
        weights_to_flax(gru_reset_after, params | {"b_h": np.ones(N)}, like=Nnx(nnx.GRUCell).shapes())


@pytest.mark.parametrize("init", [nn.with_partitioning, nn.with_logical_partitioning])
def test_boxes_are_opened_on_the_way_in_and_kept_on_the_way_out(init):
    """Fails if parameters of a sharded model do not convert, or lose the names of their axes."""
    module = nn.LSTMCell(N, kernel_init=init(nn.initializers.ones, (None, "model")))
    like = jax.eval_shape(module.init, jax.random.key(0), carry_of(lstm), XS[0])["params"]
    boxed = jax.tree.map(lambda leaf: np.random.default_rng(0).normal(size=leaf.shape), like)
    ours = weights_from_flax(lstm, boxed, module=module)
    jax.tree.map(np.testing.assert_array_equal, ours, weights_from_flax(lstm, nn.unbox(boxed)))
    back, _ = weights_to_flax(lstm, ours, like=like, module=module)
    assert jax.tree.structure(back) == jax.tree.structure(boxed)
    jax.tree.map(np.testing.assert_array_equal, back, boxed)


@pytest.mark.parametrize(
    ("cell", "module"),
    [
        (lstm, nn.LSTMCell(N, gate_fn=lambda a: jax.nn.sigmoid(a), activation_fn=jnp.tanh)),
        (gru_reset_after, nnx.eval_shape(lambda: nnx.GRUCell(N_IN, N, rngs=nnx.Rngs(0)))),
        (irnn, nn.SimpleCell(N, activation_fn=nn.relu)),
    ],
)
def test_modules_of_the_same_functions_pass(cell, module):
    """Fails if a function is compared by its name or place, not by its values."""
    columns = {"lstm": 4, "gru_reset_after": 3, "irnn": 1}[cell.name] * N
    fused = {"dense_i": {"kernel": np.ones((N_IN, columns))}, "dense_h": {"kernel": np.ones((N, columns))}}
    fused["dense_h" if cell is lstm else "dense_i"]["bias"] = np.ones(columns)
    assert weights_from_flax(cell, fused, module=module)["W_x"].shape == (N_IN, columns)


@pytest.mark.parametrize(
    ("cell", "module", "message"),
    [
        (lstm, nn.LSTMCell(N, gate_fn=nn.hard_sigmoid), "gate_fn of LSTMCell is hard_sigmoid; lstm needs sigmoid"),
        (rnn, nn.SimpleCell(N, activation_fn=nn.relu), "activation_fn of SimpleCell is relu; rnn needs tanh"),
        (irnn, nn.SimpleCell(N), "activation_fn of SimpleCell is tanh; irnn needs relu"),
        (rnn, nn.SimpleCell(N, residual=True), "residual of SimpleCell is True; rnn needs False"),
        (
            gru_reset_after,
            nnx.eval_shape(lambda: nnx.GRUCell(N_IN, N, activation_fn=nnx.gelu, rngs=nnx.Rngs(0))),
            "activation_fn of GRUCell is gelu; gru_reset_after needs tanh",
        ),
    ],
)
def test_modules_of_other_functions_are_refused(cell, module, message):
    """Fails if weights of a cell that computes something else pass where the module is given."""
    with pytest.raises(ValueError, match=message):
        weights_from_flax(cell, {}, module=module)
    with pytest.raises(ValueError, match=message):
        weights_to_flax(cell, {}, {}, module=module)


def _without(params, *path):
    *parents, last = path
    params = jax.tree.map(lambda leaf: leaf, params)
    inner = params
    for parent in parents:
        inner = inner[parent]
    del inner[last]
    return params


@pytest.mark.parametrize(
    ("cell", "change", "message"),
    [
        (ugrnn, lambda params: params, "cell is 'ugrnn'"),
        (rnn, lambda params: params, "params hold hf/bias, which Flax's counterpart of rnn does not have"),
        (lstm, lambda params: {}, "params hold nothing"),
        (lstm, lambda params: _without(params, "ig"), "for every gate a kernel of each side and a bias"),
        (
            lstm,
            lambda params: _without(params, "hg", "bias"),
            "for every gate a kernel of each side and a bias",
        ),
        (lstm, lambda params: params | {"if": {"kernel": np.ones((3, 5))}}, r"if/kernel has shape \(3, 5\)"),
        (lstm, lambda params: params | {"norm": {"scale": np.ones(4)}}, "params hold norm/scale"),
    ],
)
def test_other_weights_are_refused(cell, change, message):
    """Fails if a parameter is ignored, or one that is missing is taken for zeros, in either direction."""
    params = jax.tree.map(lambda leaf: np.ones(leaf.shape), Linen(nn.LSTMCell).shapes())
    with pytest.raises(ValueError, match=message):
        weights_from_flax(cell, change(params))
    if cell is lstm:
        with pytest.raises(ValueError, match=message):
            weights_to_flax(cell, weights_from_flax(cell, params), like=change(params))
