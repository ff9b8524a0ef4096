"""One optimizer whose every setting, the choice of algorithm included, is a traced hyperparameter."""

from collections.abc import Callable
from inspect import signature
from typing import NamedTuple, Protocol, TypeVar

import jax
import jax.numpy as jnp
import optax
from jax import lax
from jaxtyping import Array, Float, Int

from capacity_jax.cells.base import HParams, Params
from capacity_jax.cells.hyperparameters import Hyperparameter

ADAM_B2 = 0.999
# The attribute of an update rule that holds the hyperparameters it declares.
DECLARED = "hyperparameters"
EPSILON = 1e-8
# Ranges of Collins et al. 2017, appendix.
HYPERPARAMETERS = {
    "optimizer": Hyperparameter("adam", choices=("sgd", "momentum", "rmsprop", "adam")),
    "lr_init": Hyperparameter(0.005, range=(1e-4, 1e-1), log=True, above=0),
    "lr_decay_rate": Hyperparameter(0.01, range=(1e-3, 1.0), log=True, above=0),
    "optimizer_logit_momentum": Hyperparameter(2.2, range=(1.0, 7.0)),
    "gradient_clip_val": Hyperparameter(1.0, range=(1.0, 100.0), log=True, above=0),
    "l2_decay": Hyperparameter(0.0, range=(1e-8, 1e-3), log=True, at_least=0),
    # Ours, and so without a range: the paper's space stays the paper's.
    "weight_decay": Hyperparameter(0.0, log=True, at_least=0),
    "train_steps": Hyperparameter(50_000, range=(50_000, 20_000_000), log=True, at_least=1),
}


class OfHyperparameters(Protocol):
    """An update rule of a user's own: any optax transformation, made from a member's hyperparameters.

    Hyperparameters of its own it declares with `with_hyperparameters`.
    """

    def __call__(self, hparams: HParams, /) -> optax.GradientTransformation:
        """The rule for one member, as `optimizer` makes it; it is given the tree of the network's parameters.

        Args:
          hparams: all hyperparameters, traced. A schedule is a function of the step, such as
            `lambda count: hparams["lr_init"] * hparams["lr_decay_rate"] ** (count / hparams["train_steps"])`; those
            that optax makes want numbers known beforehand.
        """
        ...


class OfWeights(Protocol):
    """An update rule that also asks which parameters are weights, by an argument of that name."""

    def __call__(self, hparams: HParams, /, decayed: Params) -> optax.GradientTransformation:
        """The rule for one member.

        Args:
          hparams: all hyperparameters, traced.
          decayed: for each value of the parameters, 1 where decay applies and 0 elsewhere.
        """
        ...


Transformation = OfHyperparameters | OfWeights
Rule = TypeVar("Rule", bound=Transformation)


def with_hyperparameters(**declared: Hyperparameter) -> Callable[[Rule], Rule]:
    """Declares hyperparameters that an update rule reads besides those of training, whose ranges it may also change.

    Example:
      >>> import optax
      >>> from capacity_jax import Hyperparameter
      >>> from capacity_jax.training import with_hyperparameters
      >>> @with_hyperparameters(decay=Hyperparameter(0.999, range=(0.9, 0.9999)))
      ... def lion(hparams):
      ...     return optax.lion(hparams["lr_init"], b2=hparams["decay"])
    """

    def declare(rule: Rule) -> Rule:
        setattr(rule, DECLARED, declared)
        return rule

    return declare


def make_rule(rule: Transformation, hparams: HParams, decayed: Params) -> optax.GradientTransformation:
    """An update rule for one member, of either kind."""
    return rule(hparams, **({"decayed": decayed} if "decayed" in signature(rule).parameters else {}))


def hyperparameters_of_rule(rule: Transformation | None) -> dict[str, Hyperparameter]:
    """Those that training has under an update rule, or under ours."""
    return HYPERPARAMETERS | getattr(rule, DECLARED, {})


class Moments(NamedTuple):
    """What any of the four algorithms remembers: the step count, a first and a second moment of the gradient."""

    count: Int[Array, ""]
    first: Params
    second: Params


def no_moments(params: Params) -> Moments:
    """The moments before the first step."""
    zeros = jax.tree.map(jnp.zeros_like, params)
    return Moments(jnp.zeros((), jnp.int32), zeros, zeros)


