"""Arithmetic: read `-343243+93851=`, compute, write the sum (Collins et al. 2017).

One example, with 3 compute steps; `.` is the pad character (a space in `ALPHABET`):

    heard  -343243+93851=......................
    asked                   ..-249392

The input starts at the first step; a negative second term gives `5+-3=`. After `=` the network hears pads:
through compute_steps steps, then while it writes the sum, left-padded to the width of the longest one.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int

from capacity_jax.cells.hyperparameters import Hyperparameter
from capacity_jax.checks import check_size
from capacity_jax.tasks.base import Batch, Task, one_for_equal_arguments, row_keys

ALPHABET = " 0123456789+-="
PAD, PLUS, MINUS, EQUALS = (ALPHABET.index(character) for character in " +-=")
# Ten times the largest sum must fit in 32 bits.
LARGEST_ALLOWED = 10**8


@one_for_equal_arguments
def arithmetic(largest: int = 10**7, max_compute_steps: int = 6, n_steps: int = 36, n_evaluation: int = 4096) -> Task:
    """The addition task; every batch is drawn anew, the evaluation set from a key that trains nothing.

    Scores are `loss`, the cross-entropy in nats per character of the answer, pads included; `accuracy`, the share of
    its characters that are right; `exact`, whether all are. How long to compute, `compute_steps`, is a hyperparameter.

    Args:
      largest: terms are uniform among the whole numbers from −largest to largest (10^7 in the paper).
      max_compute_steps: the most compute steps a member may ask for (6 in the paper).
      n_steps: characters in all (36 in the paper).
      n_evaluation: sums to evaluate on.

    Raises:
      ValueError: a size is not a whole number of at least 1, largest is above 10^8, or the longest example
        does not fit in n_steps.

    Example:
      >>> from capacity_jax import arithmetic
      >>> task = arithmetic()
      >>> task.n_in, task.n_steps, task.objective
      (14, 36, 'loss')
    """
    sizes = {"largest": largest, "max_compute_steps": max_compute_steps, "n_steps": n_steps}
    for name, value in (sizes | {"n_evaluation": n_evaluation}).items():
        check_size(name, value)
    if largest > LARGEST_ALLOWED:
        raise ValueError(f"largest is {largest}; it must be at most {LARGEST_ALLOWED}, so that sums fit in 32 bits")
    longest = 2 * width_of(largest) + 2 + max_compute_steps + width_of(2 * largest)
    if n_steps < longest:
        raise ValueError(f"n_steps is {n_steps}; it must be at least {longest}, the length of the longest example")
    n_reads = n_steps - len("0+0=") - 1

    def draw(key, hparams, size):
        return {
            "compute_steps": jnp.asarray(hparams["compute_steps"], jnp.int32),
            "evaluation_key": jax.random.split(key, 1)[0],
        }

    def drawn_terms(key, *shape):
        return jax.random.randint(key, (2, *shape), -largest, largest + 1)

    def examples(data, terms, weights):
        a, b = terms
        heard, answer, asked = jax.vmap(lambda a, b: example(a, b, data["compute_steps"], largest, n_steps))(a, b)
        target = {"answer": answer[:, -n_reads:], "asked": asked[:, -n_reads:]}
        return Batch(jax.nn.one_hot(heard, len(ALPHABET)), target, weights.astype(float))

    def batch(shared, data, key, step, size):
        return examples(data, drawn_terms(key, size), jnp.ones(size))

    def held_out(first, shared, data, i, size):
        rows, keys = row_keys(data["evaluation_key"], first, i, size)
        return examples(data, jax.vmap(drawn_terms, out_axes=1)(keys), rows < n_evaluation)

    def score(logits, target):
        answer, asked = target["answer"], target["asked"]
        of_right_one = jnp.sum(logits * jax.nn.one_hot(answer, len(ALPHABET)), axis=-1)
        losses = jax.nn.logsumexp(logits, axis=-1) - of_right_one
        right = jnp.argmax(logits, axis=-1) == answer
        return {
            "loss": losses.mean(where=asked),
            "accuracy": right.mean(where=asked),
            "exact": right.all(where=asked).astype(float),
        }

    most = max_compute_steps
    return Task(
        name="arithmetic",
        n_in=len(ALPHABET),
        n_out=len(ALPHABET),
        n_steps=n_steps,
        n_reads=n_reads,
        draw=draw,
        batch=batch,
        evaluation=partial(held_out, 0),
        validation=partial(held_out, n_evaluation),
        n_evaluation=n_evaluation,
        score=score,
        measures=lambda scores, hparams, network: {},
        chance=float(np.log(len(ALPHABET))),
        reported=("accuracy", "exact", "loss"),
        hyperparameters={"compute_steps": Hyperparameter(most, range=(1, most), at_least=1, at_most=most)},
    )


def width_of(largest: int) -> int:
    """Characters of the longest number between −largest and largest."""
    return len(str(-largest))


def example(
    a: Int[Array, ""], b: Int[Array, ""], compute_steps: Int[Array, ""], largest: int, n_steps: int
) -> tuple[Int[Array, " n_steps"], Int[Array, " n_steps"], Bool[Array, " n_steps"]]:
    """The characters of a + b, as indices into `ALPHABET`.

    Returns:
      Those heard, those of the answer at the steps where it is asked for, and which steps these are.
    """
    terms = width_of(largest)
    padded = jnp.concatenate(
        [written(a, terms), jnp.array([PLUS]), written(b, terms), jnp.array([EQUALS])], dtype=jnp.int32
    )
    is_heard = padded != PAD
    answer = written(a + b, width_of(2 * largest))
    starts = is_heard.sum() + compute_steps
    heard_at = jnp.where(is_heard, jnp.cumsum(is_heard) - 1, n_steps)
    answer_at = starts + jnp.arange(len(answer))
    steps = jnp.arange(n_steps)
    asked = (steps >= starts) & (steps < starts + len(answer))
    return placed(padded, heard_at, n_steps), placed(answer, answer_at, n_steps), asked


def written(number: Int[Array, ""], width: int) -> Int[Array, " width"]:
    """A whole number as characters, left-padded to the width; ten times its size must fit in 32 bits."""
    places = 10 ** jnp.arange(width - 1, -1, -1)
    size = jnp.abs(number)
    digits = jnp.array(ALPHABET.index("0")) + size // places % 10
    is_digit = (size >= places) | (places == 1)
    # The sign stands one place to the left of the first digit.
    is_sign = (number < 0) & ~is_digit & (10 * size >= places)
    return jnp.where(is_digit, digits, jnp.where(is_sign, MINUS, PAD))


def placed(characters: Int[Array, " n"], at: Int[Array, " n"], n_steps: int) -> Int[Array, " n_steps"]:
    """A line of pads with the characters at the given steps; steps from n_steps on are left out."""
    # By comparison: on CPU a scatter takes its elements one by one. PAD is 0, so no character means a pad.
    return jnp.sum(characters[:, None] * jax.nn.one_hot(at, n_steps, dtype=jnp.int32), axis=0)
