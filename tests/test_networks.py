"""Networks against a plain loop over the cell's steps, and their size against formulas derived by hand."""

from dataclasses import replace
from operator import itemgetter

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from random_params import random_params

from capacity_jax.cells import Cell, cell_by_name, linear
from capacity_jax.networks import UNROLL_UP_TO, Network, units_for_budget

pytestmark = pytest.mark.usefixtures("exact_products")

N_IN, N, N_OUT = 3, 4, 2
GATES = {"rnn": 1, "irnn": 1, "ugrnn": 2, "gru": 3, "lstm": 4, "intersection": 4, "gru_reset_after": 3}
# Vectors besides: initial states, and the GRU's bias inside the reset.
VECTORS = {"rnn": 1, "irnn": 1, "ugrnn": 1, "gru": 1, "lstm": 2, "intersection": 1, "gru_reset_after": 2}


def count(name, n_in, n, n_out, depth):
    """Each gate of a layer: two matrices and ONE bias; each layer: its other vectors; then the readout."""

    def layer(inputs):
        return GATES[name] * (n * n + inputs * n + n) + VECTORS[name] * n

    readout = n * n_out + n_out
    if name == "intersection":
        return n_in * n + depth * layer(n) + readout
    return layer(n_in) + (depth - 1) * layer(n) + readout


@pytest.mark.parametrize("depth", [1, 2, 4])
@pytest.mark.parametrize("name", GATES)
def test_n_params_counts_everything_that_is_trained(name, depth):
    """Breaks if an initial state, a bias, the readout or the projection is left out, or a bias doubled."""
    network = Network(cell_by_name(name), N_IN, N, N_OUT, depth)
    assert network.n_params == count(name, N_IN, N, N_OUT, depth)
    params = jax.eval_shape(network.init, jax.random.key(0))
    assert all(jnp.issubdtype(leaf.dtype, jnp.floating) for leaf in jax.tree.leaves(params))
    assert sum(np.prod(leaf.shape) for leaf in jax.tree.leaves(params)) == network.n_params


def test_the_published_lstm_has_as_many_parameters_as_its_authors_counted():
    """Breaks if no width has the published 1,268,217 parameters, of depth 4 on the 27 symbols of text8."""
    n = units_for_budget(1_268_217, cell_by_name("lstm"), 27, 27, 4)
    assert Network(cell_by_name("lstm"), 27, n, 27, 4).n_params == 1_268_217


@pytest.mark.parametrize(("name", "depth"), [("rnn", 1), ("lstm", 2), ("intersection", 2)])
def test_units_for_budget_is_the_largest_width_that_fits(name, depth):
    """Breaks if the search stops a unit short or over, at any budget of few units or at a large one."""
    exact = [count(name, N_IN, n, N_OUT, depth) for n in (1, 2, 3, 4, 37)]
    few = range(exact[0], exact[3], 7)
    for budget in [*few, *(budget + off for budget in exact[1:] for off in (-1, 0, 1)), 123_456]:
        n = units_for_budget(budget, cell_by_name(name), N_IN, N_OUT, depth)
        assert count(name, N_IN, n, N_OUT, depth) <= budget < count(name, N_IN, n + 1, N_OUT, depth)


@pytest.mark.parametrize("name", GATES)
def test_a_budget_below_one_unit_is_an_error_that_states_the_minimum(name):
    """Breaks if too small a budget buys a network, or the message does not say what one costs."""
    least = count(name, N_IN, 1, N_OUT, 2)
    with pytest.raises(ValueError, match=rf"^max_params is {least - 1}; .* {least} parameters"):
        units_for_budget(least - 1, cell_by_name(name), N_IN, N_OUT, 2)
    assert units_for_budget(least, cell_by_name(name), N_IN, N_OUT, 2) == 1