class Coefficients(NamedTuple):
    """All four algorithms are first / (√(second + inside) + outside), for some of these.

    A few passes over the parameters under whatever choice, where a `lax.switch` copies every array around its branches.
    """

    decay_1: Float[Array, "..."]
    gain_1: Float[Array, "..."]
    decay_2: Float[Array, "..."]
    gain_2: Float[Array, "..."]
    inside: Float[Array, "..."]
    outside: Float[Array, "..."]


def coefficients(hparams: HParams) -> Coefficients:
    """Those of the algorithm that hparams choose."""
    momentum = jax.nn.sigmoid(hparams["optimizer_logit_momentum"])

    def pick(sgd, heavy_ball, rmsprop, adam):
        values = [jnp.broadcast_to(jnp.float32(value), momentum.shape) for value in (sgd, heavy_ball, rmsprop, adam)]
        return lax.select_n(_choice(hparams), *values)

    return Coefficients(
        decay_1=pick(0, momentum, 0, momentum),
        gain_1=pick(1, 1, 1, 1 - momentum),
        decay_2=pick(0, 0, momentum, ADAM_B2),
        gain_2=pick(0, 0, 1 - momentum, 1 - ADAM_B2),
        inside=pick(1, 1, EPSILON, 0),
        outside=pick(0, 0, 0, EPSILON),
    )


def schedule(hparams: HParams, count: Int[Array, "..."]) -> tuple[Array, Array, Array]:
    """The learning rate after so many steps, and what Adam divides its moments by."""
    is_adam = _choice(hparams) == HYPERPARAMETERS["optimizer"].choices.index("adam")
    momentum = jax.nn.sigmoid(hparams["optimizer_logit_momentum"])
    bias_1 = jnp.where(is_adam, 1 - momentum ** (count + 1), 1)
    bias_2 = jnp.where(is_adam, 1 - ADAM_B2 ** (count + 1), 1)
    rate = hparams["lr_init"] * hparams["lr_decay_rate"] ** (count / hparams["train_steps"])
    return rate, bias_1, bias_2


def optimizer(hparams: HParams, decayed: Params) -> optax.GradientTransformation:
    """The update rule of one member (Collins et al. 2017, appendix).

    The gradient of the loss and of l2_decay/2·|W|² over the weights is clipped to a global norm of
    `gradient_clip_val`, passed through the algorithm `optimizer` with the
    momentum-like constant σ(`optimizer_logit_momentum`) (Momentum: decay of the sum of gradients; RMSProp: decay of
    the squared gradient, v, by whose √(v + 1e-8) it divides, epsilon inside the root and no bias corrected; Adam: β1,
    with β2 = 0.999, √v + 1e-8, both biases corrected), and scaled by −`lr_init`·`lr_decay_rate`^(step/`train_steps`).
    Each step also takes the share rate·`weight_decay` from the weights (decoupled decay: Loshchilov & Hutter 2019).

    Args:
      hparams: every entry of `HYPERPARAMETERS`, traced or not.
      decayed: for each value of the parameters, 1 where both kinds of decay apply and 0 elsewhere.
    """
    c = coefficients(hparams)

    def update(updates, state, params=None):
        change, first, second = descend(c, schedule(hparams, state.count), hparams, updates, state, params, decayed)
        return change, Moments(state.count + 1, first, second)

    return optax.GradientTransformation(no_moments, update)


def descend(
    c: Coefficients,
    scheduled: tuple[Array, Array, Array],
    hparams: HParams,
    gradients: Params,
    moments: Moments,
    params: Params,
    decayed: Params,
) -> tuple[Params, Params, Params]:
    """What `optimizer` does once its coefficients and schedule are known: change of the parameters, both moments."""
    gradients = jax.tree.map(lambda g, p, d: g + hparams["l2_decay"] * d * p, gradients, params, decayed)
    norm = jnp.sqrt(sum(jnp.sum(jnp.square(g)) for g in jax.tree.leaves(gradients)))
    shrink = jnp.minimum(1, hparams["gradient_clip_val"] / norm)
    first = jax.tree.map(lambda m, g: c.decay_1 * m + c.gain_1 * (shrink * g), moments.first, gradients)
    second = jax.tree.map(lambda v, g: c.decay_2 * v + c.gain_2 * (shrink * g) ** 2, moments.second, gradients)
    rate, bias_1, bias_2 = scheduled

    def change(m, v, p, d):
        descent = -(rate / bias_1) * m / (jnp.sqrt(v / bias_2 + c.inside) + c.outside)
        return descent - rate * hparams["weight_decay"] * d * p

    return jax.tree.map(change, first, second, params, decayed), first, second


def _choice(hparams):
    return HYPERPARAMETERS["optimizer"].index("optimizer", hparams["optimizer"])
