"""Behaviour of the nnx cells in nnx's own wrappers and transformations."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from three_forms import NAMES, UNLIKE, N, assert_trees_close, nnx_cell, pure_params, row, run, sequences, shapes

from capacity_jax.flax import nnx as our_nnx
from capacity_jax.flax import nnx_to_pure


def layer_and_params(name, seed=0, **options):
    """A layer with learned initial states that returns its carry, and its pure parameters."""
    params = pure_params(NAMES[name], seed)
    return nnx.RNN(nnx_cell(name, params, learned_initial_state=True, **options), return_carry=True), params


def compiled(layer, xs, lengths=None, **options):
    """The layer's carry and outputs."""
    return jax.device_get(nnx.jit(lambda layer, xs: layer(xs, seq_lengths=lengths, **options))(layer, xs))


@pytest.mark.parametrize("name", UNLIKE)
@pytest.mark.parametrize(("learned", "batch"), [(False, ()), (True, (2, 3))])
def test_shapes_follow_the_batch(name, learned, batch):
    """Fails if a cell assumes a number of batch axes."""
    layer = nnx.RNN(nnx_cell(name, learned_initial_state=learned), return_carry=True)
    carry, ys = nnx.eval_shape(lambda layer: layer(sequences(*batch, 5)), layer)
    assert ys.shape == (*batch, 5, N)
    assert shapes(carry) == (((*batch, N), (*batch, N)) if name == "LSTMCell" else (*batch, N))


@pytest.mark.parametrize(("name", "keep_order"), [("LSTMCell", False), ("IntersectionRNNCell", True)])
def test_masked_and_reversed_sequences(name, keep_order):
    """Fails if the carry is not that of the last valid step, or reverse puts anything in the wrong place."""
    xs, lengths = sequences(2, 5), (3, 5)
    layer, params = layer_and_params(name)
    carry, ys = compiled(layer, xs, jnp.array(lengths), reverse=True, keep_order=keep_order)
    for i, length in enumerate(lengths):
        expected_carry, expected = run(NAMES[name], params, xs[i, :length][::-1])
        expected = expected[::-1] if keep_order else expected
        assert_trees_close((row(carry, i), ys[i, :length]), (expected_carry, expected))


@pytest.mark.parametrize("name", UNLIKE)
def test_time_major_is_a_transposition(name):
    """Fails if the time axis is taken for a batch axis, or a given carry is not where the sequence starts."""
    xs = sequences(2, 5)
    layer, params = layer_and_params(name)
    given = jax.tree.map(lambda leaf: np.stack([leaf, -np.asarray(leaf)]), NAMES[name].initial_state(params))
    carry, ys = compiled(layer, xs.swapaxes(0, 1), time_major=True, initial_carry=given)
    for i in range(2):
        assert_trees_close((row(carry, i), ys[:, i]), run(NAMES[name], params, xs[i], row(given, i)))


@pytest.mark.parametrize("name", UNLIKE)
def test_bidirectional_joins_both_directions(name):
    """Fails if either direction reads the other's parameters, initial state or order."""
    xs, cell = sequences(1, 5), NAMES[name]
    (forward, params), (backward, other) = layer_and_params(name), layer_and_params(name, seed=5)
    ys = compiled(nnx.Bidirectional(forward, backward), xs)
    expected, back = run(cell, params, xs[0])[1], run(cell, other, xs[0, ::-1])[1]
    assert_trees_close(ys[0], np.concatenate([expected, back[::-1]], -1))


@pytest.mark.parametrize("name", UNLIKE)
def test_jit_and_grad_reach_every_parameter(name):
    """Fails if a parameter has no influence, or a cell holds an attribute that nnx.jit cannot hash."""
    layer, params = layer_and_params(name)
    grads = nnx.jit(nnx.grad(lambda layer: jnp.sum(layer(sequences(2, 5))[1] ** 2)))(layer)
    leaves = jax.device_get(nnx.to_pure_dict(grads)["cell"])
    assert shapes(leaves) == shapes(params)
    assert all(np.any(leaf != 0) and np.all(np.isfinite(leaf)) for leaf in leaves.values())


@pytest.mark.parametrize("name", UNLIKE)
@pytest.mark.parametrize("learned", [False, True])
def test_split_and_merge_keep_the_cell(name, learned):
    """Fails if a cell keeps state outside its parameters, or equal cells differ in their graph."""
    cell = nnx_cell(name, learned_initial_state=learned)
    graph, params, rest = nnx.split(cell, nnx.Param, ...)
    assert not jax.tree.leaves(rest)
    assert graph == nnx.split(nnx_cell(name, learned_initial_state=learned))[0]
    again = nnx.merge(graph, params, rest)
    assert shapes(nnx.eval_shape(lambda cell: cell(cell.initialize_carry((N,)), sequences())[1], again)) == (N,)