@pytest.mark.parametrize("wrong", [0, -1, 2.0, True, "3", None], ids=repr)
@pytest.mark.parametrize("field", ["n_in", "n_hidden", "n_out", "depth", "max_params"])
def test_a_size_that_is_no_size_is_an_error_that_names_the_field(field, wrong):
    """Breaks if a wrong size is accepted, rounded, or fails far from where it was given."""
    sizes = {"n_in": N_IN, "n_hidden": N, "n_out": N_OUT, "depth": 1}
    build = units_for_budget if field == "max_params" else Network
    if field == "max_params":
        del sizes["n_hidden"]
    with pytest.raises(ValueError, match=f"^{field} is {wrong!r}; it must be a whole number of at least 1$"):
        build(cell=cell_by_name("rnn"), **{**sizes, field: wrong})


def network_and_params(name, depth=1):
    """A network and params as if learned: no bias and no initial state is zero."""
    network = Network(cell_by_name(name), N_IN, N, N_OUT, depth)
    return network, random_params(network.init, seed=depth)


def sequence(*shape):
    return np.random.default_rng(0).normal(size=(*shape, N_IN)).astype(np.float32)


def plain_loop(network, params, xs, n_steps, *nonlinearity):
    """All outputs of a loop over steps and layers, on the input followed by zeros."""

    def step(states, x):
        y, states = x @ params["projection"] if network.cell.square else x, list(states)
        for k, layer in enumerate(params["layers"]):
            states[k], y = network.cell.step(layer, states[k], y, *nonlinearity)
        return states, y @ params["readout"]["W"] + params["readout"]["b"]

    start = [network.cell.initial_state(layer) for layer in params["layers"]]
    return jax.lax.scan(step, start, jnp.concatenate([xs, jnp.zeros((n_steps - len(xs), N_IN))]))[1]


SHORT, LONG = UNROLL_UP_TO, UNROLL_UP_TO + 1


@pytest.mark.parametrize(
    ("depth", "n_heard", "n_steps", "n_reads"),
    [*((depth, *asked) for depth in (1, 2) for asked in ((1, 5, 1), (4, LONG, 7))), (2, 0, 2, 2)],
)
@pytest.mark.parametrize("name", GATES)
def test_apply_is_a_loop_over_the_steps_of_the_cell(name, depth, n_heard, n_steps, n_reads):
    """Breaks if layers share a state, the wrong output goes up, a square cell hears no projection, or examples mix.

    A single sequence, and a batch of them on a trailing axis.
    """
    network, params = network_and_params(name, depth)
    batch = sequence(5, n_heard)

    @jax.jit
    def computed():
        asked = {"n_steps": n_steps, "n_reads": n_reads}
        one_by_one = jax.lax.map(lambda xs: plain_loop(network, params, xs, n_steps), batch)[:, -n_reads:]
        alone = network.apply(params, batch[0], **asked)
        return one_by_one, alone, network.apply(params, np.moveaxis(batch, 0, -1), **asked)

    one_by_one, alone, together = computed()
    assert together.shape == (n_reads, 5, N_OUT)
    assert_allclose(alone, one_by_one[0], rtol=1e-5, atol=1e-5)
    assert_allclose(np.moveaxis(together, 1, 0), one_by_one, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("n_heard", "n_steps", "n_reads"),
    [
        (1, 1, 1),
        (1, 2, None),
        (3, None, None),
        (3, None, 2),
        (0, 3, 2),
        (2, SHORT, 10),
        (2, SHORT, 11),
        (SHORT, SHORT, None),
        (1, LONG, 1),
        (5, LONG, None),
        (5, LONG + 7, LONG + 2),
        (LONG, None, 1),
    ],
)
def test_apply_hears_and_reads_at_the_asked_steps(n_heard, n_steps, n_reads):
    """Breaks if a boundary between heard, silent, unread and read steps moves by one, unrolled or not."""
    network, params = network_and_params("rnn", 2)
    xs = sequence(n_heard)
    ys, every = jax.jit(
        lambda: (
            network.apply(params, xs, n_steps=n_steps, n_reads=n_reads),
            plain_loop(network, params, xs, n_steps or n_heard),
        )
    )()
    expected = every[-(n_reads or 0) :]
    assert ys.shape == expected.shape
    assert_allclose(ys, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ["rnn", "ugrnn", "gru", "lstm"])
