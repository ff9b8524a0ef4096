"""Every modern cell against the oracle of its equations, and what is said of it: sizes, options, the parallel form."""

from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import modern_oracle as oracle
import numpy as np
import pytest
from numpy.testing import assert_allclose
from random_params import random_params

from capacity_jax.cells import Cell, block, cell_by_name, deltanet
from capacity_jax.networks import UNROLL_UP_TO, Network, units_for_budget

pytestmark = pytest.mark.usefixtures("exact_products")

M, N, N_HEARD, N_STEPS = 3, 4, 2, 3

# Names, and their oracles under the same options.
ORACLES = {
    "esn": oracle.esn,
    "lru": oracle.lru,
    "lru(n_state=3)": oracle.lru,
    "integrator": oracle.integrator,
    "mgu": oracle.mgu,
    "mingru": oracle.mingru,
    "minlstm": oracle.minlstm,
    "sru": oracle.sru,
    "rglru": oracle.rglru,
    "rglru(blocks=2)": partial(oracle.rglru, blocks=2),
    "slstm(heads=2)": partial(oracle.slstm, heads_=2),
    "slstm(forget='exp')": partial(oracle.slstm, forget="exp"),
    "linear_attention(heads=2)": partial(oracle.linear_attention, H=2),
    "retnet(heads=2)": partial(oracle.retnet, H=2),
    "gla(heads=2, rank=3)": partial(oracle.gla, H=2),
    "hgrn2(heads=2)": partial(oracle.hgrn2, H=2),
    "mlstm(heads=2)": partial(oracle.mlstm, H=2),
    "mlstm(forget='exp')": partial(oracle.mlstm, forget="exp"),
    "deltanet(heads=2)": partial(oracle.deltanet, H=2),
    "deltanet(largest_beta=2)": partial(oracle.deltanet, largest_β=2),
    "gated_deltanet(heads=2)": partial(oracle.gated_deltanet, H=2),
    "deltaproduct(heads=2, updates=3)": partial(oracle.deltaproduct, H=2, updates=3),
    "rwkv7(heads=2)": partial(oracle.rwkv7, H=2),
    "s5(n_state=3)": oracle.s5,
    "mamba(n_state=3, rank=2)": partial(oracle.mamba, N=3, R=2),
    "mamba2(heads=2, n_state=3)": partial(oracle.mamba2, H=2, N=3),
    "ttt(heads=2)": partial(oracle.ttt, H=2),
    "block(mingru)": partial(oracle.block, mixer=oracle.mingru),
    "block(deltanet(heads=2), expansion=2)": partial(oracle.block, mixer=partial(oracle.deltanet, H=2)),
}


def learned(network, seed=0):
    """Parameters as if learned, in float64: nothing is zero or equal."""
    rng = np.random.default_rng(seed)
    drawn = jax.eval_shape(network.init, jax.random.key(0))
    return jax.tree.map(lambda leaf: 0.7 * rng.standard_normal(leaf.shape), drawn)


@partial(jax.jit, static_argnums=0)
def outputs_of(network, params, xs):
    """The outputs of all steps of two examples on a trailing axis."""
    return network.apply(params, xs, n_steps=N_STEPS)


@pytest.mark.parametrize("name", ORACLES)
def test_cell_follows_its_equations_in_64_bits_as_does_its_parallel_form(name, monkeypatch):
    """Breaks if a term, a sign, an order of heads or a power is off, if examples mix, or silence is heard otherwise."""
    cell, rng = cell_by_name(name), np.random.default_rng(1)
    network = Network(cell, M, N, n_out=2)
    params = learned(network)
    xs = rng.standard_normal((N_HEARD, M, 2))
    of_examples = []
    for x in np.moveaxis(np.concatenate([xs, np.zeros((N_STEPS - N_HEARD, M, 2))]), -1, 0):
        heard = x @ params["projection"] if cell.square and not cell.input_bias else x
        heard = oracle.affine_rows(params["projection"], x) if cell.input_bias else heard
        of_examples.append(oracle.affine_rows(params["readout"], ORACLES[name](params["layers"][0], heard)))
    with jax.enable_x64(True):
        by_steps = outputs_of(network, params, xs)
        assert by_steps.dtype == jnp.float64
        assert_allclose(by_steps, np.stack(of_examples, 1), rtol=1e-10, atol=1e-10)
        if cell.short_scan:
            one_by_one = replace(network, cell=replace(cell, short_scan=None))
            assert_allclose(outputs_of(one_by_one, params, xs), by_steps, rtol=1e-10, atol=1e-10)
        if cell.scan:
            monkeypatch.setattr("capacity_jax.networks.UNROLL_UP_TO", N_STEPS - 1)
            assert_allclose(
                jax.jit(outputs_of.__wrapped__, static_argnums=0)(network, params, xs), by_steps, rtol=1e-10, atol=1e-10
            )


