"""What the same labels teach when they are learned again and again."""

from pathlib import Path

import jax
import numpy as np
import pytest
from forked import run_module

from capacity_jax.cells import rnn
from capacity_jax.networks import Network
from capacity_jax.tasks import per_cap
from capacity_jax.training import Bucket
from capacity_jax.training.member import draw_member
from capacity_jax.training.settings import encode, fill_defaults, hyperparameters_of
from experiments.benchmarks.restarts import of_fixed_labels, restarts

ROOT = Path(__file__).parents[3]


def test_runs_differ_in_their_weights_and_not_in_their_labels():
    """Breaks if a restart learns other labels, or begins from the same weights."""
    bucket = Bucket(Network(rnn, 6, 3, 1), of_fixed_labels(per_cap(n_in=6, b_max=20)), 16)
    hparams = encode(fill_defaults(bucket, {}), hyperparameters_of(bucket))
    one, other = (draw_member(bucket, seed, hparams) for seed in (0, 1))
    assert all(np.array_equal(a, b) for a, b in zip(*map(jax.tree.leaves, (one.data, other.data)), strict=True))
    assert not np.array_equal(one.params["layers"][0]["W_h"], other.params["layers"][0]["W_h"])


@pytest.mark.slow
def test_one_unit_learns_what_a_linear_readout_learns():
    """Breaks if the runs are not trained to their ends, or a known capacity is missed: 33 labels always, 132 never."""
    few, many = (restarts(rnn, 1, labels / 37, 4, 20_000, 0.03) for labels in (33, 132))
    assert few["accuracy_of_best"] == 1
    assert few["best"] == pytest.approx(33 / 37)
    assert many["accuracy_of_best"] < 0.9


def test_a_number_of_no_use_is_named():
    """Breaks if labels that are no number, or a rate at which nothing is learned, give a traceback."""
    for flag, said in {"--labels_per_parameter=many": "allowed: positive numbers", "--rate=0": "lr_init"}.items():
        ended = run_module("experiments.benchmarks.restarts", flag, root=ROOT)
        assert ended.returncode != 0
        assert said in ended.stderr
        assert "Traceback" not in ended.stderr
