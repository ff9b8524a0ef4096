"""The memorization task under other conditions: what is drawn, heard and scored."""

from types import SimpleNamespace

import jax
import numpy as np
import pytest

from capacity_jax.cells import rnn
from capacity_jax.networks import Network
from capacity_jax.tasks import label_memory, per_cap
from capacity_jax.tasks.base import fit_task
from capacity_jax.training import Bucket, Trial, train_population

SIZE, B = 16, 4000


def examples(**conditions):
    """Inputs `[B, n_in]` and labels `[B]` of one draw."""
    task = label_memory(n_in=6, b_max=B, **conditions)
    data = jax.jit(task.draw, static_argnums=2)(jax.random.key(0), {"b": B}, SIZE)
    *xs, labels = np.asarray(data["examples"])[:, :B]
    return np.transpose(xs), labels


def measured(task, outputs, labels):
    """What a result says of outputs `[n, n_out]` of a network of 100 parameters."""
    scores = jax.jit(jax.vmap(task.score))(np.float32(outputs)[:, None], np.float32(labels))
    means = {name: float(np.mean(values)) for name, values in scores.items()}
    return means, task.measures(means, {"b": len(labels)}, SimpleNamespace(n_params=100))


def test_its_defaults_are_the_papers_task():
    """Breaks if the conditions change what is trained where none is chosen."""
    outputs = jax.random.normal(jax.random.key(2), (SIZE, 1, 1))
    found = []
    for build in (per_cap, label_memory):
        task = build(n_in=6, b_max=60)

        def seen(task=task):
            data = task.draw(jax.random.key(0), {"b": 50}, SIZE)
            batch = task.batch((), data, jax.random.key(1), 3, SIZE)
            scores = jax.vmap(task.score)(outputs, batch.targets)
            return batch, task.evaluation((), data, 3, SIZE), scores["loss"], scores["accuracy"]

        found.append(jax.jit(seen)())
    jax.tree.map(np.testing.assert_array_equal, *found)


@pytest.mark.parametrize("ones", [0.5, 0.1])
def test_inputs_are_scaled(ones):
    """Breaks if a share of ones is another than was asked for, or sparse inputs are not of mean 0 and variance 1."""
    xs, _ = examples(ones=ones)
    low, high = np.unique(xs)
    np.testing.assert_allclose(high - low, 1 / np.sqrt(ones * (1 - ones)), rtol=1e-6)
    np.testing.assert_allclose((xs == high).mean(), ones, atol=4 * np.sqrt(ones * (1 - ones) / xs.size))
    np.testing.assert_allclose([xs.mean(), xs.var()], [0, 1], atol=0.05)


def test_an_input_can_be_heard_at_every_step():
    """Breaks if `always` leaves a blank, or `once` repeats the input."""
    for when, length in (("once", 1), ("always", 4)):
        task = label_memory(n_in=6, b_max=50, n_steps=4, heard=when)

        def heard(task=task):
            return task.batch((), task.draw(jax.random.key(0), {"b": 50}, SIZE), jax.random.key(1), 0, SIZE).xs

        xs = np.asarray(jax.jit(heard)())
        assert xs.shape == (SIZE, length, 6)
        np.testing.assert_array_equal(xs, np.repeat(xs[:, :1], length, axis=1))


def test_labels_have_their_shares():
    """Breaks if labels are of other frequencies than asked for."""
    _, labels = examples(label_share=0.2)
    np.testing.assert_allclose(labels.mean(), 0.2, atol=4 * 0.4 / np.sqrt(B))
    _, labels = examples(n_labels=5)
    shares = np.bincount(labels.astype(int), minlength=5) / B
    np.testing.assert_allclose(shares, 0.2, atol=4 * 0.4 / np.sqrt(B))


def test_bits_of_unequal_labels():
    """Breaks if the constant answer counts as memory, or a perfect one for more or less than the labels' entropy."""
    task = label_memory(label_share=0.1)
    labels = np.array([1.0] * 10 + [0.0] * 90)
    entropy = -(0.1 * np.log2(0.1) + 0.9 * np.log2(0.9))
    _, constant = measured(task, -np.ones((100, 1)), labels)
    np.testing.assert_allclose(constant["bits"], 0, atol=1e-4)
    scores, perfect = measured(task, 9 * (2 * labels - 1)[:, None], labels)
    np.testing.assert_allclose(perfect["bits"], 100 * entropy, rtol=1e-5)
    np.testing.assert_allclose(perfect["bits_per_parameter"], entropy, rtol=1e-5)
    assert scores["accuracy"] == 1
    np.testing.assert_allclose(task.chance, entropy * np.log(2), rtol=1e-6)


def test_bits_of_many_labels():
    """Breaks if a right answer is worth other than log2 n bits, or guessing is worth any."""
    task = label_memory(n_labels=8)
    labels = np.tile(np.arange(8), 25)
    scores, perfect = measured(task, 20 * np.eye(8)[labels], labels)
    np.testing.assert_allclose(perfect["bits"], 600)
    assert measured(task, np.eye(8)[np.roll(labels, 1)], labels)[1]["bits"] == 0
    scores, _ = measured(task, np.zeros((200, 8)), labels)
    np.testing.assert_allclose(scores["loss"], task.chance, rtol=1e-6)


@pytest.mark.parametrize("conditions", [{"n_labels": 4, "ones": 0.25, "heard": "always"}, {"label_share": 0.2}])
def test_a_network_learns_all_below_capacity(conditions):
    """Breaks if the conditions cannot be trained on, or bits do not reach what the labels hold."""
    task = label_memory(n_in=24, b_max=40, **conditions)
    bucket = Bucket(Network(rnn, task.n_in, 16, task.n_out), task, batch_size=SIZE)
    (outcome,) = train_population(bucket, [Trial({"b": 40, "lr_init": 0.01, "train_steps": 1500}, seed=0)])
    assert outcome.scores["accuracy"] == 1
    if "n_labels" in conditions:
        assert outcome.scores["bits"] == 80


def test_it_is_sized_for_the_largest_b_asked_for():
    """Breaks if a condition is lost when the task is sized."""
    conditions = {"n_in": 8, "heard": "always", "ones": 0.2, "n_labels": 4}
    fitted = fit_task(label_memory(**conditions), Network(rnn, 8, 16, 4), [{"b": 500}])
    assert fitted is label_memory(b_max=500, **conditions)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"heard": "twice"}, "heard 'twice' is unknown; allowed: once, always"),
        ({"ones": 0.0}, "ones is 0.0; allowed: a share between 0 and 1"),
        ({"label_share": 1.5}, "label_share is 1.5; allowed: a share between 0 and 1"),
        ({"n_labels": 1}, "n_labels is 1; allowed: 2, or more"),
        ({"n_labels": 4, "label_share": 0.3}, "n_labels is 4; allowed: 2, or more where label_share is 0.5"),
        ({"n_in": 0}, "n_in is 0; it must be a whole number of at least 1"),
    ],
)
def test_conditions_are_checked(wrong, message):
    """Breaks if an impossible condition gets as far as an array."""
    with pytest.raises(ValueError, match=message):
        label_memory(**wrong)
