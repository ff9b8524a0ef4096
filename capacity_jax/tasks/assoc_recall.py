"""Associative recall: pairs of a key and a value, then each key again, for which its value is asked.

One example, of 3 pairs, letters for keys and digits for values:

    heard  C7 A2 F9 A  C  F
    asked           2  7  9

A pair is heard in one step; keys are distinct, values drawn with replacement, queries in random order. Every training
step brings fresh pairs, so there is nothing to memorize: the bits recalled are what the state holds of the pairs. The
recall of Arora et al. 2023 (arXiv 2312.04927), of as many queries as pairs and without distance between them.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax

from capacity_jax.cells.hyperparameters import Hyperparameter
from capacity_jax.checks import check_size
from capacity_jax.tasks.base import Batch, Task, one_for_equal_arguments, row_keys


@one_for_equal_arguments
def assoc_recall(n_keys: int = 32, n_values: int = 16, max_pairs: int = 16, n_evaluation: int = 1024) -> Task:
    """The recall task; how many pairs, `pairs`, is a hyperparameter of each member: traced, padded by silence.

    Scores, means over the queries: `loss`, the cross-entropy in nats, and `accuracy`. Measures: `bits_recalled`, pairs
    times what an answer tells of a value, log2(n_values) − loss/ln 2, a lower bound to the mutual information; and
    `bits_per_state`, the same over the number of values in the network's state.

    Args:
      n_keys: different keys; the first inputs are one for each.
      n_values: different values; so many inputs follow, and so many outputs there are.
      max_pairs: the most pairs a member may ask for; it sizes the arrays and changes no result.
      n_evaluation: examples to evaluate on, from keys of no training step; the validation set is as large.

    Raises:
      ValueError: a size is not a whole number of at least 1, n_values is 1, or n_keys is below max_pairs.

    Example:
      >>> from capacity_jax import assoc_recall
      >>> task = assoc_recall(max_pairs=8)
      >>> task.n_in, task.n_out, task.n_steps
      (48, 16, 16)
    """
    for name, size in {"n_keys": n_keys, "max_pairs": max_pairs, "n_evaluation": n_evaluation}.items():
        check_size(name, size)
    check_size("n_values", n_values, at_least=2)
    if n_keys < max_pairs:
        raise ValueError(f"n_keys is {n_keys}; it must be at least {max_pairs}, the number of pairs")
    n_steps = 2 * max_pairs

    def draw(key, hparams, size):
        return {"pairs": jnp.asarray(hparams["pairs"], jnp.int32), "evaluation_key": key}

    def example(pairs, key):
        """Inputs `[n_steps, n_in]`, and at each step which value is asked for and whether one is."""
        keys_key, values_key, order_key = jax.random.split(key, 3)
        keys = jnp.argsort(jax.random.uniform(keys_key, (n_keys,)))[:max_pairs]
        values = jax.random.randint(values_key, (max_pairs,), 0, n_values)
        is_pair = jnp.arange(max_pairs) < pairs
        order = jnp.argsort(jnp.where(is_pair, jax.random.uniform(order_key, (max_pairs,)), jnp.inf))
        steps = jnp.arange(n_steps)
        told, asked = steps < pairs, (steps >= pairs) & (steps < 2 * pairs)
        place = jnp.where(told, steps, order[jnp.clip(steps - pairs, 0, max_pairs - 1)])
        of_keys = jax.nn.one_hot(keys[place], n_keys) * (told | asked)[:, None]
        of_values = jax.nn.one_hot(values[place], n_values) * told[:, None]
        return jnp.concatenate([of_keys, of_values], 1), {"value": values[place], "asked": asked}

    def batch_of(pairs, keys, weights):
        xs, targets = jax.vmap(partial(example, pairs))(keys)
        return Batch(xs, targets, weights.astype(float))

    def batch(shared, data, key, step, size):
        return batch_of(data["pairs"], jax.random.split(key, size), jnp.ones(size))

    def held_out(first, shared, data, i, size):
        rows, keys = row_keys(data["evaluation_key"], first, i, size)
        return batch_of(data["pairs"], keys, rows < n_evaluation)

    def score(outputs, target):
        def mean_over_queries(of_steps):
            return jnp.sum(of_steps * target["asked"]) / jnp.sum(target["asked"])

        return {
            "loss": mean_over_queries(optax.softmax_cross_entropy_with_integer_labels(outputs, target["value"])),
            "accuracy": mean_over_queries(jnp.argmax(outputs, -1) == target["value"]),
        }

    def measures(scores, hparams, network):
        bits = float(hparams["pairs"] * (np.log2(n_values) - scores["loss"] / np.log(2)))
        state = network.depth * network.cell.state_size(network.n_hidden)
        return {"bits_recalled": bits, "bits_per_state": bits / state}

    def fit(network, settings):
        asked = [value for one in settings if "pairs" in one for value in np.ravel(one["pairs"])]
        return assoc_recall(n_keys, n_values, int(max(asked)) if asked else max_pairs, n_evaluation)

    return Task(
        name="assoc_recall",
        n_in=n_keys + n_values,
        n_out=n_values,
        n_steps=n_steps,
        n_reads=n_steps,
        draw=draw,
        batch=batch,
        evaluation=partial(held_out, 0),
        validation=partial(held_out, n_evaluation),
        n_evaluation=n_evaluation,
        score=score,
        measures=measures,
        chance=float(np.log(n_values)),
        objective="bits_recalled",
        reported=("bits_recalled", "bits_per_state", "accuracy"),
        maximize=True,
        hyperparameters={"pairs": Hyperparameter(max_pairs, at_least=1, at_most=max_pairs)},
        fit=fit,
        space={"pairs": (1, max_pairs)},
    )
