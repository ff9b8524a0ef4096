"""Any pure cell as a linen and an nnx module: cells whose parameters and states are unlike those of the six."""

from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn
from flax import nnx
from three_forms import assert_trees_close, row
from unusual_cells import UNUSUAL, counting, fast_weights, nested, tied, vectors

from capacity_jax.cells import Cell, gru, lstm
from capacity_jax.flax import (
    from_linen,
    linen_cell,
    linen_to_pure,
    nnx_cell,
    nnx_to_pure,
    pure_to_linen,
    pure_to_nnx,
)
from capacity_jax.flax.wrap import Complex

KEY, N_IN, N = jax.random.key(0), 3, 4


@pytest.fixture(params=UNUSUAL)
def cell(request):
    return UNUSUAL[request.param]


def sizes(cell):
    return (N, N) if cell.square else (N_IN, N)


def random_params(cell, seed=0):
    """Parameters without a zero among them, as if learned."""
    rng = np.random.default_rng(seed)

    def draw(leaf):
        values = 0.5 * rng.normal(size=(2, *leaf.shape))
        return jnp.asarray(values[0] + 1j * values[1] if jnp.iscomplexobj(leaf) else values[0], leaf.dtype)

    return jax.tree.map(draw, jax.eval_shape(lambda: cell.init(KEY, *sizes(cell), {})))


def nnx_module(cell, **options):
    """A module of shapes alone."""
    return nnx.eval_shape(lambda: nnx_cell(cell)(*sizes(cell), rngs=nnx.Rngs(0), **options))


def sequences(cell, *shape):
    return jnp.asarray(np.random.default_rng(7).normal(size=(*shape, sizes(cell)[0])), jnp.float32)


def scanned(cell, params, xs):
    """The state after a batch of sequences, and all outputs, as a user of the pure cell computes them."""
    return jax.vmap(lambda xs: jax.lax.scan(lambda s, x: cell.step(params, s, x), cell.initial_state(params), xs))(xs)


def forms(cell):
    """Functions of the parameters, as each holds them, and of sequences; and those parameters, random ones."""
    params = random_params(cell)
    in_linen, in_nnx = linen_cell(cell)(N, learned_initial_state=True), nnx_module(cell, learned_initial_state=True)
    pure_to_nnx(in_nnx, params)
    graph, weights = nnx.split(in_nnx)

    def by_linen(variables, xs, **options):
        return nn.RNN(in_linen, return_carry=True).apply(variables, xs, **options)

    def by_nnx(weights, xs, **options):
        return nnx.RNN(nnx.merge(graph, weights), return_carry=True)(xs, **options)

    variables = {"params": {"cell": pure_to_linen(in_linen, params)}}
    return (partial(scanned, cell), by_linen, by_nnx), (params, variables, weights)


def test_three_forms_compute_the_same(cell):
    """Fails if a parameter, an initial state or a state of another kind is fed, cast or started in another way."""
    runs, params = forms(cell)
    xs = sequences(cell, 2, 5)
    expected, *found = jax.jit(lambda *params: [run(one, xs) for run, one in zip(runs, params, strict=True)])(*params)
    assert_trees_close(found, [expected] * 2)


def test_round_trips_are_exact(cell):
    """Fails if a conversion drops, renames, casts, reorders or flattens a parameter in any of the four directions."""
    params = random_params(cell)
    in_linen, in_nnx = linen_cell(cell)(N, learned_initial_state=True), nnx_module(cell, learned_initial_state=True)
    pure_to_nnx(in_nnx, linen_to_pure(in_linen, pure_to_linen(in_linen, params)))
    back = nnx_to_pure(in_nnx)
    assert jax.tree.structure(back) == jax.tree.structure(params)
    for found, expected in zip(jax.tree.leaves(back), jax.tree.leaves(params), strict=True):
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)


def test_modules_make_the_parameters_that_conversion_gives(cell):
    """Fails if a module draws other names, shapes or dtypes than the cell, or draws none."""
    module = linen_cell(cell)(N, learned_initial_state=True)

    def made():
        drawn = nn.RNN(module).init(KEY, sequences(cell, 2, 3))["params"]["cell"]
        by_nnx = nnx_cell(cell)(*sizes(cell), learned_initial_state=True, rngs=nnx.Rngs(0))
        return linen_to_pure(module, drawn), nnx_to_pure(by_nnx)

    like = jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), random_params(cell))
    for found in jax.eval_shape(made):
        assert jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), found) == like


