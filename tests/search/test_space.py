"""The space of hyperparameters: derived from the bucket, changed by the user, drawn from."""

from dataclasses import replace

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from capacity_jax.cells import Hyperparameter, irnn, lstm, rnn
from capacity_jax.networks import Network
from capacity_jax.search import expand_settings, search_space
from capacity_jax.tasks import per_cap
from capacity_jax.training import Bucket


def bucket_of(cell):
    return Bucket(Network(cell, 4, 5, 1), per_cap(n_in=4, b_max=10_000), 8)


def test_dimensions_follow_the_cell():
    """Breaks if a gate of the cell has no dimension, or a cell gets one that it does not read."""
    space = search_space(bucket_of(lstm), {})
    assert {f"input_scale_{gate}" for gate in "igco"} <= space.keys()
    assert space["forget_gate_bias_hack"] == FloatDistribution(0, 6)
    assert "b" not in space
    names = search_space(bucket_of(irnn), {}).keys()
    assert "recurrent_matrix_scale_h" in names
    assert not {"nonlinearity", "recurrent_matrix_init_type", "recurrent_bias_scale_h"} & names


def test_the_papers_ranges():
    """Breaks if a range of paper.md is mistyped."""
    space = search_space(bucket_of(lstm), {})
    assert space["recurrent_matrix_scale_g"] == FloatDistribution(0.01, 2, log=True)
    assert space["input_scale_g"] == FloatDistribution(0.001, 2, log=True)
    assert space["recurrent_bias_scale_g"] == FloatDistribution(-2, 2)
    assert space["lr_init"] == FloatDistribution(1e-4, 1e-1, log=True)
    assert space["lr_decay_rate"] == FloatDistribution(1e-3, 1, log=True)
    assert space["optimizer_logit_momentum"] == FloatDistribution(1, 7)
    assert space["gradient_clip_val"] == FloatDistribution(1, 100, log=True)
    assert space["l2_decay"] == FloatDistribution(1e-8, 1e-3, log=True)
    assert space["train_steps"] == IntDistribution(50_000, 20_000_000, log=True)
    assert space["optimizer"] == CategoricalDistribution(("sgd", "momentum", "rmsprop", "adam"))


def test_a_declared_range_is_searched_and_0_is_allowed_where_it_makes_sense():
    """Breaks if a hyperparameter of a user's cell is not searched where its author says, or cannot be fixed at 0."""
    cell = replace(rnn, hyperparameters={**rnn.hyperparameters, "leak": Hyperparameter(0.5, (0.1, 1.0)), "n_skip": 1})
    bucket = bucket_of(cell)
    space = search_space(bucket, {"n_skip": 0, "l2_decay": 0.0})
    assert space["leak"] == FloatDistribution(0.1, 1.0)
    assert space["n_skip"] == IntDistribution(0, 0)
    assert space["l2_decay"] == FloatDistribution(0.0, 0.0)


def test_changes_narrow_fix_and_add():
    """Breaks if a user's change is dropped, hits other dimensions, or loses the logarithmic scale."""
    bucket = bucket_of(lstm)
    space = search_space(
        bucket,
        {
            "lr_init": (0.001, 0.01),
            "input_scale": (0.5, 1.0),
            "input_scale_g": 0.25,
            "optimizer": ("adam",),
            "nonlinearity": "tanh",
            "b_per_parameter": (1.0, 2.0),
        },
    )
    assert space["lr_init"] == FloatDistribution(0.001, 0.01, log=True)
    assert space["input_scale_o"] == FloatDistribution(0.5, 1.0, log=True)
    assert space["input_scale_g"] == FloatDistribution(0.25, 0.25, log=True)
    assert space["optimizer"] == CategoricalDistribution(("adam",))
    assert space["nonlinearity"] == CategoricalDistribution(("tanh",))
    assert space["b"] == IntDistribution(bucket.network.n_params, 2 * bucket.network.n_params)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"lr_innit": (0.1, 1)}, "'lr_innit' is unknown; did you mean lr_init"),
        ({"optimizer": ("adamw",)}, "space.optimizer is 'adamw'; allowed: sgd"),
        ({"lr_init": (1.0, 0.1)}, r"space.lr_init is \(1.0, 0.1\)"),
        ({"lr_init": "fast"}, "space.lr_init is 'fast'"),
        ({"lr_init": (0.1, 0.2, 0.3)}, "space.lr_init is"),
        ({"lr_init": (0.0, 0.1)}, "space.lr_init is 0.0"),
        ({"lr_init": True}, "space.lr_init is True"),
        ({"train_steps": (0, 10)}, "space.train_steps is 0"),
        ({"optimizer": ()}, "space.optimizer is"),
        ({"b": (5, 20_000)}, "space.b is 20000"),
        ({"lr_init": ()}, "space.lr_init is"),
        ({"lr": 0.1}, "'lr' is unknown"),
        ({"recurrent": 1.0}, "'recurrent' is unknown"),
        ({"b_per_parameter": -1.0}, r"b_per_parameter is -1\.0"),
    ],
)
def test_refuses_changes_without_meaning(changes, message):
    """Breaks if a misspelt dimension or an empty range is searched silently."""
    with pytest.raises(ValueError, match=message):
        search_space(bucket_of(lstm), changes)


def test_expand_settings_spells_a_setting_out_for_the_bucket():
    """Breaks if b no longer follows the size, a gate is forgotten, or what a cell lacks is an error."""
    bucket = bucket_of(lstm)
    n_params = bucket.network.n_params
    assert expand_settings(bucket, {"b_per_parameter": 2.0, "lr_init": 0.1}) == {"b": 2 * n_params, "lr_init": 0.1}
    assert expand_settings(bucket, {"b_per_parameter": (1.0, 3.0)}) == {"b": [n_params, 3 * n_params]}
    scales = expand_settings(bucket, {"input_scale": 0.5, "input_scale_g": 0.1})
    assert scales == {"input_scale_i": 0.5, "input_scale_g": 0.1, "input_scale_c": 0.5, "input_scale_o": 0.5}
    assert expand_settings(bucket_of(irnn), {"nonlinearity": "tanh"}) == {}
