"""Behaviour of the linen cells in linen's own wrappers and under JAX's transformations."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn
from three_forms import (
    NAMES,
    UNLIKE,
    N,
    assert_trees_close,
    linen_cell,
    pure_params,
    row,
    run,
    sequences,
    shapes,
    without_initial_state,
)

from capacity_jax.cells import ugrnn
from capacity_jax.flax import linen as our_linen
from capacity_jax.flax import linen_to_pure, pure_to_linen

KEY = jax.random.key(0)


def layer_and_weights(name, **options):
    """A layer with learned initial states that returns its carry, its variables, and their pure form."""
    cell, params = linen_cell(name, learned_initial_state=True, **options), pure_params(NAMES[name])
    return nn.RNN(cell, return_carry=True), {"params": {"cell": pure_to_linen(cell, params)}}, params


def compiled(layer, **options):
    """`(variables, xs, seq_lengths) -> (carry, ys)`."""
    run = jax.jit(lambda variables, xs, lengths=None: layer.apply(variables, xs, seq_lengths=lengths, **options))
    return lambda *given: jax.device_get(run(*given))


@pytest.mark.parametrize("name", UNLIKE)
@pytest.mark.parametrize(("learned", "batch"), [(False, ()), (False, (3,)), (True, (2, 3))])
def test_shapes_follow_the_batch(name, learned, batch):
    """Fails if a cell assumes a number of batch axes."""
    layer = nn.RNN(linen_cell(name, learned_initial_state=learned), return_carry=True)
    (carry, ys), _ = jax.eval_shape(layer.init_with_output, KEY, sequences(*batch, 5))
    assert ys.shape == (*batch, 5, N)
    assert shapes(carry) == (((*batch, N), (*batch, N)) if name == "LSTMCell" else (*batch, N))


def test_input_and_hidden_sizes_are_independent():
    """Fails if the input matrix takes its size from the units."""
    variables = jax.eval_shape(nn.RNN(our_linen.GRUCell(6)).init, KEY, jnp.ones((2, 5, 3)))
    assert shapes(variables["params"]["cell"]) == {"W_x": (3, 18), "W_h": (6, 18), "b": (18,)}


@pytest.mark.parametrize(
    ("name", "keep_order"),
    [("LSTMCell", None), ("LSTMCell", True), ("IntersectionRNNCell", None), ("IntersectionRNNCell", False)],
)
def test_padding_leaves_the_carry_alone_and_reverse_reads_from_the_end(name, keep_order):
    """Fails if the carry is not that of the last valid step, or reverse puts anything in the wrong place."""
    xs, lengths = sequences(3, 6), (2, 6, 4)
    layer, variables, params = layer_and_weights(name)
    options = {} if keep_order is None else {"reverse": True, "keep_order": keep_order}
    valid = np.arange(6)[None, :, None] < np.array(lengths)[:, None, None]
    padded = np.where(valid, xs, np.float32(1e3))
    carry, ys = compiled(layer, **options)(variables, padded, np.array(lengths))
    for i, length in enumerate(lengths):
        in_order = xs[i, :length] if keep_order is None else xs[i, :length][::-1]
        expected_carry, expected = run(NAMES[name], params, in_order)
        expected = expected[::-1] if keep_order else expected
        assert_trees_close((row(carry, i), ys[i, :length]), (expected_carry, expected))


@pytest.mark.parametrize("name", UNLIKE)
def test_time_major_is_a_transposition(name):
    """Fails if the time axis is taken for a batch axis, or a given carry is not where the sequence starts."""
    xs = sequences(2, 5)
    layer, variables, params = layer_and_weights(name)
    given = jax.tree.map(lambda leaf: np.stack([leaf, -np.asarray(leaf)]), NAMES[name].initial_state(params))
    carry, ys = compiled(layer, time_major=True, initial_carry=given)(variables, xs.swapaxes(0, 1))
    for i in range(2):
        assert_trees_close((row(carry, i), ys[:, i]), run(NAMES[name], params, xs[i], row(given, i)))


@pytest.mark.parametrize("name", UNLIKE)
def test_bidirectional_joins_both_directions(name):
    """Fails if either direction reads the other's parameters, initial state or order."""
    xs, cell = sequences(1, 5), NAMES[name]
    layer, forward, params = layer_and_weights(name)
    other = pure_params(cell, seed=5)
    backward = {"cell": pure_to_linen(layer.cell, other)}
    both = nn.Bidirectional(layer, nn.RNN(layer.cell.clone(), return_carry=True), return_carry=True)
    carries, ys = compiled(both)({"params": {"forward_rnn": forward["params"], "backward_rnn": backward}}, xs)
    carry, expected = run(cell, params, xs[0])
    back_carry, back = run(cell, other, xs[0, ::-1])
    assert_trees_close(row(carries, 0), (carry, back_carry))
    assert_trees_close(ys[0], np.concatenate([expected, back[::-1]], -1))


