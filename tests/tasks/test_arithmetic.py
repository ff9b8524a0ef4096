"""Arithmetic against Python's own reading of the decoded characters."""

import re
from itertools import product

import jax
import numpy as np
import optax
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capacity_jax.cells.gru import gru
from capacity_jax.networks import Network
from capacity_jax.tasks.arithmetic import ALPHABET, arithmetic, example
from capacity_jax.training import Bucket, Trial, fill_defaults, train_population

FULL = arithmetic(n_evaluation=100)
WIDTH = len("-20000000")
POWERS = [10**n for n in range(8)]
EDGES = sorted({sign * (power + more) for power in POWERS for more in (-1, 0, 1) for sign in (-1, 1)})
EDGES = [term for term in EDGES if abs(term) <= 10**7]


@jax.jit
def full_batch(key, compute_steps):
    """A training batch of the paper's task."""
    return FULL.batch((), FULL.draw(key, {"compute_steps": compute_steps}, 64), key, 0, 64)


@jax.jit
def examples(a, b, compute_steps):
    """Examples of given terms, at the sizes of the paper."""
    return jax.vmap(lambda a, b: example(a, b, compute_steps, 10**7, 36))(a, b)


one_example = jax.jit(example, static_argnums=(3, 4))


def text_of(indices):
    """Characters as text."""
    return "".join(ALPHABET[i] for i in indices)


def texts_of(xs):
    """The heard texts of one-hot streams, which must be exactly one-hot."""
    xs = np.asarray(xs)
    assert np.isin(xs, (0, 1)).all()
    assert (xs.sum(-1) == 1).all()
    return [text_of(indices) for indices in xs.argmax(-1).tolist()]


def terms_of(heard):
    """The two terms of a heard text, read strictly: canonical numbers, one `+`, one `=`, then pads only."""
    match = re.fullmatch(r"(0|-?[1-9]\d*)\+(0|-?[1-9]\d*)= *", heard)
    assert match, heard
    return int(match[1]), int(match[2])


def check_example(heard, answer, asked, compute_steps):
    """Checks all 36 characters of an example against the sum that Python makes of the heard text."""
    assert len(heard) == len(answer) == len(asked) == 36
    start = len(heard.rstrip()) + compute_steps
    assert np.flatnonzero(asked).tolist() == list(range(start, start + WIDTH))
    assert answer[start : start + WIDTH] == str(sum(terms_of(heard))).rjust(WIDTH)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), compute_steps=st.integers(1, 6))
def test_batches_ask_for_the_sum_of_what_is_heard(seed, compute_steps):
    """A target that is not the left-padded sum of the heard text, or is asked for at another time."""
    batch = full_batch(jax.random.key(seed), compute_steps)
    unread = 36 - FULL.n_reads
    for heard, answer, asked in zip(
        texts_of(batch.xs), batch.targets["answer"].tolist(), batch.targets["asked"].tolist(), strict=True
    ):
        assert all(abs(term) <= 10**7 for term in terms_of(heard))
        check_example(heard, " " * unread + text_of(answer), [False] * unread + asked, compute_steps)


@pytest.mark.parametrize("compute_steps", range(1, 7))
def test_edge_cases_are_written_as_python_writes_them(compute_steps):
    """Zero, signs, each number of digits, the ends of the range and their sums, in 32-bit arithmetic."""
    pairs = list(product(EDGES, EDGES))
    a, b = np.array(pairs, np.int32).T
    heard, answer, asked = jax.device_get(examples(a, b, compute_steps))
    for pair, one_heard, one_answer, one_asked in zip(pairs, heard, answer, asked, strict=True):
        text = text_of(one_heard)
        assert text == f"{pair[0]}+{pair[1]}=".ljust(36)
        check_example(text, text_of(one_answer), one_asked, compute_steps)


@pytest.mark.parametrize(
    ("a", "b", "compute_steps", "heard", "answer"),
    [
        (-343243, 93851, 3, "-343243+93851=", "  -249392"),
        (0, 0, 1, "0+0=", "        0"),
        (5, -3, 6, "5+-3=", "        2"),
        (10**7, -(10**7), 2, "10000000+-10000000=", "        0"),
        (10**7, 10**7, 6, "10000000+10000000=", " 20000000"),
        (-(10**7), -(10**7), 6, "-10000000+-10000000=", "-20000000"),
    ],
)
def test_examples_written_by_hand(a, b, compute_steps, heard, answer):
    """A layout that agrees with the oracle above by sharing its mistake."""
    got, line, asked = one_example(a, b, compute_steps, 10**7, 36)
    assert text_of(got) == heard + " " * (36 - len(heard))
    start = len(heard) + compute_steps
    assert text_of(line) == (" " * start + answer).ljust(36)
    assert asked.tolist() == [start <= step < start + 9 for step in range(36)]


