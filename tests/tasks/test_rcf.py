"""Random continuous functions: the data set, its weights, how it is drawn, covered and measured."""

import math
from functools import cache, partial
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from capacity_jax.cells.registry import cell_by_name
from capacity_jax.estimators import weighted_gaussian_bits
from capacity_jax.networks import Network
from capacity_jax.tasks import rcf
from capacity_jax.training import Bucket, Trial, fill_defaults, hyperparameters_of, train_population
from capacity_jax.training.member import draw_member, evaluate, scores_and_gradients
from capacity_jax.training.settings import encode

N = 20_000


@cache
def data_set(n_examples=N, n_in=10, **fields):
    """A task and its data as numpy arrays."""
    task = rcf(n_examples, n_in, **fields)
    return task, jax.tree.map(np.asarray, task.shared())


def batches(task, shared, n_batches, size):
    """Training batches under as many keys."""
    keys = jax.random.split(jax.random.key(1), n_batches)
    batch = jax.jit(jax.vmap(lambda key: task.batch(jax.tree.map(jnp.asarray, shared), (), key, 0, size)))
    stacked = batch(keys)
    return jax.tree.map(np.asarray, stacked)


def evaluation_set(task, shared, size):
    """All evaluation batches, one after another."""
    n_batches = -(-task.n_evaluation // size)
    batch = jax.jit(jax.vmap(lambda i: task.evaluation(jax.tree.map(jnp.asarray, shared), (), i, size)))
    stacked = batch(jnp.arange(n_batches))
    return jax.tree.map(lambda leaf: np.asarray(leaf).reshape(-1, *leaf.shape[2:]), stacked)


def member_of(task, n_hidden=4, size=32):
    """An untrained member and its bucket."""
    bucket = Bucket(Network(cell_by_name("rnn"), task.n_in, n_hidden, 1), task, size)
    hparams = jax.tree.map(jnp.asarray, encode(fill_defaults(bucket, {}), hyperparameters_of(bucket)))
    return bucket, jax.jit(partial(draw_member, bucket))(jnp.uint32(0), hparams)


def test_inputs_have_unit_norm_and_no_direction():
    """Breaks if inputs are not on the unit sphere, or not spread evenly over it."""
    _, shared = data_set()
    xs = shared["xs"].astype(float)
    assert xs.shape == (N, 10)
    np.testing.assert_allclose(np.linalg.norm(xs, axis=1), 1, rtol=1e-6)
    # On a sphere in 10 dimensions a coordinate has mean 0, variance 1/10, and two are uncorrelated.
    assert np.abs(xs.mean(0)).max() < 5 * math.sqrt(0.1 / N)
    assert np.abs(xs.T @ xs / N - np.eye(10) / 10).max() < 5 * math.sqrt(2 * 0.1**2 / N)


def test_targets_are_standard_normal_and_tell_nothing_of_inputs_or_weights():
    """Breaks if targets have another distribution, or could be guessed from the rest of an example."""
    _, shared = data_set()
    y = shared["targets"].astype(float)
    for power, mean, variance in ((1, 0, 1), (2, 1, 2), (4, 3, 96)):
        assert abs(np.mean(y**power) - mean) < 5 * math.sqrt(variance / N)
    assert np.abs(y @ shared["xs"] / N).max() < 5 * math.sqrt(0.1 / N)
    w = shared["weights"].astype(float)
    assert abs(w @ y) < 5 * math.sqrt(w @ w)


@pytest.mark.parametrize(("n", "smallest"), [(N, 1e-3), (2, 0.5), (1000, 1.0), (100, 0.01), (10_000, 0.01)])
def test_weights_are_a_power_law_between_exact_ends(n, smallest):
    """Breaks if the law has another exponent, or does not run from 1 to the smallest weight."""
    _, shared = data_set(n_examples=n, smallest_weight=smallest)
    weights = np.sort(shared["weights"])[::-1]
    assert weights[0] == 1
    assert weights[-1] == np.float32(smallest)
    exponent = math.log(1 / smallest) / math.log(n)
    np.testing.assert_allclose(weights, np.arange(1, n + 1) ** -exponent, rtol=1e-5)


def test_storage_is_in_random_order_of_weights():
    """Breaks if neighbours have like weights: a window would then be no sample of the whole."""
    logs = np.log(data_set()[1]["weights"].astype(float))
    logs = (logs - logs.mean()) / logs.std()
    assert abs(np.mean(logs[1:] * logs[:-1])) < 5 / math.sqrt(N)
    place = np.linspace(-1, 1, N) * math.sqrt(3)
    assert abs(np.mean(logs * place)) < 5 / math.sqrt(N)


def test_batches_hold_examples_of_the_data_set():
    """Breaks if an input comes with a target or a weight that is not its own, or twice in a batch."""
    task, shared = data_set(n_examples=300)
    index = {row.tobytes(): i for i, row in enumerate(shared["xs"])}
    batch = batches(task, shared, n_batches=200, size=64)
    assert batch.xs.shape == (200, 64, 1, 10)
    rows = np.array([[index[x.tobytes()] for x in xs[:, 0]] for xs in batch.xs])
    np.testing.assert_array_equal(batch.targets, shared["targets"][rows])
    np.testing.assert_array_equal(batch.weights, shared["weights"][rows])
    assert all(len(set(of_batch)) == 64 for of_batch in rows)
    # Some of 200 windows pass the end of 300 examples: each does with probability 63/300.
    assert np.any(np.ptp(rows, axis=1) > 63)


def test_every_example_is_drawn_equally_often():
    """Breaks if examples near the ends of the storage come less often than the others."""
    task, shared = data_set(n_examples=20)
    batch = batches(task, shared, n_batches=4000, size=8)
    counts = np.array([np.sum(batch.targets == target) for target in shared["targets"]])
    # In each of 4,000 batches an example is present with probability 8/20.
    assert np.abs(counts - 1600).max() < 5 * math.sqrt(4000 * 0.4 * 0.6)


@pytest.mark.parametrize(
    ("size", "n_evaluation"), [(1, None), (64, None), (299, None), (300, None), (64, 1), (64, 77), (300, 77)]
)
def test_evaluation_covers_each_example_once(size, n_evaluation):
    """Breaks if an example is left out or counted twice, or padding weighs something."""
    task, shared = data_set(n_examples=300, n_evaluation=n_evaluation)
    n = n_evaluation or 300
    covered = evaluation_set(task, shared, size)
    counts = covered.weights > 0
    assert counts.sum() == n
    for name, values in (("xs", covered.xs[:, 0]), ("targets", covered.targets), ("weights", covered.weights)):
        np.testing.assert_array_equal(values[counts], shared[name][:n])


def test_training_and_evaluation_weigh_errors_alike():
    """Breaks if the loss of a batch that holds the whole data set is not the loss of evaluation."""
    task, shared = data_set(n_examples=96)
    bucket, member = member_of(task)

    @jax.jit
    def computed(shared, member):
        def answer(x):
            return bucket.network.apply(member.params, x, member.hparams, n_steps=5, n_reads=1)[0, 0]

        whole = task.batch(shared, (), jax.random.key(3), 0, 96)
        of_batch, _ = scores_and_gradients(bucket, member.params, whole, member.hparams, block_size=bucket.batch_size)
        answers = jax.vmap(answer)(shared["xs"][:, None])
        return evaluate(bucket, shared, member)["evaluation"]["loss"], of_batch["loss"], answers

    loss, of_batch, answers = computed(shared, member)
    np.testing.assert_allclose(of_batch, loss, rtol=1e-5)
    errors = (np.asarray(answers) - shared["targets"]) ** 2
    np.testing.assert_allclose(loss, np.average(errors, weights=shared["weights"]), rtol=1e-5)


def test_the_seed_alone_decides_the_data_set():
    """Breaks if two tasks of one seed differ, or two seeds share inputs, targets or order."""
    first, again, other = (rcf(500, 4, seed=seed).shared() for seed in (5, 5, 6))
    jax.tree.map(np.testing.assert_array_equal, first, again)
    assert not np.any(first["xs"] == other["xs"])
    assert not np.any(first["targets"] == other["targets"])
    assert np.mean(first["weights"] == other["weights"]) < 0.05


def test_answering_zero_is_chance_and_no_bits():
    """Breaks if chance is not what a network that answers 0 scores, or such a network stores a bit."""
    task, shared = data_set()
    bucket, member = member_of(task, size=500)
    member = member._replace(params=jax.tree.map(np.zeros_like, member.params))
    means = jax.jit(partial(evaluate, bucket))(shared, member)["evaluation"]
    scores = {name: float(value) for name, value in means.items()}
    assert scores["loss"] == scores["variance"]
    w = shared["weights"].astype(float)
    assert abs(scores["loss"] - task.chance) < 5 * math.sqrt(2 * (w @ w)) / w.sum()
    assert task.measures(scores, {}, SimpleNamespace(n_params=100)) == {
        "squared_error": scores["loss"],
        "bits": 0,
        "bits_per_parameter": 0,
    }


def test_measures_are_the_fewest_bits_for_all_weights():
    """Breaks if bits are counted over other weights than those of the data set, or not per parameter."""
    task, shared = data_set()
    measured = task.measures({"loss": 0.3, "variance": 0.9}, {}, SimpleNamespace(n_params=1000))
    bits = weighted_gaussian_bits(0.3, shared["weights"], 0.9)
    assert measured["squared_error"] == 0.3
    assert measured["bits"] == pytest.approx(bits, rel=1e-5)
    assert measured["bits_per_parameter"] == measured["bits"] / 1000


def test_a_network_learns_some_of_the_examples():
    """Breaks if training does not lower the error far below chance on a set that a network can hold."""
    task, _ = data_set(n_examples=256, n_in=8, n_steps=3)
    bucket = Bucket(Network(cell_by_name("rnn"), 8, 16, 1), task, 64)
    hparams = {"lr_init": 0.01, "train_steps": 1500}
    (outcome,) = train_population(bucket, [Trial(hparams, 0)])
    assert not outcome.infeasible
    assert outcome.scores["loss"] < 0.3 * outcome.scores["variance"]
    assert outcome.scores["bits"] > 50


@pytest.mark.parametrize("bad", [0, -1e-3, 1.5, math.nan])
def test_bad_weights_are_named(bad):
    """Breaks if weights that vanish, grow or turn negative pass."""
    with pytest.raises(ValueError, match=r"^smallest_weight is .* above 0 and at most 1$"):
        rcf(smallest_weight=bad)


def test_more_evaluation_than_examples_is_named():
    """Breaks if an evaluation could run past the data set."""
    with pytest.raises(ValueError, match=r"^n_evaluation is 11; it must be at most n_examples, 10$"):
        rcf(10, n_evaluation=11)


def test_batches_larger_than_the_data_set_are_named():
    """Breaks if a window could not fit the storage and something else were sliced."""
    task, shared = data_set(n_examples=10, n_in=2)
    with pytest.raises(ValueError, match=r"^batch_size is 11; it must be at most n_examples, 10$"):
        task.batch(shared, (), jax.random.key(0), 0, 11)
