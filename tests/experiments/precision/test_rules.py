"""Update rules under which networks train with coarse weights, or with one group of weights alone."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from capacity_jax import Network, cell_by_name, per_cap, rnn
from capacity_jax.analysis import parameter_groups, quantize_params
from capacity_jax.training import Bucket, Trial, train_population
from experiments.paper.cells import PAPER_CELLS
from experiments.precision.rules import FORMATS, coarse_weights, group_of, one_group
from experiments.precision.variants import COMMON_GROUPS

TASK = per_cap(n_in=6, n_steps=2, b_max=60)
NETWORK = Network(rnn, TASK.n_in, 8, TASK.n_out)
SETTING = {"train_steps": 300, "b": 40, "lr_init": 0.02, "lr_decay_rate": 0.1}


def trained(rule, network=NETWORK, **hparams):
    (outcome,) = train_population(Bucket(network, TASK, 16, rule), [Trial(SETTING | hparams, seed=3)])
    return outcome


def leaves(outcome):
    return [np.asarray(leaf) for leaf in jax.tree.leaves(outcome.params)]


@pytest.mark.parametrize("bits", [1, 3])
def test_the_network_uses_few_values(bits):
    """Breaks if the network has a tensor of more than 2^bits values."""
    outcome = trained(coarse_weights, weight_bits=bits)
    for leaf in leaves(outcome):
        assert len(np.unique(leaf.round(5))) <= 2**bits


def test_exact_weights_train_by_our_own_rule():
    """Breaks if the copy changes what is trained where nothing is coarse."""
    ours, copied = trained(None), trained(coarse_weights, weight_bits=32)
    for a, b in zip(leaves(ours), leaves(copied), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-5)


def test_training_with_coarse_weights_beats_rounding_afterwards():
    """Breaks if gradients do not pass the rounding, so that the exact copy learns nothing of it."""
    exact, coarse = (trained(coarse_weights, weight_bits=bits, train_steps=1000) for bits in (32, 1))
    rounded = quantize_params(exact.params, 1)
    data = TASK.draw(jax.random.split(jax.random.key(3), 3)[1], {"b": 40}, 16)
    batch = TASK.evaluation((), data, 0, 60)
    logits = NETWORK.apply(rounded, jnp.moveaxis(batch.xs, 0, -1), n_steps=TASK.n_steps)[-1, :, 0]
    right = ((logits > 0) == (batch.targets > 0.5)) * batch.weights
    assert coarse.scores["accuracy"] > float(right.sum() / batch.weights.sum()) + 0.05


@pytest.mark.parametrize("n_format", FORMATS[1:])
def test_bfloat16_weights_are_in_bfloat16(n_format):
    """Breaks if weights keep more digits than the format has, or the one with a copy trains as the one without."""
    outcome = trained(coarse_weights, weight_format=n_format)
    for leaf in leaves(outcome):
        np.testing.assert_allclose(leaf, leaf.astype(jnp.bfloat16).astype(np.float32), rtol=1e-6, atol=1e-8)
    assert outcome.scores["accuracy"] > 0.7


@pytest.mark.parametrize("group", ["recurrent", "readout"])
def test_one_group_is_trained_and_no_other(group):
    """Breaks if a parameter outside the group moves, or the group does not."""
    start = trained(one_group, trained_group=group, train_steps=1, lr_init=1e-20)
    outcome = trained(one_group, trained_group=group)
    groups = jax.tree.leaves(parameter_groups(NETWORK, outcome.params))
    for name, before, after in zip(groups, leaves(start), leaves(outcome), strict=True):
        assert (np.abs(before - after).max() > 1e-3) == (name == group)


def test_all_groups_train_by_our_own_rule():
    """Breaks if `all` leaves a group out."""
    flat = [ravel_pytree(trained(rule).params)[0] for rule in (None, one_group)]
    np.testing.assert_allclose(*flat, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("cell", PAPER_CELLS)
def test_groups_are_those_of_the_analysis(cell):
    """Breaks if a parameter is trained with another group than the one it is quantized with."""
    network = Network(cell_by_name(cell), 4, 5, 1, depth=2)
    params = jax.eval_shape(network.init, jax.random.key(0))
    by_path = jax.tree_util.tree_map_with_path(group_of, params)
    assert by_path == parameter_groups(network, params)
    assert set(jax.tree.leaves(by_path)) == set(COMMON_GROUPS)
