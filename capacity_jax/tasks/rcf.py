"""Random continuous functions: random real targets of random inputs, to be remembered (Collins et al. 2017).

One fixed data set, larger than any network can hold; the weights of its examples fall off, so that a larger
network always finds more that is worth its while.
"""

import jax
import jax.numpy as jnp
import numpy as np

from capacity_jax.checks import check_size
from capacity_jax.estimators.mutual_information import bits_per_parameter
from capacity_jax.estimators.rate_distortion import weighted_gaussian_bits
from capacity_jax.tasks.base import Batch, Task, one_for_equal_arguments
from capacity_jax.tasks.windows import windows


@one_for_equal_arguments
def rcf(
    n_examples: int = 1_000_000,
    n_in: int = 50,
    smallest_weight: float = 1e-3,
    n_steps: int = 5,
    n_evaluation: int | None = None,
    seed: int = 0,
) -> Task:
    """The random-function task: Gaussian inputs scaled to unit norm, standard normal targets.

    The input is heard at the first step, the target read at the last. Example i of n = n_examples, counted from 1,
    weighs i^−a with a = ln(1/smallest_weight)/ln(n), a power law from 1 to smallest_weight: a = 1/2 by default.
    Examples are stored in random order. Training draws them uniformly and weighs their errors, as evaluation does;
    since a batch divides by its own sum of weights, an example that outweighs the rest of its batch counts for less
    there. With batches of 64 this moves 2% of the weight off the heaviest of 10^6 examples, 15% of 1,000.

    Scores, weighted means: `loss`, the squared error, and `variance`, the mean square of the targets, which is the
    squared error of answering 0. The measures are `squared_error`, the fewest `bits` about the data set that allow this
    error (`weighted_gaussian_bits`), and `bits_per_parameter`: 0 for a network that answers 0.

    Args:
      n_examples: size of the data set (10^6 in the paper).
      n_in: dimensions of the input (50 in the paper).
      smallest_weight: weight of the last example (1e-3 in the paper).
      n_steps: steps until the target is read (5, as in per_cap: our choice).
      n_evaluation: evaluate on that many examples, the first in storage and so a fixed random sample; by
        default on all. With fewer, bits carry the sampling error of the loss.
      seed: the data set's seed; all members of a task learn the same one.

    Raises:
      ValueError: a size is not a whole number of at least 1 (n_examples: 2), n_evaluation exceeds n_examples,
        smallest_weight is not above 0 and at most 1, or seed is not a whole number of at least 0.

    Example:
      >>> from capacity_jax import rcf
      >>> task = rcf(n_examples=20_000)
      >>> task.n_in, task.reported
      (50, ('bits', 'bits_per_parameter', 'squared_error'))
    """
    check_size("n_examples", n_examples, at_least=2)
    check_size("n_in", n_in)
    check_size("n_steps", n_steps)
    check_size("seed", seed, at_least=0)
    n_evaluation = n_examples if n_evaluation is None else n_evaluation
    check_size("n_evaluation", n_evaluation)
    if n_evaluation > n_examples:
        raise ValueError(f"n_evaluation is {n_evaluation}; it must be at most n_examples, {n_examples}")
    if not 0 < smallest_weight <= 1:
        raise ValueError(f"smallest_weight is {smallest_weight!r}; it must be above 0 and at most 1")
    ranks = np.arange(1, n_examples + 1)
    weights = smallest_weight ** (np.log(ranks) / np.log(n_examples))

    @jax.jit
    def shared():
        x_key, target_key, order_key = jax.random.split(jax.random.key(seed), 3)
        xs = jax.random.normal(x_key, (n_examples, n_in))
        return {
            "xs": xs / jnp.linalg.norm(xs, axis=1, keepdims=True),
            "targets": jax.random.normal(target_key, (n_examples,)),
            "weights": jax.random.permutation(order_key, jnp.asarray(weights, float)),
        }

    def window(shared, start, size):
        """The rows that are stored from `start` on, or the last ones if fewer than `size` follow."""
        if size > n_examples:
            raise ValueError(f"batch_size is {size}; it must be at most n_examples, {n_examples}")
        return jax.tree.map(lambda rows: windows(rows, jnp.asarray(start), size), shared)

    def batch(shared, data, key, step, size):
        # A window at a random place costs a fraction of a gather and, from a storage in random order, is as
        # good a sample. Past the end it goes on at the beginning, so that every example is equally likely.
        start = jax.random.randint(key, (), 0, n_examples)
        past_end = jnp.arange(size) < start - (n_examples - size)
        first, rows = window(shared, 0, size), window(shared, start, size)
        return Batch(
            jnp.where(past_end[:, None], first["xs"], rows["xs"])[:, None],
            jnp.where(past_end, first["targets"], rows["targets"]),
            jnp.where(past_end, first["weights"], rows["weights"]),
        )

    def evaluation(shared, data, i, size):
        # The last window reaches back over rows that the one before it has covered: they weigh nothing here.
        indices = jnp.minimum(i * size, n_examples - size) + jnp.arange(size)
        counts = (indices >= i * size) & (indices < n_evaluation)
        rows = window(shared, i * size, size)
        return Batch(rows["xs"][:, None], rows["targets"], rows["weights"] * counts)

    def score(outputs, target):
        return {"loss": (outputs[-1, 0] - target) ** 2, "variance": target**2}

    def measures(scores, hparams, network):
        bits = weighted_gaussian_bits(scores["loss"], weights, scores["variance"])
        return {
            "squared_error": scores["loss"],
            "bits": bits,
            "bits_per_parameter": bits_per_parameter(bits, network.n_params),
        }

    return Task(
        name="rcf",
        n_in=n_in,
        n_out=1,
        n_steps=n_steps,
        n_reads=1,
        draw=lambda key, hparams, size: (),
        batch=batch,
        evaluation=evaluation,
        n_evaluation=n_evaluation,
        score=score,
        measures=measures,
        chance=1.0,
        objective="squared_error",
        reported=("bits", "bits_per_parameter", "squared_error"),
        shared=shared,
    )