def test_apply_passes_the_chosen_nonlinearity_to_every_layer(name):
    """Breaks if a layer stays with tanh, or an index means another word."""
    network, params = network_and_params(name, 2)
    xs = sequence(3)
    expected, *found = jax.jit(
        lambda: (
            plain_loop(network, params, xs, 3, jax.nn.relu),
            *(network.apply(params, xs, {"nonlinearity": choice}) for choice in ("relu", 1)),
        )
    )()
    for ys in found:
        assert_allclose(ys, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("wrong", ["sigmoid", 2])
def test_a_wrong_nonlinearity_is_an_error_that_names_the_allowed(wrong):
    """Breaks if a network runs with a nonlinearity it does not know, as tanh say."""
    network, params = network_and_params("rnn")
    with pytest.raises(ValueError, match=f"^nonlinearity is {wrong!r}; allowed: tanh, relu$"):
        network.apply(params, sequence(3), {"nonlinearity": wrong})


def decayed_sum(batch_last):
    """h' = a·h + W x as a cell that offers its scan, by `lax.associative_scan`; y = s(h)."""

    def init(key, n_in, n_hidden, hparams):
        return {
            "W": jax.random.normal(key, (n_in, n_hidden)),
            "a": jnp.linspace(0.2, 0.9, n_hidden),
            "h0": jnp.ones(n_hidden),
        }

    def step(params, h, x, nonlinearity=jnp.tanh):
        h = params["a"] * h + linear(params["W"], x)
        return h, nonlinearity(h)

    def scan(params, h, xs, nonlinearity=jnp.tanh):
        heard = jax.vmap(lambda x: linear(params["W"], x))(xs)
        heard = heard.at[0].add(params["a"] * h)
        decays = jnp.broadcast_to(params["a"], heard.shape)
        return nonlinearity(
            jax.lax.associative_scan(lambda p, q: (p[0] * q[0], q[0] * p[1] + q[1]), (decays, heard))[1]
        )

    return Cell("decayed", init, itemgetter("h0"), step, {"nonlinearity": "tanh"}, batch_last=batch_last, scan=scan)


@pytest.mark.parametrize("batch_last", [False, True])
@pytest.mark.parametrize(("n_heard", "n_steps", "n_reads"), [(1, LONG, 1), (4, LONG, 7), (0, LONG, 2)])
def test_a_cell_with_a_scan_runs_layer_by_layer_and_equals_its_steps(n_heard, n_steps, n_reads, batch_last):
    """Breaks if the parallel form of a cell is left aside, or hears, reads or ends other than the steps do."""

    def impossible(params, state, x, nonlinearity=None):
        raise AssertionError

    cell = decayed_sum(batch_last)
    by_scan = Network(replace(cell, step=impossible), N_IN, N, N_OUT, depth=2)
    by_steps = Network(replace(cell, scan=None), N_IN, N, N_OUT, depth=2)
    params = by_scan.init(jax.random.key(0))
    asked = {"hparams": {"nonlinearity": "relu"}, "n_steps": n_steps, "n_reads": n_reads}
    given = sequence(n_heard), np.moveaxis(sequence(5, n_heard), 0, -1)
    by = jax.jit(lambda: [[network.apply(params, xs, **asked) for network in (by_scan, by_steps)] for xs in given])()
    for found, expected in by:
        assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("batch_last", [False, True])
@pytest.mark.parametrize(("n_heard", "n_steps", "n_reads"), [(1, SHORT, 1), (3, SHORT, 7), (0, 3, 2), (1, 1, 1)])
def test_a_cell_with_a_short_scan_runs_short_sequences_by_it(n_heard, n_steps, n_reads, batch_last):
    """Breaks if it is left aside, hears or reads other than the steps do, or is taken for a long sequence."""

    def short_scan(params, h, xs, nonlinearity):
        ys = []
        for x in xs:
            h, y = cell.step(params, h, x, nonlinearity)
            ys.append(y)
        return ys

    def impossible(*_):
        raise AssertionError

    cell = replace(decayed_sum(batch_last), scan=None)
    short = Network(replace(cell, step=impossible, short_scan=short_scan), N_IN, N, N_OUT, depth=2)
    by_steps = Network(cell, N_IN, N, N_OUT, depth=2)
    params = short.init(jax.random.key(0))
    asked = {"hparams": {"nonlinearity": "relu"}, "n_steps": n_steps, "n_reads": n_reads}
    given = sequence(n_heard), np.moveaxis(sequence(5, n_heard), 0, -1)
    by = jax.jit(lambda: [[network.apply(params, xs, **asked) for network in (short, by_steps)] for xs in given])()
    for found, expected in by:
        assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
    with pytest.raises(AssertionError):
        short.apply(params, sequence(n_heard), **asked | {"n_steps": LONG})


def test_weights_decay_and_biases_and_states_do_not():
    """Breaks if L2 decay misses readout or projection, or reaches a bias."""
    network, params = network_and_params("intersection", 2)
    layer = {"W_x": True, "W_h": True, "b": False, "h0": False}
    assert network.decayed(params) == {"layers": [layer] * 2, "readout": {"W": True, "b": False}, "projection": True}


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"n_steps": 2}, "^n_steps is 2 and n_reads 2; allowed: n_steps of at least 3, the length of xs"),
        ({"n_steps": 5, "n_reads": 6}, "^n_steps is 5 and n_reads 6; allowed: .* 1 to n_steps reads$"),
        ({"n_reads": 4}, "^n_steps is 3 and n_reads 4; allowed: .* 1 to n_steps reads$"),
        ({"n_reads": 0}, "^n_reads is 0; it must be a whole number"),
        ({"n_reads": -1}, "^n_reads is -1; it must be a whole number"),
        ({"n_reads": 1.5}, "^n_reads is 1.5; it must be a whole number"),
        ({"n_steps": 5.0}, "^n_steps is 5.0; it must be a whole number"),
        ({"n_steps": "5"}, "^n_steps is '5'; it must be a whole number"),
    ],
)
def test_steps_and_reads_that_do_not_fit_are_errors(asked, message):
    """Breaks if inputs are cut off in silence, or more or fewer outputs come back than were asked for."""
    network, params = network_and_params("rnn")
    with pytest.raises(ValueError, match=message):
        network.apply(params, sequence(3), **asked)