def test_every_parameter_has_a_gradient_in_both(cell):
    """Fails if a parameter has no influence, or one that is not learned is in the module."""
    (_, by_linen, _), (params, variables, _) = forms(cell)
    xs = sequences(cell, 2, 5)
    in_nnx = nnx_module(cell, learned_initial_state=True)
    pure_to_nnx(in_nnx, params)
    graph, weights = nnx.split(nnx.RNN(in_nnx))
    not_learned = nn.RNN(linen_cell(cell)(N))
    ones = jax.tree.map(lambda leaf: np.ones(leaf.shape, leaf.dtype), jax.eval_shape(not_learned.init, KEY, xs))

    @jax.jit
    def gradients(variables, weights, ones):
        return (
            jax.grad(lambda variables: jnp.sum(by_linen(variables, xs)[1] ** 2))(variables),
            nnx.grad(lambda layer: jnp.sum(layer(xs) ** 2))(nnx.merge(graph, weights)),
            jax.grad(lambda variables: jnp.sum(not_learned.apply(variables, xs) ** 2))(ones),
        )

    of_linen, of_nnx, unless_learned = map(jax.tree.leaves, gradients(variables, weights, ones))
    assert_trees_close(of_nnx, of_linen)
    assert all(np.all(np.isfinite(leaf)) and np.any(leaf != 0) for leaf in (*of_linen, *unless_learned))


@pytest.mark.parametrize(
    ("cell", "kept"), [(vectors, {"decay", "gain"}), (nested, {"gate", "scales"}), (tied, {"W", "b"})]
)
def test_what_only_the_initial_state_reads_is_left_out_unless_learned(cell, kept):
    """Fails if a parameter's role is told by its name, or by its shape."""
    variables = jax.eval_shape(nn.RNN(linen_cell(cell)(N)).init, KEY, sequences(cell, 2, 3))
    assert variables["params"]["cell"].keys() == kept
    assert set(nnx_module(cell).held) == kept
    params = random_params(cell)
    if kept != params.keys():
        with pytest.raises(ValueError, match="is not zeros; a cell holds it only with learned_initial_state=True"):
            pure_to_linen(linen_cell(cell)(N), params)


def test_a_learned_state_starts_where_the_cell_puts_it_unless_told():
    """Fails if the identity becomes zeros, or carry_init is ignored."""
    xs = sequences(fast_weights, 2, 3)

    @jax.jit
    def starts():
        ones = {"learned_initial_state": True, "carry_init": nn.initializers.ones}
        by_linen = [linen_cell(fast_weights)(N, **options) for options in ({"learned_initial_state": True}, ones)]
        by_nnx = nnx_cell(fast_weights)(N_IN, N, learned_initial_state=True, rngs=nnx.Rngs(0))
        return [nn.RNN(one).init(KEY, xs)["params"]["cell"]["S0"] for one in by_linen], nnx_to_pure(by_nnx)["S0"]

    (start, told), of_nnx = starts()
    np.testing.assert_array_equal(start, np.eye(N_IN, N))
    np.testing.assert_array_equal(told, np.ones((N_IN, N)))
    np.testing.assert_array_equal(of_nnx, np.eye(N_IN, N))


def test_a_drawn_carry_has_the_shape_of_the_state():
    """Fails if the carry is taken for vectors, or drawn once for a whole batch."""
    drawn = nn.initializers.normal(1.0)
    S = linen_cell(fast_weights)(N, carry_init=drawn).initialize_carry(KEY, (2, N_IN))
    assert S.shape == (2, N_IN, N)
    assert len(np.unique(S)) == S.size
    S = nnx_module(fast_weights, carry_init=drawn).initialize_carry((2, N_IN), nnx.Rngs(0))
    assert S.shape == (2, N_IN, N)


def test_whole_numbers_in_the_state_stay_whole():
    """Fails if a counter is cast to the dtype of the computation, which would round it."""
    layer = nn.RNN(linen_cell(counting)(N, dtype=jnp.bfloat16), return_carry=True)
    (carry, ys), _ = layer.init_with_output(KEY, sequences(counting, 2, 5))
    assert ys.dtype == jnp.bfloat16
    assert carry["t"].dtype == jnp.int32
    np.testing.assert_array_equal(carry["t"], [5, 5])


@pytest.mark.parametrize("cell", [gru, nested])
def test_whole_numbers_as_inputs_are_values(cell):
    """Fails if one-hot symbols of whole numbers are not taken for the values they are."""
    (pure, *modules), (params, *weights) = forms(cell)

    @jax.jit
    def outputs(params, *weights):
        symbols = jnp.eye(N_IN, dtype=jnp.int32)[None]
        found = [run(one, symbols)[1] for run, one in zip(modules, weights, strict=True)]
        return pure(params, jnp.eye(N_IN)[None])[1], found

    expected, found = outputs(params, *weights)
    assert_trees_close(found, [expected] * 2)