@pytest.mark.parametrize(("name", "learned"), [("LSTMCell", False), ("IntersectionRNNCell", True)])
def test_scan_over_the_class_shares_parameters(name, learned):
    """Fails if nn.scan over the cell's class draws parameters per step, or loses the initial state."""
    xs, params = sequences(1, 5), pure_params(NAMES[name])
    cell = linen_cell(name, learned_initial_state=learned)
    scanned = nn.scan(type(cell), variable_broadcast="params", split_rngs={"params": False}, in_axes=1, out_axes=1)(
        N, learned_initial_state=learned
    )
    if not learned:
        params = without_initial_state(params)
    variables = {"params": pure_to_linen(cell, params)}
    carry = scanned.apply(variables, KEY, (1, N), method="initialize_carry")
    assert shapes(jax.eval_shape(scanned.init, KEY, carry, xs)) == shapes(variables)
    carry, ys = jax.device_get(jax.jit(scanned.apply)(variables, carry, xs))
    assert_trees_close((row(carry, 0), ys[0]), run(NAMES[name], params, xs[0]))


@pytest.mark.parametrize("name", UNLIKE)
def test_jit_and_grad_reach_every_parameter(name):
    """Fails if a parameter, the initial state included, has no influence or the module cannot be compiled."""
    layer, variables, _ = layer_and_weights(name)
    grads = jax.jit(jax.grad(lambda variables: jnp.sum(layer.apply(variables, sequences(2, 5))[1] ** 2)))(variables)
    assert shapes(grads) == shapes(variables)
    assert all(np.any(leaf != 0) and np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(jax.device_get(grads)))


@pytest.mark.parametrize("name", UNLIKE)
def test_vmap_over_parameters_is_a_loop(name):
    """Fails if members of a population mix under vmap."""
    xs, members = sequences(1, 5), [pure_params(NAMES[name], seed) for seed in range(3)]
    layer, _, _ = layer_and_weights(name)
    stacked = jax.tree.map(lambda *leaves: np.stack(leaves), *(pure_to_linen(layer.cell, member) for member in members))
    carry, ys = jax.device_get(jax.jit(jax.vmap(lambda params: layer.apply({"params": {"cell": params}}, xs)))(stacked))
    for i, member in enumerate(members):
        assert_trees_close((row(row(carry, i), 0), ys[i, 0]), run(NAMES[name], member, xs[0]))


@pytest.mark.parametrize("name", UNLIKE)
@pytest.mark.parametrize("learned", [False, True])
def test_bfloat16_computes_on_float32_parameters(name, learned):
    """Fails if parameters or carry leave float32, or the output is not bfloat16."""
    layer = nn.RNN(linen_cell(name, learned_initial_state=learned, dtype=jnp.bfloat16), return_carry=True)
    (carry, ys), variables = jax.eval_shape(layer.init_with_output, KEY, sequences(2, 5))
    assert all(leaf.dtype == jnp.float32 for leaf in jax.tree.leaves((variables, carry)))
    assert ys.dtype == jnp.bfloat16


@pytest.mark.parametrize("name", UNLIKE)
def test_bfloat16_is_close_to_exact(name):
    """Fails if computing in bfloat16 does more than round, or does not round at all."""
    xs = sequences(1, 5)
    layer, variables, params = layer_and_weights(name, dtype=jnp.bfloat16)
    ys = compiled(layer)(variables, xs)[1][0].astype(np.float32)
    expected = run(NAMES[name], params, xs[0])[1]
    np.testing.assert_allclose(ys, expected, atol=0.05)
    assert np.max(np.abs(ys - expected)) > 1e-5


def test_param_dtype_is_that_of_parameters_and_carry():
    """Fails if param_dtype is ignored by a parameter or by the carry."""
    cell = linen_cell("LSTMCell", param_dtype=jnp.bfloat16, learned_initial_state=True)
    layer = nn.RNN(cell, return_carry=True)
    made = jax.eval_shape(layer.init_with_output, KEY, sequences(2, 5).astype(jnp.bfloat16))
    assert all(leaf.dtype == jnp.bfloat16 for leaf in jax.tree.leaves(made))


