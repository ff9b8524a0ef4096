"""The text8 task against a plain-Python reading of its text."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from capacity_jax.cells import cell_by_name
from capacity_jax.networks import Network
from capacity_jax.tasks import Corpus, text8
from capacity_jax.tasks.text8.corpus import ALPHABET
from capacity_jax.tasks.text8.task import DATA_VARIABLE
from capacity_jax.training import Bucket, Trial, train_population

LENGTH = 10_000
TEXT = bytes(np.random.default_rng(0).choice(list(ALPHABET.encode()), LENGTH).astype(np.uint8))


@pytest.fixture(scope="module")
def corpus():
    return Corpus("random", np.frombuffer(TEXT, np.uint8))


def decoded(codes):
    return "".join(ALPHABET[code] for code in np.asarray(codes).ravel())


def heard(batch):
    """The characters of one-hot inputs, after a check that they are one-hot."""
    xs = np.asarray(batch.xs)
    assert set(np.unique(xs)) == {0.0, 1.0}
    assert (xs.sum(-1) == 1).all()
    return [decoded(row) for row in xs.argmax(-1)]


def batches(task, n_batches, size):
    shared = task.shared()
    shared = jax.tree.map(jnp.asarray, shared)
    draw = jax.jit(lambda step: task.batch(shared, (), jax.random.fold_in(jax.random.key(3), step), step, size))
    return [draw(step) for step in range(n_batches)]


@pytest.mark.parametrize(("n_steps", "n_warmup"), [(50, 13), (7, 0), (7, 6), (1, 0)])
def test_training_examples_are_passages_of_the_training_text(corpus, n_steps, n_warmup):
    """Breaks if inputs are no passage of the training text, or targets are not the characters that follow."""
    task = text8(corpus, n_steps, n_warmup)
    train = TEXT[: LENGTH * 90 // 100].decode()
    n_examples = 0
    for batch in batches(task, 40, 64):
        for inputs, codes in zip(heard(batch), batch.targets, strict=True):
            targets = decoded(codes)
            assert (len(inputs), len(targets)) == (n_steps, n_steps - n_warmup)
            # Inputs and targets overlap or touch: together they are n_steps + 1 characters in a row.
            assert inputs[n_warmup + 1 :] == targets[:-1]
            assert inputs + targets[-1] in train
            n_examples += 1
        assert (np.asarray(batch.weights) == 1).all()
    assert n_examples == 2560


def test_training_reaches_all_of_the_training_text_and_nothing_else():
    """Breaks if pointers favour a place, leave out the first or the last one, or reach held-out text."""
    # Each tenth of the text is one letter long, and the held-out last tenth is z.
    letters = np.frombuffer(b"".join(bytes([97 + i]) * 100 for i in range(9)) + b"z" * 100, np.uint8)
    task = text8(Corpus("tenths", letters), n_steps=4, n_warmup=0)
    text = "".join(passage for batch in batches(task, 100, 128) for passage in heard(batch))
    counts = np.array([text.count(letter) for letter in "abcdefghi"])
    assert counts.sum() == len(text)
    assert np.abs(counts / len(text) - 1 / 9).max() < 0.01

    # Where places are few, every one is met: the first and the last included.
    short = text8(Corpus("short", np.frombuffer(TEXT[:200], np.uint8)), n_steps=9, n_warmup=0)
    passages = {passage for batch in batches(short, 50, 128) for passage in heard(batch)}
    train = TEXT[:180].decode()
    assert passages == {train[start : start + 9] for start in range(180 - 9)}


@pytest.mark.parametrize(("n_evaluation", "size"), [(100, 32), (64, 64), (7, 16), (450, 100), (2000, 64)])
def test_evaluation_covers_the_evaluation_text_evenly(corpus, n_evaluation, size):
    """Breaks if a passage lies outside the evaluation text, gaps are uneven, or padding has weight."""
    task = text8(corpus, n_evaluation=n_evaluation)
    text = TEXT[LENGTH * 95 // 100 :].decode()
    shared = task.shared()
    found = []
    for i in range(-(-n_evaluation // size)):
        batch = task.evaluation(shared, (), i, size)
        for inputs, codes, weight in zip(heard(batch), batch.targets, batch.weights, strict=True):
            start = text.find(inputs)
            assert start >= 0
            assert decoded(codes) == text[start + 14 : start + 51]
            if weight:
                found.append(start)
    assert len(found) == task.n_evaluation == n_evaluation
    n_places = len(text) - 50
    assert found[0] == 0
    assert found[-1] == n_places - 1
    gaps = np.diff(found)
    assert gaps.min() >= (n_places - 1) // (n_evaluation - 1)
    assert gaps.max() <= -(-(n_places - 1) // (n_evaluation - 1))


def test_warm_up_is_not_scored(corpus):
    """Breaks if the first 13 steps are scored, or any later one is not."""
    task = text8(corpus)
    assert (task.n_steps, task.n_reads) == (50, 37)
    network = Network(cell_by_name("rnn"), task.n_in, 8, task.n_out)
    batch = task.batch(task.shared(), (), jax.random.key(0), 0, 1)
    params = network.init(jax.random.key(1))
    every_output = network.apply(params, batch.xs[0])
    read = network.apply(params, batch.xs[0], n_steps=task.n_steps, n_reads=task.n_reads)
    np.testing.assert_allclose(read, every_output[13:], rtol=1e-5, atol=1e-6)
    assert batch.targets.shape == (1, 37)


def test_scores_of_known_outputs(corpus):
    """Breaks if the loss is not the mean negative log-probability in nats, or the bits or accuracy differ."""
    task = text8(corpus, n_steps=4, n_warmup=0)
    target = jnp.array([0, 26, 5, 5])
    silent = task.score(jnp.zeros((4, 27)), target)
    assert silent["loss"] == pytest.approx(task.chance, rel=1e-6) == pytest.approx(np.log(27), rel=1e-6)
    assert silent["bits_per_character"] == pytest.approx(np.log2(27), rel=1e-6)

    outputs = np.random.default_rng(0).normal(size=(4, 27))
    outputs[2, 5] = outputs[1, 26] = 9.0
    outputs[3, 6] = 9.0
    odds = [np.exp(row) / np.exp(row).sum() for row in outputs]
    nats = -np.mean([np.log(row[code]) for row, code in zip(odds, target, strict=True)])
    scores = task.score(jnp.asarray(outputs), target)
    assert scores["loss"] == pytest.approx(nats, rel=1e-5)
    assert scores["bits_per_character"] == pytest.approx(nats / np.log(2), rel=1e-5)
    assert scores["accuracy"] == pytest.approx(np.mean(outputs.argmax(-1) == target))


def test_without_a_file_every_result_says_stand_in():
    """Breaks if a result made with the stand-in, or a text of the user's, could pass for one on text8."""
    assert text8().name.startswith("text8-standin-stdlib-docs-")
    assert text8(Corpus("mine", np.frombuffer(TEXT, np.uint8))).name == "text8-standin-mine"
    assert text8(Corpus("text8", np.frombuffer(TEXT, np.uint8))).name == "text8"


