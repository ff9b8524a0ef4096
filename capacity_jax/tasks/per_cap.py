"""Per-parameter capacity: random binary labels of random binary inputs, to be remembered (Collins et al. 2017).

The input is heard at the first step, the label is asked for at the last. How many labels, b, is a
hyperparameter of each member: traced, padded to `b_max`, the padding weightless. The paper's inputs are 0 and 1. Those
of −1 and 1 are the same but for a change of the first weights and biases, and they are learned faster.
"""

from collections.abc import Sequence
from typing import Any, Literal, get_args

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
from capacity_jax.tasks.scaling import SCALINGS, best_decay

Inputs = Literal["centred", "binary"]


@one_for_equal_arguments
def per_cap(n_in: int = 32, b_max: int = 16384, n_steps: int = 5, inputs: Inputs = "centred") -> Task:
    """The memorization task; its capacity is the largest mutual information over b and all else.

    Settings may ask for labels by `b_per_parameter`, and for shares of the labels and the learning rate that are best
    for a network and its training by `relative_labels` and `relative_rate` (`expand`).

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
        space={"b_per_parameter": (1.0, 5.5)},
    )


def expand(network: Network, settings: Settings) -> Settings:
    """Settings for one network, in place of those for networks of any size.

    `b_per_parameter`, the number of labels over that of parameters, or its range, becomes `b`. So does
    `relative_labels`, and `relative_rate` becomes `lr_init` and, unless it is given, `weight_decay`: shares of what is
    best for size and depth of the network and the setting's `train_steps` (`capacity_jax.tasks.scaling`), and the decay
    that goes with it. `relative_to` says by which update rule, `adam` (the default) or `soap`.

    Raises:
      ValueError: the first is neither a positive number nor two in order, one of the shares no positive number or
        without a number of training steps beside it, or `relative_to` is another rule or stands without a share.

    Example:
      >>> from capacity_jax import Network, rnn
      >>> from capacity_jax.tasks.per_cap import expand
      >>> expand(Network(rnn, 8, 16, 1), {"b_per_parameter": (2.0, 4.5)})
      {'b': [866, 1948]}
    """
    rule = settings.get("relative_to", "adam")
    if not isinstance(rule, str) or rule not in SCALINGS:
        raise unknown("relative_to", rule, SCALINGS)
    if "relative_to" in settings and not {"relative_rate", "relative_labels"} & settings.keys():
        raise ValueError(f"relative_to is {rule!r}; allowed: beside relative_rate or relative_labels")
    scaling, spelt = SCALINGS[rule], {}
    for name, value in settings.items():
        if name == "b_per_parameter":
            spelt["b"] = _labels(value, network.n_params)
        elif name == "relative_labels":
            share, steps = _share_and_steps(name, settings)
            spelt["b"] = _labels(share * scaling.best_labels(network.n_params, steps, network.depth), network.n_params)
        elif name == "relative_rate":
            share, steps = _share_and_steps(name, settings)
            rate = share * scaling.best_rate(network.n_params, steps, network.depth)
            spelt |= {"lr_init": rate}
            if "weight_decay" not in settings:
                spelt |= {"weight_decay": best_decay(rate, steps)}
        elif name != "relative_to":
            spelt[name] = value
    return spelt


def largest_b(network: Network, settings: Sequence[Settings]) -> int | None:
    """The largest b that settings and ranges ask for; None where none asks."""
    asked = [value for one in settings if "b" in (spelt := expand(network, one)) for value in np.ravel(spelt["b"])]
    return int(max(asked)) if asked else None


def _share_and_steps(name: str, settings: Settings) -> tuple[Any, Any]:
    share, steps = settings[name], settings.get("train_steps")
    if not all(isinstance(one, int | float | np.number) and 0 < one < np.inf for one in (share, steps)):
        raise ValueError(
            f"{name} is {share!r} beside train_steps {steps!r}; allowed: a positive number beside one of steps"
        )
    return share, steps


def _labels(per_parameter, n_params):
    values = per_parameter if isinstance(per_parameter, list | tuple) else (per_parameter,)
    numbers = all(isinstance(value, int | float) and 0 < value < np.inf for value in values)
    if len(values) not in (1, 2) or not numbers or values[0] > values[-1]:
        raise ValueError(
            f"b_per_parameter is {per_parameter!r}; allowed: a positive number, or two in order: the range"
        )
    labels = [max(1, round(value * n_params)) for value in values]
    return labels if isinstance(per_parameter, list | tuple) else labels[0]
