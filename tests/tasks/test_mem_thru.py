"""Memory throughput: what is drawn, what is scored, and that a network of n units recalls n values."""

import math
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from capacity_jax.cells.registry import cell_by_name
from capacity_jax.estimators import subspace_error
from capacity_jax.networks import Network
from capacity_jax.tasks import mem_thru
from capacity_jax.training import Bucket, Trial, train_population

SIZE = 128
NETWORK = SimpleNamespace(n_hidden=4)


def training_inputs(task, n_batches, size=SIZE, seed=0):
    """The inputs of the first batches, as member.py draws them: a key folded with the step."""

    @jax.jit
    @jax.vmap
    def batches(step):
        data = task.draw(jax.random.key(seed), {}, size)
        return task.batch((), data, jax.random.fold_in(jax.random.key(seed + 1), step), step, size)

    return jax.tree.map(np.asarray, batches(np.arange(n_batches)))


def evaluation_set(task, size, seed=0):
    """All evaluation batches, one after another."""

    @jax.jit
    @jax.vmap
    def batch_at(i):
        return task.evaluation((), task.draw(jax.random.key(seed), {}, size), i, size)

    batches = batch_at(np.arange(-(-task.n_evaluation // size)))
    return jax.tree.map(lambda leaf: np.asarray(leaf).reshape(-1, *leaf.shape[2:]), batches)


def mean_scores(task, outputs, targets):
    """Means of the scores of outputs `[n, n_out]` that a network might have given."""
    scores = jax.jit(jax.vmap(task.score))(outputs[:, None], targets)
    return {name: float(values.mean()) for name, values in scores.items()}


def test_the_input_is_the_target_and_heard_once():
    """Breaks if an input is heard at another step than the first, or something else is asked for."""
    batch = training_inputs(mem_thru(n_in=5), n_batches=30)
    assert batch.xs.shape == (30, SIZE, 1, 5)
    np.testing.assert_array_equal(batch.xs[:, :, 0], batch.targets)
    evaluated = evaluation_set(mem_thru(n_in=5, n_evaluation=50), 50)
    np.testing.assert_array_equal(evaluated.xs[:, 0], evaluated.targets)
    assert np.all(batch.weights == 1)


def test_inputs_are_whitened_standard_normal():
    """Breaks if inputs have another mean, variance or shape, or dimensions or examples correlate."""
    n_in = 16
    x = training_inputs(mem_thru(n_in), n_batches=64).targets.reshape(-1, n_in).astype(float)
    n = x.size
    # Five standard errors of the means of x, x² and x⁴ of a standard normal, whose variances are 1, 2 and 96.
    for power, mean, variance in ((1, 0, 1), (2, 1, 2), (4, 3, 96)):
        assert abs(np.mean(x**power) - mean) < 5 * math.sqrt(variance / n)
    between_dimensions = x.T @ x / len(x)
    assert np.abs(between_dimensions - np.diag(np.diag(between_dimensions))).max() < 5 / math.sqrt(len(x))
    assert abs(np.mean(x[1:] * x[:-1])) < 5 / math.sqrt(n)


def test_evaluation_uses_other_keys_than_training():
    """Breaks if a member's evaluation keys are those of its training steps, or of another member."""
    keys = [mem_thru().draw(jax.random.key(seed), {}, SIZE)["evaluation_key"] for seed in range(100)]
    evaluated = {tuple(map(int, jax.random.key_data(jax.random.fold_in(k, r)))) for k in keys[:2] for r in range(99)}
    # As member.start splits a seed: the first key for training steps, the second for the task.
    steps, drawn = jax.random.split(jax.random.key(0), 3)[:2]
    trained = {tuple(map(int, jax.random.key_data(jax.random.fold_in(steps, s)))) for s in range(200)}
    own = mem_thru().draw(drawn, {}, SIZE)["evaluation_key"]
    evaluated |= {tuple(map(int, jax.random.key_data(jax.random.fold_in(own, r)))) for r in range(200)}
    assert len(evaluated) == 2 * 99 + 200
    assert not evaluated & trained


def test_answering_zero_is_chance_and_a_copy_is_perfect():
    """Breaks if chance is not what a network that answers 0 scores, or it recalls a value, or a copy not every one."""
    task = mem_thru(n_in=8)
    x = evaluation_set(task, 128).targets
    scores = mean_scores(task, np.zeros_like(x), x)
    assert scores["loss"] == scores["variance"]
    assert abs(scores["loss"] - task.chance) < 5 * math.sqrt(2 / x.size)
    assert task.measures(scores, {}, NETWORK)["values_recalled"] == 0
    scores = mean_scores(task, x, x)
    assert (scores["loss"], task.measures(scores, {}, NETWORK)["values_recalled"]) == (0, 8)


@pytest.mark.parametrize("n_hidden", [1, 4, 12])
def test_a_subspace_of_the_inputs_is_on_the_reference_curve(n_hidden):
    """Breaks if the score of a linear code of n_hidden values is not the reference of that width."""
    task = mem_thru(n_in=16)
    x = evaluation_set(task, 128).targets
    basis, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(16, n_hidden)))
    scores = mean_scores(task, x @ basis @ basis.T, x)
    bound = 5 * math.sqrt(2 * (16 - n_hidden) / len(x)) / 16
    assert abs(scores["loss"] - subspace_error(n_hidden, 16)) < bound
    measured = task.measures(scores, {}, SimpleNamespace(n_hidden=n_hidden))
    assert abs(measured["values_recalled"] - n_hidden) < 16 * 2 * bound
    assert measured["reference_error"] == 1 - n_hidden / 16
    assert measured["error_ratio"] == measured["squared_error"] / measured["reference_error"]


def test_the_score_is_a_mean_over_dimensions_of_the_last_output():
    """Breaks if errors are summed, or an output before the last is scored."""
    score = mem_thru(n_in=4).score(jnp.array([[9.0] * 4, [1.0, 2.0, 0.0, 0.0]]), jnp.array([1.0, 0.0, 0.0, 2.0]))
    assert {name: float(value) for name, value in score.items()} == {"loss": 2.0, "variance": 1.25}


@pytest.mark.parametrize("n_hidden", [4, 8])
def test_a_network_recalls_one_value_per_unit(n_hidden):
    """Breaks if training does not reach the reference curve below the input's size and 5% error at it."""
    task = mem_thru(n_in=8, n_steps=4)
    bucket = Bucket(Network(cell_by_name("rnn"), 8, n_hidden, 8), task, 64)
    hparams = {"lr_init": 0.01, "input_scale_h": 0.1, "train_steps": 2000}
    outcomes = list(train_population(bucket, [Trial(hparams, seed) for seed in (0, 1)]))
    # A fresh seed's own luck is at most a bad optimum: the better of two is on the curve.
    loss = min(outcome.scores["loss"] for outcome in outcomes)
    assert subspace_error(n_hidden, 8) - 0.02 < loss < subspace_error(n_hidden, 8) + 0.05
    assert max(outcome.scores["values_recalled"] for outcome in outcomes) > n_hidden - 0.4
