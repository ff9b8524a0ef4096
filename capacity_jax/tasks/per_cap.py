"""Per-parameter capacity: random binary labels of random binary inputs, to be remembered (Collins et al. 2017).

The input is heard at the first step, the label is asked for at the last. How many labels, b, is a
hyperparameter of each member: traced, padded to `b_max`, the padding weightless. The paper's inputs of 0 and 1 are
centred to −1 and 1, which the first weights and biases can undo: capacity is the same, learning faster (2,145
parameters, 100,000 steps: 3.4 bits per parameter instead of 3.0).
"""

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax

from capacity_jax.checks import check_size
from capacity_jax.estimators.mutual_information import bits_per_parameter, mutual_information
from capacity_jax.tasks.base import Batch, Task


def per_cap(n_in: int = 32, b_max: int = 16384, n_steps: int = 5) -> Task:
    """The memorization task; its capacity is the largest mutual information over b and all else.

    Args:
      n_in: number of inputs, each −1 or 1. Fewer than log2(b) make inputs repeat.
      b_max: the largest b a member may ask for; it sizes the arrays and changes no result.
      n_steps: steps until the label is read (5 in the paper).

    Raises:
      ValueError: a size is not a whole number of at least 1.

    Example:
      >>> import jax
      >>> from capacity_jax import per_cap
      >>> task = per_cap(n_in=32, b_max=1000)
      >>> data = task.draw(jax.random.key(0), {"b": 500}, 64)
      >>> task.batch((), data, jax.random.key(1), 0, 64).xs.shape
      (64, 1, 32)
    """
    check_size("n_in", n_in)
    check_size("b_max", b_max)
    check_size("n_steps", n_steps)

    def draw(key, hparams, size):
        x_key, label_key = jax.random.split(key)
        xs = jax.random.bernoulli(x_key, shape=(b_max, n_in))
        labels = jax.random.bernoulli(label_key, shape=(b_max,))
        # Rows past b repeat the first ones: a window that starts anywhere below b is one contiguous slice.
        b = jnp.asarray(hparams["b"], jnp.int32)
        rows = jnp.arange(b_max + size) % b
        # Feature-major, as the network hears a batch: no step has to transpose its window.
        return {"b": b, "xs": 2.0 * xs[rows].T - 1.0, "labels": labels[rows].astype(float)}

    def window(data, start, size, weights):
        xs = lax.dynamic_slice_in_dim(data["xs"], start, size, axis=1)
        return Batch(xs.T[:, None], lax.dynamic_slice_in_dim(data["labels"], start, size), weights.astype(float))

    def batch(shared, data, key, step, size):
        # A window at a random place learns as well as drawing every row anew (100,000 steps, 2,145 parameters: 4.0
        # bits per parameter with either) at the cost of a copy; windows in sequence reach 3.4.
        # One hash of the key; `randint` makes three to leave out a bias of b over 2^32.
        start = (jax.random.bits(key, (), jnp.uint32) % data["b"].astype(jnp.uint32)).astype(jnp.int32)
        return window(data, start, size, jnp.arange(size) < data["b"])

    def evaluation(shared, data, i, size):
        rows = i * size + jnp.arange(size)
        return window(data, i * size, size, rows < data["b"])

    def score(outputs, label):
        logit = outputs[-1, 0]
        return {
            "loss": optax.sigmoid_binary_cross_entropy(logit, label),
            "accuracy": ((logit > 0) == (label > 0.5)).astype(float),
        }

    def measures(scores, hparams, network):
        bits = float(mutual_information(scores["accuracy"], hparams["b"]))
        return {"bits": bits, "bits_per_parameter": bits_per_parameter(bits, network.n_params)}

    def check(hparams):
        if not 1 <= hparams["b"] <= b_max:
            raise ValueError(f"b is {hparams['b']}; it must be a whole number from 1 to b_max, {b_max}")

    return Task(
        name="per_cap",
        n_in=n_in,
        n_out=1,
        n_steps=n_steps,
        n_reads=1,
        draw=draw,
        batch=batch,
        evaluation=evaluation,
        n_evaluation=b_max,
        score=score,
        measures=measures,
        chance=float(np.log(2)),
        columns=("bits", "bits_per_parameter"),
        maximize=True,
        check=check,
        hyperparameters={"b": b_max},
    )
