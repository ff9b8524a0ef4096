"""The space of hyperparameters: derived from the bucket, changed by the user, drawn from."""

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from capacity_jax.cells import irnn, lstm
from capacity_jax.networks import Network
from capacity_jax.search import PAPER_RANGES, expanded, search_space
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
    assert PAPER_RANGES["recurrent_matrix_scale"] == FloatDistribution(0.01, 2, log=True)
    assert PAPER_RANGES["input_scale"] == FloatDistribution(0.001, 2, log=True)
    assert PAPER_RANGES["recurrent_bias_scale"] == FloatDistribution(-2, 2)
    assert PAPER_RANGES["lr_init"] == FloatDistribution(1e-4, 1e-1, log=True)
    assert PAPER_RANGES["lr_decay_rate"] == FloatDistribution(1e-3, 1, log=True)
    assert PAPER_RANGES["optimizer_logit_momentum"] == FloatDistribution(1, 7)
    assert PAPER_RANGES["gradient_clip_val"] == FloatDistribution(1, 100, log=True)
    assert PAPER_RANGES["l2_decay"] == FloatDistribution(1e-8, 1e-3, log=True)
    assert PAPER_RANGES["train_steps"] == IntDistribution(50_000, 20_000_000, log=True)
    assert PAPER_RANGES["optimizer"] == CategoricalDistribution(("sgd", "momentum", "rmsprop", "adam"))


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
        ({"lr_innit": (0.1, 1)}, "'lr_innit' is unknown here; did you mean lr_init"),
        ({"optimizer": ("adamw",)}, r"space.optimizer holds 'adamw'; allowed: sgd"),
        ({"lr_init": (1.0, 0.1)}, r"space.lr_init is \(1.0, 0.1\)"),
        ({"lr_init": "fast"}, "space.lr_init is 'fast'"),
        ({"lr_init": (0.1, 0.2, 0.3)}, "space.lr_init is"),
        ({"lr_init": ()}, "space.lr_init is"),
        ({"lr": 0.1}, "'lr' is unknown here"),
        ({"recurrent": 1.0}, "'recurrent' is unknown here"),
        ({"b_per_parameter": -1.0}, r"b_per_parameter is -1\.0"),
    ],
)
def test_refuses_changes_without_meaning(changes, message):
    """Breaks if a misspelt dimension or an empty range is searched silently."""
    with pytest.raises(ValueError, match=message):
        search_space(bucket_of(lstm), changes)


def test_expanded_spells_a_setting_out_for_the_bucket():
    """Breaks if b no longer follows the size, a gate is forgotten, or what a cell lacks is an error."""
    bucket = bucket_of(lstm)
    n_params = bucket.network.n_params
    assert expanded(bucket, {"b_per_parameter": 2.0, "lr_init": 0.1}) == {"b": 2 * n_params, "lr_init": 0.1}
    assert expanded(bucket, {"b_per_parameter": (1.0, 3.0)}) == {"b": [n_params, 3 * n_params]}
    scales = expanded(bucket, {"input_scale": 0.5, "input_scale_g": 0.1})
    assert scales == {"input_scale_i": 0.5, "input_scale_g": 0.1, "input_scale_c": 0.5, "input_scale_o": 0.5}
    assert expanded(bucket_of(irnn), {"nonlinearity": "tanh"}) == {}
