"""Predicting the next character of English text (Collins et al. 2017, on text8)."""

import os
from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np
import optax

from capacity_jax.checks import check_size
from capacity_jax.tasks.base import Batch, Task, one_for_equal_arguments
from capacity_jax.tasks.text8.corpus import ALPHABET, Corpus, read_text8
from capacity_jax.tasks.text8.stand_in import stand_in
from capacity_jax.tasks.windows import windows

# Names the file, or the directory of it, that is read when no corpus is given.
DATA_VARIABLE = "CAPACITY_JAX_DATA"


def text8(
    corpus: str | os.PathLike | Corpus | None = None, n_steps: int = 50, n_warmup: int = 13, n_evaluation: int = 8192
) -> Task:
    """Next-character prediction from random places of the training text; one-hot inputs over 27 symbols.

    The evaluation set is windows of the evaluation text at fixed places, evenly spaced from its beginning to
    its end; the validation set likewise of the validation text. Scores are the loss in nats per character,
    `bits_per_character` and `accuracy`, over the steps after the warm-up.

    Args:
      corpus: a path to text8 as `read_text8` takes it, or any other text, reported under its own name. By
        default the text8 at `$CAPACITY_JAX_DATA`; where that is not set, a STAND-IN made of Python's
        documentation, and the task's name says so: text8-standin-<name of the corpus>.
      n_steps: characters heard (50 in the paper, from its appendix).
      n_warmup: of these, the first ones that only warm the state up and are not scored (13 in the paper, from
        its appendix).
      n_evaluation: number of windows in the evaluation set; 8192 of them score 303,104 characters.

    Raises:
      FileNotFoundError: the path, or the one in `$CAPACITY_JAX_DATA`, leads to no text8.
      ValueError: the file is not text8, or a size is not a whole number within its limits.

    Example:
      >>> import numpy as np
      >>> from capacity_jax.tasks import Corpus, text8
      >>> task = text8(Corpus("mine", np.frombuffer(b"one fish two fish " * 100, np.uint8)))
      >>> task.name, task.n_in, task.n_reads
      ('text8-standin-mine', 27, 37)
    """
    check_size("n_steps", n_steps)
    check_size("n_warmup", n_warmup, at_least=0)
    check_size("n_evaluation", n_evaluation)
    if n_warmup >= n_steps:
        raise ValueError(f"n_warmup is {n_warmup}; it must be less than n_steps, {n_steps}")
    path = None if corpus is None or isinstance(corpus, Corpus) else os.fspath(corpus)
    return _text8(_corpus(corpus), isinstance(corpus, Corpus), path, n_steps, n_warmup, n_evaluation)


@one_for_equal_arguments
def _text8(corpus: Corpus, is_given: bool, path: str | None, n_steps: int, n_warmup: int, n_evaluation: int) -> Task:
    n_held_out = min(len(corpus.validation), len(corpus.evaluation))
    if n_steps >= n_held_out:
        raise ValueError(f"n_steps is {n_steps}; it must be less than the evaluation text's length, {n_held_out}")

    def shared():
        # The last one ends where the text does.
        places = np.arange(n_evaluation) * (n_held_out - n_steps - 1) // max(1, n_evaluation - 1)
        of_windows = places[:, None] + np.arange(n_steps + 1)
        return {
            "train": corpus.train,
            "validation": corpus.validation[of_windows],
            "evaluation": corpus.evaluation[of_windows],
        }

    def examples(texts, weights):
        xs = jax.nn.one_hot(texts[:, :-1], len(ALPHABET))
        return Batch(xs, texts[:, n_warmup + 1 :].astype(jnp.int32), weights)

    def batch(shared, data, key, step, size):
        text = shared["train"]
        places = jax.random.randint(key, (size,), 0, len(text) - n_steps)
        return examples(windows(text, places, n_steps + 1), jnp.ones(size))

    def held_out(text, shared, data, i, size):
        rows = i * size + jnp.arange(size)
        texts = shared[text][jnp.minimum(rows, n_evaluation - 1)]
        return examples(texts, (rows < n_evaluation).astype(float))

    def score(outputs, target):
        nats = optax.softmax_cross_entropy_with_integer_labels(outputs, target).mean()
        return {
            "loss": nats,
            "bits_per_character": nats / jnp.log(2),
            "accuracy": (outputs.argmax(-1) == target).astype(float).mean(),
        }

    return Task(
        name="text8" if corpus.name == "text8" else f"text8-standin-{corpus.name}",
        n_in=len(ALPHABET),
        n_out=len(ALPHABET),
        n_steps=n_steps,
        n_reads=n_steps - n_warmup,
        draw=lambda key, hparams, size: (),
        batch=batch,
        evaluation=partial(held_out, "evaluation"),
        validation=partial(held_out, "validation"),
        n_evaluation=n_evaluation,
        score=score,
        measures=lambda scores, hparams, network: {},
        chance=float(np.log(len(ALPHABET))),
        objective="bits_per_character",
        reported=("accuracy", "bits_per_character"),
        shared=shared,
        # A corpus that was given is nowhere to be found again.
        builder="text8 of a given corpus" if is_given else "text8",
        arguments={"n_steps": n_steps, "n_warmup": n_warmup, "n_evaluation": n_evaluation}
        | ({"corpus": path} if path else {}),
    )


def _corpus(given):
    if isinstance(given, Corpus):
        return given
    path = os.environ.get(DATA_VARIABLE) if given is None else given
    return _read(str(path), os.stat(path).st_mtime_ns if os.path.exists(path) else 0) if path else stand_in()


@cache
def _read(path, modified):
    # One object for one text, which equal tasks then share.
    return read_text8(path)
