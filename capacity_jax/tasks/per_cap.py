"""Per-parameter capacity: random binary labels of random binary inputs, to be remembered (Collins et al. 2017).

The input is heard at the first step, the label is asked for at the last. How many labels, b, is a
hyperparameter of each member: traced, padded to `b_max`, the padding weightless. The paper's inputs are 0 and 1. Those
of −1 and 1 are the same but for a change of the first weights and biases, and they are learned faster.
"""

from collections.abc import Sequence
from typing import Literal, get_args

import jax
import jax.numpy as jnp
import numpy as np
import optax

from capacity_jax.cells.hyperparameters import Hyperparameter
from capacity_jax.checks import check_size, unknown
from capacity_jax.estimators.mutual_information import bits_per_parameter, mutual_information
from capacity_jax.networks import Network
from capacity_jax.tasks.base import Batch, Settings, Task, one_for_equal_arguments
from capacity_jax.tasks.fixed_set import fixed_set, readers
from capacity_jax.tasks.scaling import best_decay, best_labels, best_rate

Inputs = Literal["centred", "binary"]


@one_for_equal_arguments
def per_cap(n_in: int = 32, b_max: int = 16384, n_steps: int = 5, inputs: Inputs = "centred") -> Task:
    """The memorization task; its capacity is the largest mutual information over b and all else.

    Args:
      n_in: number of inputs. Fewer than log2(b) make inputs repeat.
      b_max: the largest b a member may ask for; it sizes the arrays and changes no result.
      n_steps: steps until the label is read (5 in the paper).
      inputs: `centred`, each −1 or 1; or `binary`, the paper's 0 or 1.

    Raises:
      ValueError: a size is not a whole number of at least 1, or inputs are neither.

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
    if inputs not in get_args(Inputs):
        raise unknown("inputs", inputs, get_args(Inputs))

    def draw(key, hparams, size):
        x_key, label_key = jax.random.split(key)
        xs = jax.random.bernoulli(x_key, shape=(b_max, n_in))
        labels = jax.random.bernoulli(label_key, shape=(b_max,))
        b = jnp.asarray(hparams["b"], jnp.int32)
        bits = xs.T.astype(float)
        drawn = jnp.vstack([bits if inputs == "binary" else 2.0 * bits - 1.0, labels.astype(float)])
        return fixed_set(drawn, b, size)

    def to_batch(examples, weights):
        return Batch(examples[:n_in].T[:, None], examples[n_in], weights)

    batch, evaluation = readers(to_batch)

    def score(outputs, label):
        logit = outputs[-1, 0]
        return {
            "loss": optax.sigmoid_binary_cross_entropy(logit, label),
            "accuracy": ((logit > 0) == (label > 0.5)).astype(float),
        }

    def measures(scores, hparams, network):
        bits = float(mutual_information(scores["accuracy"], hparams["b"]))
        return {"bits": bits, "bits_per_parameter": bits_per_parameter(bits, network.n_params)}

    def fit(network, settings):
        return per_cap(n_in, largest_b(network, settings) or b_max, n_steps, inputs)

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
        objective="bits_per_parameter",
        reported=("bits", "bits_per_parameter"),
        maximize=True,
        hyperparameters={"b": Hyperparameter(b_max, at_least=1, at_most=b_max)},
        expand=expand,
        fit=fit,
        # Between them the paper's cells: gated ones want fewer labels, and stand larger rates.
        initial_settings=(
            {"relative_rate": 0.8, "relative_labels": 1.05},
            {"relative_rate": 1.6, "relative_labels": 0.95},
        ),
        space={"b_per_parameter": (2.0, 5.5)},
    )


def expand(network: Network, settings: Settings) -> Settings:
    """Settings for one network, in place of those for networks of any size.

    `b_per_parameter`, the number of labels over that of parameters, or its range, becomes `b`. So does
    `relative_labels`, and `relative_rate` becomes `lr_init` and `weight_decay`: shares of what `best_labels` and
    `best_rate` say for the network and the setting's `train_steps`, and the decay that `best_decay` gives beside it.

    Raises:
      ValueError: the first is neither a positive number nor two in order, or one of the others no positive number or
        without a number of training steps beside it.

    Example:
      >>> from capacity_jax import Network, rnn
      >>> from capacity_jax.tasks.per_cap import expand
      >>> expand(Network(rnn, 8, 16, 1), {"b_per_parameter": (2.0, 4.5)})
      {'b': [866, 1948]}
    """
    spelt = {}
    for name, value in settings.items():
        if name == "b_per_parameter":
            spelt["b"] = _labels(value, network.n_params)
        elif name == "relative_labels":
            share = _share(name, value, settings)
            spelt["b"] = _labels(share * best_labels(network.n_params, settings["train_steps"]), network.n_params)
        elif name == "relative_rate":
            share, steps = _share(name, value, settings), settings["train_steps"]
            rate = share * best_rate(network.n_params, steps)
            spelt |= {"lr_init": rate, "weight_decay": best_decay(rate, steps)}
        else:
            spelt[name] = value
    return spelt


def largest_b(network: Network, settings: Sequence[Settings]) -> int | None:
    """The largest b that settings and ranges ask for; None where none asks."""
    asked = [value for one in settings if "b" in (spelt := expand(network, one)) for value in np.ravel(spelt["b"])]
    return int(max(asked)) if asked else None


def _share(name, value, settings):
    numbers = [value, settings.get("train_steps")]
    if not all(isinstance(one, int | float) and 0 < one < np.inf for one in numbers):
        raise ValueError(
            f"{name} is {value!r} beside train_steps {numbers[1]!r}; allowed: a positive number beside one of steps"
        )
    return value


def _labels(per_parameter, n_params):
    values = per_parameter if isinstance(per_parameter, list | tuple) else (per_parameter,)
    numbers = all(isinstance(value, int | float) and 0 < value < np.inf for value in values)
    if len(values) not in (1, 2) or not numbers or values[0] > values[-1]:
        raise ValueError(
            f"b_per_parameter is {per_parameter!r}; allowed: a positive number, or two in order: the range"
        )
    labels = [max(1, round(value * n_params)) for value in values]
    return labels if isinstance(per_parameter, list | tuple) else labels[0]
