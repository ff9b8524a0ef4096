"""The memorization task under other conditions: sparse or repeated inputs, more labels than two, unequal ones.

`per_cap`, the paper's task, is the case of every default. What labels tell is measured in bits, so that conditions can
be compared: two labels of which one has a share of a tenth hold 0.47 bits each, eight labels 3.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Literal, NamedTuple, get_args

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Key

from capacity_jax.checks import check_size, unknown
from capacity_jax.estimators.mutual_information import bits_per_parameter, class_information, table_information
from capacity_jax.tasks.base import Batch, Task, one_for_equal_arguments
from capacity_jax.tasks.fixed_set import fixed_set, readers
from capacity_jax.tasks.per_cap import largest_b, per_cap

Heard = Literal["once", "always"]


class Labels(NamedTuple):
    """What is remembered.

    Attributes:
      n_out: outputs that a label is read from.
      draw: `(key, n) -> [n]` labels.
      score: `(outputs [n_out], label) -> scalars` by name.
      information: `scores -> bits` that one answer tells of its label, from means of the scores.
      chance: loss of who knows nothing but how frequent each label is.
    """

    n_out: int
    draw: Callable[[Key[Array, ""], int], Array]
    score: Callable[[Float[Array, " n_out"], Any], Mapping[str, Array]]
    information: Callable[[Mapping[str, float]], float]
    chance: float


@one_for_equal_arguments
def label_memory(
    n_in: int = 32,
    b_max: int = 16384,
    n_steps: int = 5,
    heard: Heard = "once",
    ones: float = 0.5,
    n_labels: int = 2,
    label_share: float = 0.5,
) -> Task:
    """Random labels of random binary inputs, to be remembered, under chosen conditions.

    Args:
      n_in: number of inputs.
      b_max: the largest b a member may ask for; it sizes the arrays and changes no result.
      n_steps: steps until the label is read.
      heard: whether the input is heard at the first step alone, or `always`, at every step.
      ones: share of the inputs that are 1; the others are 0. All are scaled to mean 0 and variance 1.
      n_labels: number of labels, equally frequent where they are more than two.
      label_share: of two labels, the share of the second (Gardner 1988 calls patterns of unequal shares correlated).

    Raises:
      ValueError: a size is not a whole number of at least 1, n_labels is below 2, a share does not lie between 0 and 1,
        or label_share is given where labels are more than two.

    Example:
      >>> from capacity_jax.tasks import label_memory
      >>> label_memory(n_labels=8).n_out
      8
    """
    for name, value in {"n_in": n_in, "b_max": b_max, "n_steps": n_steps, "n_labels": n_labels}.items():
        check_size(name, value)
    if heard not in get_args(Heard):
        raise unknown("heard", heard, get_args(Heard))
    for name, share in {"ones": ones, "label_share": label_share}.items():
        if not 0 < share < 1:
            raise ValueError(f"{name} is {share}; allowed: a share between 0 and 1")
    if n_labels == 1 or (n_labels > 2 and label_share != 0.5):
        raise ValueError(f"n_labels is {n_labels}; allowed: 2, or more where label_share is 0.5")
    labels = binary_labels(label_share) if n_labels == 2 else equal_labels(n_labels)

    def draw(key, hparams, size):
        x_key, label_key = jax.random.split(key)
        bits = jax.random.bernoulli(x_key, ones, (b_max, n_in)).T.astype(float)
        scaled = (bits - ones) / np.sqrt(ones * (1 - ones))
        drawn = jnp.vstack([scaled, labels.draw(label_key, b_max).astype(float)])
        return fixed_set(drawn, jnp.asarray(hparams["b"], jnp.int32), size)

    def to_batch(examples, weights):
        xs = examples[:n_in].T[:, None]
        repeats = n_steps if heard == "always" else 1
        return Batch(jnp.repeat(xs, repeats, axis=1), examples[n_in], weights)

    batch, evaluation = readers(to_batch)

    def measures(scores, hparams, network):
        bits = hparams["b"] * labels.information(scores)
        return {"bits": bits, "bits_per_parameter": bits_per_parameter(bits, network.n_params)}

    def fit(network, settings):
        return label_memory(n_in, largest_b(network, settings) or b_max, n_steps, heard, ones, n_labels, label_share)

    return replace(
        per_cap(n_in, b_max, n_steps),
        name="label_memory",
        n_out=labels.n_out,
        draw=draw,
        batch=batch,
        evaluation=evaluation,
        score=lambda outputs, label: labels.score(outputs[-1], label),
        measures=measures,
        chance=labels.chance,
        fit=fit,
        # Those of this function, not of `per_cap`.
        builder="",
        arguments={},
    )


def binary_labels(share: float) -> Labels:
    """Labels 0 and 1, the second with this share, read from the sign of one output.

    Bits are the mutual information of label and answer in their table of four shares.
    """

    def score(outputs, label):
        answer = (outputs[0] > 0).astype(float)
        return {
            "loss": optax.sigmoid_binary_cross_entropy(outputs[0], label),
            "accuracy": (answer == label).astype(float),
            "label": label,
            "answer": answer,
            "both": label * answer,
        }

    def information(scores):
        label, answer, both = scores["label"], scores["answer"], scores["both"]
        return table_information(np.array([[1 - label - answer + both, answer - both], [label - both, both]]))

    chance = -share * np.log(share) - (1 - share) * np.log(1 - share)
    return Labels(1, lambda key, n: jax.random.bernoulli(key, share, (n,)), score, information, float(chance))


def equal_labels(n: int) -> Labels:
    """Labels 0 to n − 1, equally frequent, read from the largest of n outputs; bits as `class_information` has them."""

    def score(outputs, label):
        place = label.astype(int)
        return {
            "loss": optax.softmax_cross_entropy_with_integer_labels(outputs, place),
            "accuracy": (jnp.argmax(outputs) == place).astype(float),
        }

    def information(scores):
        return class_information(scores["accuracy"], n)

    return Labels(n, lambda key, size: jax.random.randint(key, (size,), 0, n), score, information, float(np.log(n)))