def test_a_population_of_modules_is_a_loop(cell):
    """Fails if members mix under vmap."""
    xs, members = sequences(cell, 1, 4), [random_params(cell, seed) for seed in range(2)]
    layer = nn.RNN(linen_cell(cell)(N, learned_initial_state=True), return_carry=True)
    stacked = jax.tree.map(lambda *leaves: np.stack(leaves), *(pure_to_linen(layer.cell, one) for one in members))

    @jax.jit
    def both(stacked, members):
        together = jax.vmap(lambda params: layer.apply({"params": {"cell": params}}, xs))(stacked)
        return together, [scanned(cell, params, xs) for params in members]

    found, expected = both(stacked, members)
    for i, one in enumerate(expected):
        assert_trees_close(row(found, i), one)


def test_padding_and_reverse_in_both(cell):
    """Fails if a state of another kind is masked wrongly by Flax's wrappers."""
    (pure, *modules), (params, *weights) = forms(cell)
    xs = sequences(cell, 1, 5)

    @jax.jit
    def outputs(params, *weights):
        asked = {"seq_lengths": jnp.array([3]), "reverse": True}
        found = [run(one, xs, **asked)[1][:, :3] for run, one in zip(modules, weights, strict=True)]
        return pure(params, xs[:, :3][:, ::-1])[1], found

    expected, found = outputs(params, *weights)
    assert_trees_close(found, [expected] * 2)


def test_a_pure_cell_returns_from_flax(cell):
    """Fails if a cell made for Flax cannot be wrapped again, or computes something else then."""
    if cell is tied:
        with pytest.raises(ValueError, match="initial state of tied reads b but the module is unbound"):
            from_linen(linen_cell(cell)(1))
        return
    back, xs = replace(from_linen(linen_cell(cell)(1)), square=cell.square), sequences(cell, 1, 4)
    params = random_params(back)
    own = jax.tree.map(
        lambda leaf: leaf.real + 1j * leaf.imag if isinstance(leaf, Complex) else leaf,
        params,
        is_leaf=lambda leaf: isinstance(leaf, Complex),
    )

    @jax.jit
    def both(params, own):
        # Whatever only the initial state reads is now the initial state itself.
        ys = jax.lax.scan(partial(cell.step, own), back.initial_state(params), xs[0])[1]
        return scanned(back, params, xs)[1][0], ys

    assert_trees_close(*both(params, random_params(cell) | own["weights"]))


def test_equal_cells_are_one_class():
    """Fails if a cell converted twice would be compiled twice."""
    assert linen_cell(gru) is linen_cell(gru)
    assert nnx_cell(gru) is nnx_cell(gru)
    assert linen_cell(replace(lstm, name="my own_cell")).__name__ == "MyOwnCell"


def without_names(init):
    return Cell("bare", init, lambda params: jnp.zeros(N), lambda params, h, x: (h, h))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: linen_cell(vectors)(N, kernel_init=nn.initializers.ones), "kernel_init is given; vectors has no W_x"),
        (lambda: nnx_module(nested, bias_init=nn.initializers.ones), "bias_init is given; nested has no b or b_h"),
        (
            lambda: linen_cell(without_names(lambda key, n_in, n_hidden, hparams: (jnp.ones(n_hidden),)))(N),
            "parameters of bare are a tuple; a Flax module needs a dict",
        ),
        (
            lambda: nnx_module(without_names(lambda key, n_in, n_hidden, hparams: {"n": {"t": jnp.int32(0)}})),
            r"params\['n'\]\['t'\] of bare is int32; a Flax module trains all its parameters",
        ),
        (
            lambda: nnx_module(without_names(lambda key, n_in, n_hidden, hparams: {"dtype": jnp.ones(n_hidden)})),
            "bare has a parameter 'dtype', which is a name of nnx modules",
        ),
        (
            lambda: pure_to_linen(linen_cell(nested)(N), random_params(nested) | {"more": jnp.ones(1)}),
            "params have the shapes .*; nested of 3 inputs and 4 units has",
        ),
    ],
)
def test_errors_name_what_is_wrong(make, message):
    """Fails if a wrong argument passes, or its message lacks the field and the value."""
    with pytest.raises(ValueError, match=message):
        make()