def test_a_given_path_is_never_replaced_by_the_stand_in(tmp_path, monkeypatch):
    """Breaks if a path, given or in the environment, that leads to no text8 is passed over in silence."""
    with pytest.raises(FileNotFoundError, match="does not exist"):
        text8(tmp_path / "text8")
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r"holds neither text8 nor text8.zip"):
        text8()
    (tmp_path / "text8").write_bytes(TEXT)
    with pytest.raises(ValueError, match="has 10000 characters; text8 has exactly 100000000"):
        text8()


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"n_steps": 0}, "n_steps is 0; it must be a whole number of at least 1"),
        ({"n_steps": 500}, "n_steps is 500; it must be less than the evaluation text's length, 500"),
        ({"n_warmup": -1}, "n_warmup is -1; it must be a whole number of at least 0"),
        ({"n_warmup": 50}, "n_warmup is 50; it must be less than n_steps, 50"),
        ({"n_evaluation": 2.5}, "n_evaluation is 2.5; it must be a whole number of at least 1"),
    ],
)
def test_impossible_sizes_are_refused(corpus, sizes, message):
    """Breaks if a size that cannot work is accepted, or its error does not name field, value and limits."""
    with pytest.raises(ValueError, match=f"^{message}$"):
        text8(corpus, **sizes)


@pytest.mark.slow
def test_a_small_network_learns_english():
    """Breaks if training on the stand-in does not get well below chance (4.75) and letter counts (4.1)."""
    task = text8(n_evaluation=512)
    bucket = Bucket(Network(cell_by_name("gru"), task.n_in, 32, task.n_out), task, 32)
    trial = Trial({"lr_init": 0.02, "lr_decay_rate": 0.1, "train_steps": 400}, 0)
    (outcome,) = train_population(bucket, [trial])
    assert not outcome.infeasible
    assert outcome.scores["bits_per_character"] < 2.8
    assert outcome.scores["accuracy"] > 0.4
