"""Memory throughput: a random real vector, to be handed back some steps later (Collins et al. 2017, Fig. 2c).

The input is heard at the first step and asked for at the last. Every training step brings fresh inputs, so
there is nothing to memorize: the error tells how many real values the units carry through time.
"""

from functools import partial

import jax
import jax.numpy as jnp

from capacity_jax.checks import check_size
from capacity_jax.estimators.recall import error_ratio, subspace_error, values_recalled
from capacity_jax.tasks.base import Batch, Task, one_for_equal_arguments, row_keys
from capacity_jax.tasks.random_normal import standard_normal


@one_for_equal_arguments
def mem_thru(n_in: int = 64, n_steps: int = 12, n_evaluation: int = 8192) -> Task:
    """The throughput task; inputs are standard normal, independent in every dimension.

    Scores, means over dimensions: `loss`, the squared error, and `variance`, the mean square of the inputs,
    which is the squared error of answering 0. The measures are `values_recalled`, their ratio as a number of
    values, and `error_ratio`, the error over `reference_error`, that of an n_hidden-dimensional subspace.

    Args:
      n_in: dimensions of the input and of the output (64 in the paper).
      n_steps: steps until the input is asked for (12 in the paper).
      n_evaluation: size of the evaluation set; each member draws its own, from keys of no training step; the
        validation set is as large.

    Raises:
      ValueError: a size is not a whole number of at least 1.

    Example:
      >>> from capacity_jax import mem_thru
      >>> task = mem_thru()
      >>> task.n_in, task.n_out, task.n_steps
      (64, 64, 12)
    """
    check_size("n_in", n_in)
    check_size("n_steps", n_steps)
    check_size("n_evaluation", n_evaluation)

    def draw(key, hparams, size):
        return {"evaluation_key": key}

    def to_recall(xs, weights):
        return Batch(xs[:, None], xs, weights.astype(float))

    def batch(shared, data, key, step, size):
        return to_recall(standard_normal(key, (size, n_in)), jnp.ones(size))

    def held_out(first, shared, data, i, size):
        rows, keys = row_keys(data["evaluation_key"], first, i, size)
        xs = jax.vmap(lambda key: jax.random.normal(key, (n_in,)))(keys)
        return to_recall(xs, rows < n_evaluation)

    def score(outputs, x):
        return {"loss": jnp.mean((outputs[-1] - x) ** 2), "variance": jnp.mean(x**2)}

    def measures(scores, hparams, network):
        error = scores["loss"]
        return {
            "values_recalled": values_recalled(error, n_in, scores["variance"]),
            "squared_error": error,
            "reference_error": subspace_error(network.n_hidden, n_in),
            "error_ratio": error_ratio(error, network.n_hidden, n_in),
        }

    return Task(
        name="mem_thru",
        n_in=n_in,
        n_out=n_in,
        n_steps=n_steps,
        n_reads=1,
        draw=draw,
        batch=batch,
        evaluation=partial(held_out, 0),
        validation=partial(held_out, n_evaluation),
        n_evaluation=n_evaluation,
        score=score,
        measures=measures,
        chance=1.0,
        objective="squared_error",
        reported=("values_recalled", "reference_error", "error_ratio", "squared_error"),
    )
