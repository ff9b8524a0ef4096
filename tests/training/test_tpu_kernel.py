"""The kernel for narrow members against the plain path, interpreted on a CPU."""

from dataclasses import replace

import jax
import numpy as np
import pytest

from capacity_jax.cells import CELLS, gru, rnn
from capacity_jax.networks import Network
from capacity_jax.tasks import mem_thru, per_cap
from capacity_jax.training import Bucket, Devices, Trial, default_devices, train_population
from capacity_jax.training.population import Population
from capacity_jax.training.tpu_kernel import takes

TOGETHER = Devices(default_devices().devices[:1], in_turn=False)
OPTIMIZERS = ("sgd", "momentum", "rmsprop", "adam")


def bucket_of(cell, depth=1, n_hidden=3):
    return Bucket(Network(cell, 3, n_hidden, 1, depth), per_cap(n_in=3, b_max=40, n_steps=2), 11)


@pytest.mark.parametrize(
    "cell", [rnn, gru, *(pytest.param(CELLS[name], marks=pytest.mark.slow) for name in ("irnn", "ugrnn", "lstm"))]
)
def test_a_hundred_steps_agree_with_the_plain_path(cell):
    """Breaks if any of a step's equations, a hyperparameter, the curve or the end of training differs (1e-6)."""
    trials = [
        Trial(
            {
                "optimizer": OPTIMIZERS[i % 4],
                "lr_init": 0.002,
                "l2_decay": 1e-4,
                "weight_decay": 1e-3,
                "gradient_clip_val": (0.1, 10.0)[i % 2],
                "nonlinearity": ("tanh", "relu")[i // 2 % 2],
                "b": 20 + i,
                "train_steps": (200, 37)[i == 4],
            },
            seed=i,
        )
        for i in range(5)
    ]

    def trained(devices):
        population = Population(bucket_of(cell), devices, n_slots=5)
        population.fill(iter(trials))
        population.advance()
        return {trial.seed: snapshot for trial, snapshot in population.snapshots()}, population.finished()

    (plain, plain_ended), (by_kernel, kernel_ended) = trained(TOGETHER), trained(replace(TOGETHER, kernel=True))
    assert plain.keys() == by_kernel.keys() == {0, 1, 2, 3}
    for seed, snapshot in plain.items():
        assert snapshot.step == by_kernel[seed].step == 100
        for expected, found in zip(snapshot.leaves, by_kernel[seed].leaves, strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)
    assert [one.steps_made for one in plain_ended] == [one.steps_made for one in kernel_ended] == [37]


def test_a_diverged_member_stops_and_touches_no_other():
    """Breaks if the kernel goes on after a loss that is not finite, or lets it reach the lanes beside."""
    good = Trial({"b": 20, "train_steps": 60, "lr_init": 0.002}, 1)
    bad = Trial({"b": 20, "train_steps": 60, "lr_init": 1e30, "optimizer": "sgd", "nonlinearity": "relu"}, 2)

    def by_seed(devices, trials):
        return {one.trial.seed: one for one in train_population(bucket_of(rnn), trials, devices=devices, n_slots=5)}

    plain, by_kernel = by_seed(TOGETHER, [good, bad]), by_seed(replace(TOGETHER, kernel=True), [good, bad])
    assert by_kernel[2].infeasible
    assert by_kernel[2].steps_made == plain[2].steps_made < 60
    assert by_kernel[1].scores["loss"] == pytest.approx(plain[1].scores["loss"], rel=1e-5)


@pytest.mark.parametrize(
    ("bucket", "taken"),
    [
        *((bucket_of(CELLS[name]), True) for name in ("rnn", "irnn", "ugrnn", "gru", "lstm")),
        (bucket_of(rnn, depth=2), False),
        (bucket_of(rnn, n_hidden=33), False),
        (bucket_of(replace(rnn, step=lambda *given: rnn.step(*given))), False),
        (bucket_of(CELLS["intersection"]), False),
        (Bucket(Network(rnn, 2, 3, 2), mem_thru(n_in=2, n_steps=2), 8), False),
    ],
)
def test_what_the_kernel_takes(bucket, taken):
    """Breaks if a network that the kernel would train wrongly is given to it."""
    assert takes(bucket) == taken


def test_where_no_kernel_runs_the_flag_is_refused():
    """Breaks if members in turn are told to use a kernel and train without it unasked."""
    with pytest.raises(ValueError, match="kernel is True; it must be False where"):
        Devices(tuple(jax.local_devices()), in_turn=True, kernel=True)
