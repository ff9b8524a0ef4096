"""Parentheses counting: how many brackets of each kind are open, asked at every step (Collins et al. 2017).

A stream of one-hot symbols: 2k opens kind k, 2k + 1 closes it, and the last n_noise symbols mean nothing.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Int, Key

from capacity_jax.checks import check_size
from capacity_jax.tasks.base import Batch, Task, one_for_equal_arguments, row_keys


@one_for_equal_arguments
def parens_counting(
    n_kinds: int = 10, n_noise: int = 10, max_open: int = 10, n_steps: int = 175, n_evaluation: int = 1024
) -> Task:
    """The counting task; every batch is drawn anew, the evaluation set from a key that trains nothing.

    Scores are `loss`, the summed cross-entropy of the n_kinds counts in nats per step; `accuracy`, the share
    of counts that are right; `step_accuracy`, the share of steps with all counts right; `exact`, whether all
    counts of the sequence are.

    Args:
      n_kinds: kinds of brackets, two symbols each (10 in the paper).
      n_noise: symbols without meaning (10 in the paper).
      max_open: the largest count (10 in the paper).
      n_steps: symbols heard, and counts read (175 in the paper).
      n_evaluation: sequences to evaluate on.

    Raises:
      ValueError: a size is not a whole number of at least 1.

    Example:
      >>> from capacity_jax import parens_counting
      >>> task = parens_counting()
      >>> task.n_in, task.n_out, task.n_steps
      (30, 110, 175)
    """
    sizes = {"n_kinds": n_kinds, "n_noise": n_noise, "max_open": max_open, "n_steps": n_steps}
    for name, value in (sizes | {"n_evaluation": n_evaluation}).items():
        check_size(name, value)
    n_symbols = 2 * n_kinds + n_noise
    n_counts = max_open + 1

    def draw(key, hparams, size):
        return {"evaluation_key": jax.random.split(key, 1)[0]}

    def examples(symbols, counts, weights):
        return Batch(jax.nn.one_hot(symbols, n_symbols), counts, weights.astype(float))

    def batch(shared, data, key, step, size):
        return examples(*streams(key, size, **sizes), jnp.ones(size))

    def held_out(first, shared, data, i, size):
        rows, keys = row_keys(data["evaluation_key"], first, i, size)
        symbols, counts = jax.vmap(lambda key: streams(key, 1, **sizes))(keys)
        return examples(symbols[:, 0], counts[:, 0], rows < n_evaluation)

    def score(outputs, counts):
        logits = outputs.reshape(n_steps, n_kinds, n_counts)
        of_right_one = jnp.sum(logits * jax.nn.one_hot(counts, n_counts), axis=-1)
        losses = jax.nn.logsumexp(logits, axis=-1) - of_right_one
        right = jnp.argmax(logits, axis=-1) == counts
        return {
            "loss": losses.sum(-1).mean(),
            "accuracy": right.mean(),
            "step_accuracy": right.all(-1).mean(),
            "exact": right.all().astype(float),
        }

    return Task(
        name="parens_counting",
        n_in=n_symbols,
        n_out=n_kinds * n_counts,
        n_steps=n_steps,
        n_reads=n_steps,
        draw=draw,
        batch=batch,
        evaluation=partial(held_out, 0),
        validation=partial(held_out, n_evaluation),
        n_evaluation=n_evaluation,
        score=score,
        measures=lambda scores, hparams, network: {},
        chance=float(n_kinds * np.log(n_counts)),
        reported=("accuracy", "step_accuracy", "exact", "loss"),
    )


def streams(
    key: Key[Array, ""], size: int, *, n_kinds: int, n_noise: int, max_open: int, n_steps: int
) -> tuple[Int[Array, "size n_steps"], Int[Array, "size n_steps n_kinds"]]:
    """Draws streams of symbols and, for each step, the numbers of open brackets after its symbol.

    A step means noise or a bracket, with equal weight on each of the 2·n_kinds + n_noise symbols. Whether a
    bracket opens or closes is a coin whose bias is uniform in (0, 1), drawn for each stream and kind: a kind
    sees about 12 brackets in 175 steps, and under fair coins one count in 2000 would be 10. A bracket that
    would open beyond max_open, or close one that is not open, becomes a noise symbol.
    """
    meant_key, bias_key, coin_key, noise_key = jax.random.split(key, 4)
    # Time leads: the scan over it then moves no data.
    shape = (n_steps, size)
    meant = jax.random.randint(meant_key, shape, 0, 2 * n_kinds + n_noise)
    noise = jax.random.randint(noise_key, shape, 2 * n_kinds, 2 * n_kinds + n_noise)
    kind = meant // 2
    of_kind = jax.nn.one_hot(kind, n_kinds, dtype=jnp.int32)
    bias = jnp.sum(jax.random.uniform(bias_key, (1, size, n_kinds)) * of_kind, axis=-1)
    opens = jax.random.uniform(coin_key, shape) < bias
    changes = jnp.where(opens, 1, -1)[..., None] * of_kind

    def step(before, change):
        after = jnp.clip(before + change, 0, max_open)
        return after, (after, jnp.any(after != before, axis=-1))

    _, (counts, is_bracket) = lax.scan(step, jnp.zeros((size, n_kinds), jnp.int32), changes)
    symbols = jnp.where(is_bracket, 2 * kind + ~opens, noise)
    return symbols.T, jnp.swapaxes(counts, 0, 1)