@pytest.mark.parametrize("name", GATES)
def test_a_batch_is_its_examples_and_a_population_its_members(name):
    """Breaks if examples or members mix under vmap."""
    network, params = network_and_params(name, 2)
    members = jax.tree.map(lambda leaf: np.stack([leaf, 0.5 * leaf]), params)
    batch = sequence(3, 2)  # three examples of two steps

    @jax.jit
    def computed():
        of_batch = jax.vmap(lambda params, xs: network.apply(params, xs, n_steps=5, n_reads=2), (None, 0))
        one_by_one = jax.lax.map(
            lambda params: jax.lax.map(lambda xs: plain_loop(network, params, xs, 5)[-2:], batch), members
        )
        return jax.vmap(of_batch, (0, None))(members, batch), one_by_one

    together, one_by_one = computed()
    assert together.shape == (2, 3, 2, N_OUT)
    assert_allclose(together, one_by_one, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ["lstm", "intersection"])
def test_init_draws_each_part_anew_and_all_layers_obey_the_hyperparameters(name):
    """Breaks if layers share a draw or miss their hyperparameters, or readout or projection is mis-scaled."""
    network = Network(cell_by_name(name), 30, 40, 50, 2)
    gate = {"lstm": "c", "intersection": "gy"}[name]
    params = jax.tree.map(np.asarray, jax.jit(network.init)(jax.random.key(0), {f"input_scale_{gate}": 0.0}))
    layers, k = params["layers"], 2
    for layer in layers:
        assert_array_equal(layer["W_x"][:, k * 40 : (k + 1) * 40], 0)
    for i, layer in enumerate(layers):
        assert not any(np.allclose(layer["W_h"], other["W_h"]) for other in layers[:i])
    assert_array_equal(params["readout"]["b"], np.zeros(50))
    drawn = {"readout": (params["readout"]["W"], (40, 50))}
    if name == "intersection":
        drawn["projection"] = (params["projection"], (30, 40))
    for W, shape in drawn.values():
        assert W.shape == shape
        assert_allclose(shape[0] * np.var(W), 1, atol=5 * np.sqrt(2 / W.size))