@pytest.mark.parametrize("name", UNLIKE)
def test_vmap_over_parameters_is_a_loop(name):
    """Fails if members of a population mix under vmap."""
    xs, members = sequences(1, 5), [layer_and_params(name, seed) for seed in range(3)]
    graph = nnx.split(members[0][0])[0]
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *(nnx.split(layer)[1] for layer, _ in members))
    _, ys = jax.device_get(jax.jit(jax.vmap(lambda state: nnx.merge(graph, state)(xs)))(stacked))
    for i, (_, params) in enumerate(members):
        assert_trees_close(ys[i, 0], run(NAMES[name], params, xs[0])[1])


@pytest.mark.parametrize("name", UNLIKE)
def test_bfloat16_computes_on_float32_parameters(name):
    """Fails if parameters or carry leave float32, or the output is not bfloat16."""
    layer, _ = layer_and_params(name, dtype=jnp.bfloat16)
    carry, ys = nnx.eval_shape(lambda layer: layer(sequences(2, 5)), layer)
    assert all(leaf.dtype == jnp.float32 for leaf in jax.tree.leaves((nnx_to_pure(layer.cell), carry)))
    assert ys.dtype == jnp.bfloat16


def test_options_reach_the_draw_and_the_step():
    """Fails if an initialiser, a hyperparameter or the nonlinearity is ignored."""

    @nnx.jit
    def made():
        return our_nnx.UGRNNCell(
            3,
            N,
            hparams={"input_scale_g": 0.0, "nonlinearity": "relu"},
            recurrent_kernel_init=nnx.initializers.zeros_init(),
            bias_init=nnx.initializers.constant(-9.0),
            rngs=nnx.Rngs(0),
        )

    cell = made()
    params = nnx_to_pure(cell)
    assert shapes(params) == {"h0": (N,), "W_x": (3, 2 * N), "W_h": (N, 2 * N), "b": (2 * N,)}
    assert not params["W_x"][:, N:].any()
    assert not params["W_h"].any()
    assert (params["b"] == -9).all()
    _, y = cell(jnp.zeros(N), jnp.zeros(3))
    assert not y.any()  # ReLU of -9, where tanh would give -1


def test_partitioned_initialisers_name_the_axes_of_all_gates_together():
    """Fails if the metadata of a partitioned initialiser is lost where gates are joined."""
    init = nnx.with_partitioning(nnx.initializers.ones_init(), (None, "model"))
    with jax.set_mesh(jax.make_mesh((1,), ("model",), axis_types=(jax.sharding.AxisType.Auto,))):
        cell = nnx.jit(lambda: our_nnx.LSTMCell(N, N, kernel_init=init, rngs=nnx.Rngs(0)))()
        assert cell.W_x.get_metadata()["out_sharding"] == (None, "model")
        np.testing.assert_array_equal(nnx_to_pure(cell)["W_x"], np.ones((N, 4 * N)))


def test_drawn_and_learned_carries_follow_carry_init():
    """Fails if carry_init, of the cell or of the call, is ignored or needs no rngs where it draws."""
    zeros = nnx.initializers.zeros_init()
    options = {"kernel_init": zeros, "recurrent_kernel_init": zeros, "bias_init": zeros, "rngs": nnx.Rngs(0)}
    options["carry_init"] = nnx.initializers.normal(1.0)
    drawn = our_nnx.LSTMCell(N, N, **options)
    c, h = drawn.initialize_carry((2, N), nnx.Rngs(0))
    assert len(np.unique(np.concatenate([c, h]))) == 4 * N
    learned = our_nnx.LSTMCell(N, N, learned_initial_state=True, **options)
    c, h = learned.initialize_carry((2, N))
    np.testing.assert_array_equal(h, jnp.broadcast_to(learned.h0[...], (2, N)))
    assert learned.c0[...].any()
    assert not jnp.any(drawn.initialize_carry((N,), None, zeros)[0])
    with pytest.raises(ValueError, match="rngs is None"):
        drawn.initialize_carry((2, N))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda rngs: our_nnx.RNNCell(0, 2, rngs=rngs), "in_features is 0"),
        (lambda rngs: our_nnx.RNNCell(2, 1.5, rngs=rngs), "hidden_features is 1.5"),
        (lambda rngs: our_nnx.RNNCell(2, 2, hparams={"lr_init": 1}, rngs=rngs), "'lr_init' is unknown"),
        (lambda rngs: our_nnx.IntersectionRNNCell(2, 3, rngs=rngs), "n_in is 2"),
    ],
)
def test_errors_name_what_is_wrong(make, message):
    """Fails if a wrong argument passes, or its message lacks the field and the value."""
    with pytest.raises(ValueError, match=message):
        make(nnx.Rngs(0))
