"""Variants of trained networks: unchanged ones answer as before, and states are changed where they are handed on."""

from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from random_params import random_params

from capacity_jax import Network, gru, intersection, irnn, load_network, lstm, measure_capacity, rnn, ugrnn
from capacity_jax.analysis import (
    GROUPS,
    add_noise,
    change_states,
    outputs_of_variants,
    parameter_groups,
    quantize_params,
)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    workdir = tmp_path_factory.mktemp("kept")
    settings = {"trials": 0, "train_steps": 300, "seeds": 1, "batch_size": 16, "budgets": (120,)}
    capacity = measure_capacity("rnn", workdir=workdir, **settings)
    return load_network(workdir, capacity.records[0].study)


def quantized(network, params, bits):
    return network, quantize_params(params, bits)


def test_many_bits_change_nothing_and_variants_are_those_asked_for(trained):
    """Breaks if outputs belong to other examples or variants, or quantization is applied twice or not at all."""
    xs = trained.examples().xs
    found = outputs_of_variants(trained, quantized, jnp.array([2, 16]))
    np.testing.assert_allclose(found[1], trained(xs), atol=5e-3)
    coarse = replace(trained, params=quantize_params(trained.params, 2))
    np.testing.assert_allclose(found[0], coarse(xs), atol=1e-3)


@pytest.mark.parametrize("cell", [rnn, irnn, ugrnn, gru, lstm, intersection], ids=lambda cell: cell.name)
def test_states_that_are_handed_on_unchanged_change_nothing(cell):
    """Breaks if a changed cell loses its state, its output or its nonlinearity on the way, at any depth."""
    network = Network(cell, 3, 4, 2, depth=2)
    params, xs = random_params(network.init), np.random.default_rng(1).normal(size=(2, 3, 5)).astype(np.float32)
    same = change_states(network, jax.random.key(2), lambda values, key: values)
    both = jax.jit(lambda: [each.apply(params, xs, n_steps=4) for each in (network, same)])()
    np.testing.assert_allclose(*both, atol=1e-6)


def test_states_are_changed_at_every_step_and_between():
    """Breaks if only the last state, or only what the readout reads, is changed: h' = h + x then doubles each time."""
    network = Network(irnn, 2, 2, 2)
    eye = jnp.eye(2)
    layer = {"h0": jnp.ones(2), "W_h": eye, "W_x": eye, "b": jnp.zeros(2)}
    params = {"layers": [layer], "readout": {"W": eye, "b": jnp.zeros(2)}}
    twice = change_states(network, jax.random.key(0), lambda values, key: 2 * values)
    outputs = jax.jit(lambda: twice.apply(params, jnp.ones((1, 2, 1)), n_steps=3))()
    np.testing.assert_allclose(outputs[:, 0, 0], [4, 8, 16])


def test_noise_is_drawn_anew_at_every_step():
    """Breaks if all steps, or state and output, get the same noise."""
    network = Network(rnn, 1, 1, 1)
    ones = {"h0": jnp.zeros(1), "W_h": jnp.zeros((1, 1)), "W_x": jnp.ones((1, 1)), "b": jnp.zeros(1)}
    params = {"layers": [ones], "readout": {"W": jnp.ones((1, 1)), "b": jnp.zeros(1)}}
    xs = np.broadcast_to(np.random.default_rng(0).normal(size=(1, 1, 4000)), (3, 1, 4000)).astype(np.float32)
    noisy = change_states(network, jax.random.key(1), partial(add_noise, snr=1.0, axis=1))
    noise = jax.jit(lambda: noisy.apply(params, xs) - network.apply(params, xs))()[:, :, 0]
    assert np.all(np.abs(np.corrcoef(noise) - np.eye(3)) < 0.08)


def test_a_cell_without_batches_is_refused():
    """Breaks if states of single examples pass for those of a batch."""
    cell = replace(rnn, batch_last=False)
    with pytest.raises(ValueError, match=r"cell is rnn; allowed: one that takes batches"):
        change_states(Network(cell, 4, 4, 1), jax.random.key(0), lambda values, key: values)


@pytest.mark.parametrize("cell", [rnn, irnn, ugrnn, gru, lstm, intersection], ids=lambda cell: cell.name)
def test_every_parameter_has_a_group(cell):
    """Breaks if a parameter of the paper's cells is in no group, or a bias passes for an initial state."""
    network = Network(cell, 3, 4, 1)
    params = random_params(network.init)
    groups = jax.tree.leaves(parameter_groups(network, params))
    assert set(groups) == set(GROUPS) - {"other"}
    of_state = [
        leaf.size for leaf, group in zip(jax.tree.leaves(params), groups, strict=True) if group == "initial state"
    ]
    assert sum(of_state) == cell.state_size(4)