@pytest.mark.parametrize("name", [name for name in ORACLES if cell_by_name(name).scan])
def test_a_parallel_form_takes_a_batch_of_long_sequences(name):
    """Breaks if what it writes has other axes with a batch than without, which a few steps do not show."""
    network = Network(cell_by_name(name), M, N, n_out=2)
    params = jax.eval_shape(lambda: network.init(jax.random.key(0)))
    xs = jax.ShapeDtypeStruct((UNROLL_UP_TO + 2, M, 3), jnp.float32)
    assert jax.eval_shape(network.apply, params, xs).shape == (UNROLL_UP_TO + 2, 3, 2)


# Core parameters of m inputs and n units, which the table of modern_cells tells: every projection has a bias.
COUNTS = {
    "esn": lambda m, n: 0,
    "integrator": lambda m, n: 0,
    "lru": lambda m, n: 3 * n + 2 * n * (m + n) + n * m,
    "lru(n_state=3)": lambda m, n: 3 * 3 + 2 * 3 * (m + n) + n * m,
    "mgu": lambda m, n: 2 * n * (m + n + 1),
    "mingru": lambda m, n: 2 * n * (m + 1),
    "minlstm": lambda m, n: 3 * n * (m + 1),
    "sru": lambda m, n: 3 * n * m + 4 * n + (n * m if m != n else 0),
    "rglru": lambda m, n: n * (m + 1) + 2 * n * (n + 1) + n,
    "rglru(blocks=2)": lambda m, n: n * (m + 1) + 2 * n * (n // 2 + 1) + n,
    "slstm": lambda m, n: 4 * n * (m + n + 1),
    "slstm(heads=2)": lambda m, n: 4 * n * (m + n // 2 + 1),
    "linear_attention": lambda m, n: 3 * n * (m + 1),
    "retnet(heads=2)": lambda m, n: 3 * n * (m + 1),
    "gla(rank=3)": lambda m, n: 3 * n * (m + 1) + 3 * (m + n) + n,
    "hgrn2": lambda m, n: 3 * n * (m + 1),
    "mlstm(heads=2)": lambda m, n: 3 * n * (m + 1) + 2 * 2 * (m + 1),
    "deltanet(heads=2)": lambda m, n: 3 * n * (m + 1) + 2 * (m + 1),
    "gated_deltanet(heads=2)": lambda m, n: 3 * n * (m + 1) + 2 * 2 * (m + 1) + 2,
    "deltaproduct(heads=2, updates=3)": lambda m, n: 7 * n * (m + 1) + 3 * 2 * (m + 1),
    "rwkv7(rank=3)": lambda m, n: 3 * n * (m + 1) + 2 * (3 * (m + n) + n) + 3 * n,
    "s5": lambda m, n: 3 * n + 2 * n * 2 * n + n,
    "mamba(n_state=3, rank=2)": lambda m, n: n * (m + 1) + n * (2 * 2 + 3 * 3 + 2),
    "mamba2(heads=2, n_state=3)": lambda m, n: (m + 1) * (n + 2 * 3 + 2) + 2 * 2,
    "ttt(heads=2)": lambda m, n: 3 * n * (m + 1) + 2 * (m + 1) + n * (n // 2) + 3 * n,
}


@pytest.mark.parametrize("name", COUNTS)
def test_trained_parameters_are_as_many_as_the_formula_says(name):
    """Breaks if a bias, a head's gate or a vector is left out or doubled, or what is frozen counts."""
    cell, n = cell_by_name(name), 6
    projection = 5 * n if cell.square else 0
    assert Network(cell, 5, n, n_out=2).n_params == projection + COUNTS[name](5, n) + 2 * (n + 1)


@pytest.mark.parametrize(("name", "expansion"), [("gru", 1), ("integrator", 2), ("deltanet(heads=2)", 1)])
def test_a_block_has_one_embedding_and_in_each_layer_a_mixer_and_four_matrices(name, expansion):
    """Breaks if blocks of other cells have another skeleton, or each its own embedding."""
    mixer, m, n, depth = cell_by_name(name), 5, 6, 2
    layer = (
        (Network(mixer, n, n, 1).n_params - (n + 1) - (n * n if mixer.square else 0)) + n * n + 3 * n * n * expansion
    )
    network = Network(block(mixer, expansion=expansion), m, n, n_out=2, depth=depth)
    assert network.n_params == n * (m + 1) + depth * layer + 2 * (n + 1)
    decayed = network.decayed(jax.eval_shape(network.init, jax.random.key(0)))
    assert decayed["projection"] == {"W": True, "b": False}
    assert all(decayed["layers"][0][name] for name in ("W_o", "W_gate", "W_up", "W_down"))


@pytest.mark.parametrize("name", ["block(gru)", "block(deltanet(heads=2), expansion=2)", "mlstm(forget='exp')", "lru"])
def test_a_cell_is_found_by_the_name_that_tells_its_options(name):
    """Breaks if a table's name does not give its cell back, or as another object, which would be compiled again."""
    assert cell_by_name(name).name == name
    assert cell_by_name(name) is cell_by_name(name.replace(" ", ""))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("deltanet(head=4)", "^option of deltanet 'head' is unknown; did you mean heads"),
        ("deltanet(heads=0)", "^heads is 0; it must be a whole number of at least 1"),
        ("mlstm(forget='tanh')", "^forget 'tanh' is unknown; allowed: sigmoid, exp"),
        ("dletanet(heads=4)", "^cell with options 'dletanet' is unknown; did you mean deltanet"),
        ("block(dletanet)", "^cell 'dletanet' is unknown; did you mean deltanet"),
        ("gru(heads=4)", "^cell with options 'gru' is unknown; "),
        ("deltanet(heads=n)", "^options of 'deltanet.heads=n.'"),
        ("block(", "^cell 'block.' is unknown"),
    ],
)
def test_a_wrong_option_is_an_error_that_names_it(name, message):
    """Breaks if a misspelt cell or option is passed over, or ends in a message about something else."""
    with pytest.raises(ValueError, match=message):
        cell_by_name(name)


def test_units_come_in_multiples_of_the_heads():
    """Breaks if a budget buys a width that the heads do not divide, or less than it pays for."""
    cell = cell_by_name("block(deltanet(heads=4))")
    units = units_for_budget(3000, cell, 5, 2)
    assert units % 4 == 0
    assert Network(cell, 5, units, 2).n_params <= 3000 < Network(cell, 5, units + 4, 2).n_params
    with pytest.raises(ValueError, match=r"^n_hidden is 6; block\(deltanet\(heads=4\)\) needs a multiple of 4$"):
        Network(cell, 5, 6, 2)
    with pytest.raises(ValueError, match=r"the smallest .* has 178 parameters"):
        units_for_budget(100, cell, 5, 2)


def test_what_is_frozen_gets_no_gradient_and_no_decay():
    """Breaks if an echo state network's reservoir is trained, or its readout is not."""
    network = Network(cell_by_name("esn"), M, N, n_out=1)
    params = random_params(network.init)
    gradients = jax.jit(jax.grad(lambda params: jnp.sum(network.apply(params, jnp.ones((2, M))))))(params)
    gradients = jax.device_get(gradients)
    assert not any(np.any(leaf) for leaf in jax.tree.leaves(gradients["layers"]))
    assert all(np.all(leaf != 0) for leaf in jax.tree.leaves(gradients["readout"]))
    assert not any(jax.tree.leaves(network.decayed(params)["layers"]))
    assert network.n_params == N + 1


def strangers_cell(heads=2):
    """A DeltaNet as somebody else would write it: of one example, with einsum, and nothing of ours but `Cell`."""

    def init(key, n_in, n_hidden, hparams):
        return deltanet(heads=heads).init(key, n_in, n_hidden, hparams)

    def initial_state(params):
        d = len(params["v"]["b"]) // heads
        return jnp.zeros((heads, d, d))

    def step(params, S, x):
        q, k, v = (
            jax.nn.silu(x @ params[name]["W"] + params[name]["b"]).reshape(heads, -1) for name in ("q", "k", "v")
        )
        q, k = (a / jnp.sqrt(jnp.sum(a**2, 1, keepdims=True) + 1e-6) for a in (q, k))
        beta = jax.nn.sigmoid(x @ params["beta"]["W"] + params["beta"]["b"])
        error = v - jnp.einsum("hkv,hk->hv", S, k)
        S = S + jnp.einsum("h,hk,hv->hkv", beta, k, error)
        return S, jnp.einsum("hkv,hk->hv", S, q).reshape(-1) / jnp.sqrt(q.shape[1])

    return Cell("stranger", init, initial_state, step, {"input_scale": 1.0, "bias_scale": 1.0})


def test_a_strangers_matrix_state_computes_and_learns_as_ours():
    """Breaks if a state that is a matrix works only for cells that take a batch on the trailing axis."""
    xs = jnp.asarray(np.random.default_rng(0).standard_normal((2, M, 5)), jnp.float32)
    networks = [Network(cell, M, N, n_out=1, depth=2) for cell in (strangers_cell(), deltanet(heads=2))]

    @jax.jit
    def losses_and_gradients(params):
        def loss(params, network):
            return jnp.sum(network.apply(params, xs, n_steps=3, n_reads=1) ** 2)

        return [jax.value_and_grad(loss)(params, network) for network in networks]

    results = losses_and_gradients(random_params(networks[0].init))
    jax.tree.map(lambda a, b: assert_allclose(a, b, rtol=1e-4, atol=1e-6), *results)


def test_a_closed_gate_has_a_gradient():
    """Breaks if the RG-LRU's training ends in NaN as soon as a gate is so far closed that 1 − a² is 0."""
    cell = cell_by_name("rglru")

    @jax.jit
    def gradient_of():
        params = cell.init(jax.random.key(0), M, N, {})
        params["r"]["b"] -= 200.0
        return jax.grad(lambda params: cell.step(params, cell.initial_state(params), jnp.ones(M))[1].sum())(params)

    gradient = gradient_of()
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(gradient))
