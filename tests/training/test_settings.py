"""Hyperparameters are completed, checked and encoded before anything is trained."""

import numpy as np
import pytest

from capacity_jax.cells import lstm
from capacity_jax.networks import Network
from capacity_jax.tasks import per_cap
from capacity_jax.training import Bucket, fill_defaults, hyperparameters_of
from capacity_jax.training.settings import encode


@pytest.fixture
def bucket():
    return Bucket(Network(lstm, 4, 3, 1), per_cap(n_in=4, b_max=100), 8)


def test_defaults_hold_what_cell_task_and_training_read(bucket):
    """Breaks if a hyperparameter of one of the three is forgotten, and so can no longer be set."""
    known = hyperparameters_of(bucket)
    assert {"recurrent_matrix_scale_g", "forget_gate_bias_hack", "nonlinearity", "b", "optimizer"} <= known.keys()


def test_fill_defaults_keeps_what_is_given(bucket):
    """Breaks if a default overrides the user's value."""
    completed = fill_defaults(bucket, {"lr_init": 0.25, "b": 17})
    assert completed["lr_init"] == 0.25
    assert completed["b"] == 17
    assert completed.keys() == hyperparameters_of(bucket).keys()


def test_encode_depends_on_the_name_and_not_on_the_value(bucket):
    """Breaks if a whole number given for a real one changes a type, which would recompile the bucket."""
    known = hyperparameters_of(bucket)
    for hparams in ({"lr_init": 1, "optimizer": "sgd"}, {"lr_init": 0.1, "optimizer": 3}):
        encoded = encode(fill_defaults(bucket, hparams), known)
        assert encoded["lr_init"].dtype == np.float32
        assert encoded["optimizer"].dtype == np.int32
        assert encoded["b"].dtype == encoded["train_steps"].dtype == np.int32
    assert encoded["optimizer"] == 3
    assert encode(fill_defaults(bucket, {"optimizer": "sgd"}), known)["optimizer"] == 0


@pytest.mark.parametrize(
    ("hparams", "message"),
    [
        ({"lr_innit": 0.1}, "'lr_innit' is unknown; did you mean lr_init"),
        ({"optimizer": "adamw"}, "optimizer is 'adamw'; allowed: sgd, momentum, rmsprop, adam"),
        ({"lr_init": 0.0}, r"lr_init is 0\.0; it must be a number above 0"),
        ({"gradient_clip_val": -1.0}, "gradient_clip_val is -1"),
        ({"l2_decay": -1e-3}, "l2_decay is"),
        ({"train_steps": 0}, "train_steps is 0; it must be a whole number"),
        ({"b": 0}, "b is 0"),
        ({"b": 101}, "b is 101; it must be a whole number of at least 1 and of at most 100"),
    ],
)
def test_refuses_what_cannot_be_trained(bucket, hparams, message):
    """Breaks if a misspelt name or an impossible value reaches the training instead of the user."""
    with pytest.raises(ValueError, match=message):
        fill_defaults(bucket, hparams)
