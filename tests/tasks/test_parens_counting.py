"""Parentheses counting against a walk over the decoded symbols."""

from collections import Counter
from functools import partial

import jax
import numpy as np
import optax
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capacity_jax.cells.gru import gru
from capacity_jax.networks import Network
from capacity_jax.tasks.parens_counting import parens_counting, streams
from capacity_jax.training.member import Bucket
from capacity_jax.training.population import Trial, train_population

FULL = parens_counting(n_evaluation=100)
SMALL = [
    {"n_kinds": 1, "n_noise": 1, "max_open": 1, "n_steps": 40},
    {"n_kinds": 2, "n_noise": 3, "max_open": 4, "n_steps": 60},
    {"n_kinds": 5, "n_noise": 1, "max_open": 10, "n_steps": 300},
    {"n_kinds": 3, "n_noise": 2, "max_open": 2, "n_steps": 1},
]


@partial(jax.jit, static_argnums=(0, 2))
def drawn(task, key, size):
    return task.batch((), task.draw(key, {}, size), key, 0, size)


def full_batch(key):
    """A training batch of the paper's task."""
    return jax.tree.map(np.asarray, drawn(FULL, key, 64))


score = jax.jit(FULL.score)


def counts_of(symbols, n_kinds, max_open):
    """Walks the symbols of one stream and returns the open brackets of each kind after each of them."""
    open_now = Counter()
    rows = []
    for symbol in symbols:
        if symbol < 2 * n_kinds:
            open_now[symbol // 2] += 1 if symbol % 2 == 0 else -1
        assert all(0 <= count <= max_open for count in open_now.values())
        rows.append([open_now[kind] for kind in range(n_kinds)])
    return rows


def decoded(xs):
    """The symbols of one-hot streams, which must be exactly one-hot."""
    xs = np.asarray(xs)
    assert np.isin(xs, (0, 1)).all()
    assert (xs.sum(-1) == 1).all()
    return xs.argmax(-1).tolist()


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_targets_are_the_counts_of_the_symbols(seed):
    """A target that is not what a walk over the heard symbols counts, or a walk that leaves 0..10."""
    batch = full_batch(jax.random.key(seed))
    for symbols, counts in zip(decoded(batch.xs), batch.targets.tolist(), strict=True):
        assert counts == counts_of(symbols, 10, 10)


@pytest.mark.parametrize("sizes", SMALL)
@pytest.mark.parametrize("seed", range(4))
def test_other_sizes_count_as_well(sizes, seed):
    """A paper number that is written into the generator instead of being taken from the arguments."""
    task = parens_counting(**sizes)
    batch = drawn(task, jax.random.key(seed), 32)
    assert batch.xs.shape == (32, sizes["n_steps"], task.n_in)
    assert batch.targets.shape == (32, sizes["n_steps"], sizes["n_kinds"])
    for symbols, counts in zip(decoded(batch.xs), batch.targets.tolist(), strict=True):
        assert counts == counts_of(symbols, sizes["n_kinds"], sizes["max_open"])


def test_every_symbol_and_count_occurs():
    """A generator that never reaches some count, or never emits some symbol or kind."""
    batch = full_batch(jax.random.key(0))
    assert set(np.ravel(decoded(batch.xs))) == set(range(30))
    for kind in range(10):
        assert set(np.ravel(batch.targets[..., kind]).tolist()) == set(range(11))


def test_high_counts_are_not_rare():
    """Fair coins, under which one count in 2000 is 10 and a network may ignore it."""
    frequency = np.bincount(np.ravel(full_batch(jax.random.key(1)).targets), minlength=11) / (64 * 175 * 10)
    assert (frequency > 0.01).all()
    assert frequency.argmax() == 0


def test_kinds_and_noise_are_equally_frequent():
    """A symbol that is preferred: kinds must differ by chance only, and so must noise symbols."""
    draw = jax.jit(partial(streams, size=8192, n_kinds=4, n_noise=4, max_open=10, n_steps=50))
    symbols, _ = draw(jax.random.key(2))
    share = np.bincount(np.ravel(symbols), minlength=12) / symbols.size
    kinds, noise = share[:8].reshape(4, 2).sum(1), share[8:]
    np.testing.assert_allclose(kinds, kinds.mean(), rtol=0.03)
    np.testing.assert_allclose(noise, noise.mean(), rtol=0.03)
    assert (noise > 1 / 12).all()


def perfect(counts):
    """Outputs that are sure of the right counts."""
    return 100 * np.eye(11, dtype=np.float32)[counts].reshape(175, 110)


def test_perfect_outputs_score_perfectly():
    """Logits read in another order than that of the counts."""
    counts = full_batch(jax.random.key(8)).targets[0]
    scores = score(perfect(counts), counts)
    assert scores["loss"] < 1e-6
    assert scores["accuracy"] == scores["step_accuracy"] == scores["exact"] == 1


def test_one_wrong_count_shows_in_every_score():
    """Accuracies that do not tell a count from a step from a sequence."""
    counts = full_batch(jax.random.key(9)).targets[0]
    wrong = counts.copy()
    wrong[40, 3] = (counts[40, 3] + 1) % 11
    scores = score(perfect(wrong), counts)
    np.testing.assert_allclose(scores["accuracy"], 1 - 1 / 1750, rtol=1e-6)
    np.testing.assert_allclose(scores["step_accuracy"], 1 - 1 / 175, rtol=1e-6)
    np.testing.assert_allclose(scores["loss"], 100 / 175, rtol=1e-5)
    assert scores["exact"] == 0


def test_the_loss_is_the_summed_cross_entropy():
    """A softmax over the wrong axis, or a sum where the mean over steps belongs."""
    counts = full_batch(jax.random.key(11)).targets[0]
    outputs = 3 * np.random.default_rng(12).normal(size=(175, 110)).astype(np.float32)
    expected = jax.jit(optax.softmax_cross_entropy_with_integer_labels)(outputs.reshape(175, 10, 11), counts)
    np.testing.assert_allclose(score(outputs, counts)["loss"], np.asarray(expected).sum(1).mean(), rtol=1e-5)


@pytest.mark.slow
def test_a_gru_learns_to_count():
    """Targets that come a step early or late, gradients that stop, scores of untrained weights."""
    task = parens_counting(n_kinds=2, n_noise=2, max_open=3, n_steps=16, n_evaluation=256)
    bucket = Bucket(Network(gru, task.n_in, 16, task.n_out), task, 32)
    [outcome] = train_population(bucket, [Trial({"train_steps": 600, "lr_init": 0.02}, seed=0)])
    assert not outcome.infeasible
    assert outcome.scores["loss"] < task.chance / 5
    assert outcome.scores["accuracy"] > 0.9
