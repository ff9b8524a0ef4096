"""Every modern cell against the oracle of its equations, and what is said of it: sizes, options, the parallel form."""

from functools import partial

import jax
import jax.numpy as jnp
import modern_oracle as oracle
import numpy as np
import pytest
from numpy.testing import assert_allclose

from capacity_jax.cells import cell_by_name
from capacity_jax.networks import Network

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
        if cell.scan:
            monkeypatch.setattr("capacity_jax.networks.UNROLL_UP_TO", N_STEPS - 1)
            assert_allclose(
                jax.jit(outputs_of.__wrapped__, static_argnums=0)(network, params, xs), by_steps, rtol=1e-10, atol=1e-10
            )