def test_initialisers_act_per_gate():
    """Fails if fused gates are drawn as one matrix, or an initialiser is not used for its own weights."""
    calls = []

    def recorded(value):
        def init(key, shape, dtype):
            calls.append(shape)
            return jnp.full(shape, value, dtype)

        return init

    cell = our_linen.LSTMCell(
        4,
        kernel_init=recorded(1),
        recurrent_kernel_init=recorded(2),
        bias_init=recorded(3),
        carry_init=recorded(4),
    )
    carry = jax.device_get(cell.initialize_carry(KEY, (3,)))
    params = jax.device_get(jax.jit(cell.init)(KEY, carry, np.ones(3, np.float32)))["params"]
    assert shapes(params) == {"W_x": (3, 16), "W_h": (4, 16), "b": (16,)}
    for value, leaf in enumerate(("W_x", "W_h", "b"), start=1):
        assert (params[leaf] == value).all()
    assert (carry[0] == 4).all()
    assert set(calls) == {(3, 4), (4, 4), (4,)}


def test_partitioned_initialisers_name_the_axes_of_all_gates_together():
    """Fails if a box is lost where gates are joined, or conversion takes a box for an array."""
    init = nn.with_partitioning(nn.initializers.ones, (None, "model"))
    cell = our_linen.LSTMCell(N, kernel_init=init, learned_initial_state=True)
    params = jax.jit(nn.RNN(cell).init)(KEY, sequences(2, 3))["params"]["cell"]
    assert params["W_x"].names == (None, "model")
    assert params["W_x"].value.shape == (N, 4 * N)
    assert jax.eval_shape(nn.RNN(cell).apply, {"params": {"cell": params}}, sequences(2, 3)).shape == (2, 3, N)
    assert np.all(np.asarray(linen_to_pure(cell, params)["W_x"]) == 1)


def test_hyperparameters_reach_the_draw_and_the_step():
    """Fails if hparams are ignored by the initial weights or by the nonlinearity."""
    hparams = {"input_scale_g": 0.0, "forget_gate_bias_hack": 3.0, "nonlinearity": "relu"}
    cell = our_linen.UGRNNCell(N, hparams=hparams)
    params = jax.device_get(jax.jit(cell.init)(KEY, jnp.zeros(N), jnp.ones(N)))["params"]
    assert not params["W_x"][:, N:].any()
    assert (params["b"][N:] == 3).all()
    x = sequences()

    @jax.jit
    def both(params):
        zeros = jnp.zeros(N)
        return cell.apply({"params": params}, zeros, x), ugrnn.step(linen_to_pure(cell, params), zeros, x, jax.nn.relu)

    assert_trees_close(*both(params))


def test_equal_cells_hash_equally():
    """Fails if hparams make a cell unhashable: it could then not be a static argument of jit."""
    one, other = (our_linen.GRUCell(N, hparams={"input_scale_r": 0.5}) for _ in range(2))
    assert one == other
    assert hash(one) == hash(other)


def test_a_users_pure_cell_takes_two_lines():
    """Fails if the adapter knows the six cells by name."""

    class Mine(our_linen.PureCell):
        pure = replace(ugrnn, name="mine")

    params = pure_params(ugrnn)
    cell = Mine(N, learned_initial_state=True)
    _, ys = compiled(nn.RNN(cell, return_carry=True))({"params": {"cell": pure_to_linen(cell, params)}}, sequences(5))
    assert_trees_close(ys, run(ugrnn, params, sequences(5))[1])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: our_linen.RNNCell(0), "features is 0"),
        (lambda: our_linen.RNNCell(2, hparams={"input_scale": 1}), "'input_scale'.*input_scale_h"),
        (lambda: our_linen.GRUCell(2, hparams={"nonlinearity": "gelu"}), "is 'gelu'; allowed: tanh, relu"),
        (lambda: our_linen.RNNCell(2, learned_initial_state=True).initialize_carry(KEY, (2,)), "unbound"),
        (lambda: shapes_of_init(our_linen.RNNCell(2), jnp.ones((3, 2))), r"batch axes \(\).*\(3,\)"),
        (lambda: shapes_of_init(our_linen.IntersectionRNNCell(2), jnp.ones(3)), "n_in is 3"),
    ],
)
def test_errors_name_what_is_wrong(make, message):
    """Fails if a wrong argument passes, or its message lacks the field and the value."""
    with pytest.raises(ValueError, match=message):
        make()


def shapes_of_init(cell, x):
    return jax.eval_shape(cell.init, KEY, jnp.zeros(cell.features), x)