def test_the_largest_allowed_terms_do_not_overflow():
    """A product with ten that leaves 32 bits at the largest range a user may ask for."""
    for a, b in product((-(10**8), 1 - 10**8, 10**8), repeat=2):
        heard, answer, asked = jax.device_get(one_example(a, b, 1, 10**8, 40))
        assert terms_of(text_of(heard)) == (a, b)
        assert text_of(answer[asked]) == str(a + b).rjust(10)


@pytest.mark.parametrize("largest", [1, 3, 10])
def test_every_pair_of_terms_is_drawn_equally_often(largest):
    """A range that lacks one of its ends, or holds a value beyond them."""
    task = arithmetic(largest=largest)
    n_pairs = (2 * largest + 1) ** 2

    @jax.jit
    def drawn(key):
        return task.batch((), task.draw(key, {"compute_steps": 1}, 1), key, 0, 40 * n_pairs).xs

    xs = drawn(jax.random.key(0))
    pairs, counts = np.unique([terms_of(text) for text in texts_of(xs)], axis=0, return_counts=True)
    terms = range(-largest, largest + 1)
    assert pairs.tolist() == [list(pair) for pair in product(terms, terms)]
    # Five standard deviations of a Poisson count of 40, plus its discreteness.
    assert np.abs(counts - 40).max() < 5 * np.sqrt(40) + 1


@pytest.mark.parametrize("value", [0, 7, -1])
def test_impossible_compute_steps_are_refused(value):
    """An answer that would not fit, cut off without a word."""
    bucket = Bucket(Network(gru, FULL.n_in, 4, FULL.n_out), FULL, 8)
    with pytest.raises(ValueError, match=f"compute_steps is {value}; it must be a whole number"):
        fill_defaults(bucket, {"compute_steps": value})


def test_ranges_that_cannot_be_written_are_refused():
    """A longest example that is cut off, or sums that leave 32 bits."""
    assert arithmetic(n_steps=35).n_steps == 35
    with pytest.raises(ValueError, match="n_steps is 34; it must be at least 35"):
        arithmetic(n_steps=34)
    with pytest.raises(ValueError, match="largest is 100000001; it must be at most 100000000"):
        arithmetic(largest=10**8 + 1, n_steps=60)


def one_target(seed):
    """The target of one example, without the batch axis."""
    return jax.tree.map(lambda leaf: np.asarray(leaf)[0], full_batch(jax.random.key(seed), 4).targets)


score = jax.jit(FULL.score)


def noise(seed, scale):
    return np.float32(scale) * np.random.default_rng(seed).normal(size=(FULL.n_reads, FULL.n_out)).astype(np.float32)


def sure_of(characters):
    return 100 * np.eye(FULL.n_out, dtype=np.float32)[characters]


def test_only_the_asked_characters_are_scored():
    """A mask that is ignored, or a mean over all steps: perfect answers amid noise score perfectly."""
    target = one_target(7)
    scores = score(np.where(target["asked"][:, None], sure_of(target["answer"]), noise(8, 50)), target)
    assert scores["loss"] < 1e-6
    assert scores["accuracy"] == scores["exact"] == 1


def test_one_wrong_character_shows_in_every_score():
    """An exactness that forgives, or an accuracy of whole answers."""
    target = one_target(9)
    last = np.flatnonzero(target["asked"])[-1]
    wrong = target["answer"].copy()
    wrong[last] = ALPHABET.index("=")
    scores = score(sure_of(wrong), target)
    np.testing.assert_allclose(scores["accuracy"], 8 / 9, rtol=1e-6)
    np.testing.assert_allclose(scores["loss"], 100 / 9, rtol=1e-5)
    assert scores["exact"] == 0


def test_the_loss_is_the_mean_cross_entropy_of_the_answer():
    """A softmax over the wrong axis, or a sum where the mean over characters belongs."""
    target = one_target(11)
    logits = noise(12, 3)
    losses = jax.jit(optax.softmax_cross_entropy_with_integer_labels)(logits, target["answer"])
    expected = np.asarray(losses)[target["asked"]].mean()
    np.testing.assert_allclose(score(logits, target)["loss"], expected, rtol=1e-5)


@pytest.mark.slow
def test_a_gru_learns_to_add_small_numbers():
    """Answers asked for before they are heard, gradients that stop, scores of untrained weights."""
    task = arithmetic(largest=4, max_compute_steps=2, n_steps=13, n_evaluation=256)
    bucket = Bucket(Network(gru, task.n_in, 24, task.n_out), task, 32)
    hparams = {"train_steps": 1500, "lr_init": 0.02, "compute_steps": 1}
    [outcome] = train_population(bucket, [Trial(hparams, seed=0)])
    assert not outcome.infeasible
    assert outcome.scores["loss"] < task.chance / 5
    assert outcome.scores["accuracy"] > 0.8
