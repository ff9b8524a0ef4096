"""One optimizer whose every setting, the choice of algorithm included, is a traced hyperparameter."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import lax
from jaxtyping import Array, Int

from capacity_jax.cells.base import HParams, Params
from capacity_jax.cells.weights import chosen

CHOICES = {"optimizer": ("sgd", "momentum", "rmsprop", "adam")}
ADAM_B2 = 0.999
EPSILON = 1e-8
HYPERPARAMETERS = {
    "optimizer": "adam",
    "lr_init": 0.005,
    "lr_decay_rate": 0.01,
    "optimizer_logit_momentum": 2.2,
    "gradient_clip_val": 1.0,
    "l2_decay": 0.0,
    "train_steps": 50_000,
}


class Moments(NamedTuple):
    """What any of the four algorithms remembers: the step count, a first and a second moment of the gradient."""

    count: Int[Array, ""]
    first: Params
    second: Params


def optimizer(hparams: HParams, decayed: Params | None = None) -> optax.GradientTransformation:
    """The update rule of one member (Collins et al. 2017, appendix).

    The gradient of the loss and of l2_decay/2·|W|² over the weight matrices is clipped to a global norm of
    `gradient_clip_val`, passed through the algorithm `optimizer` (one of `CHOICES`) with the
    momentum-like constant σ(`optimizer_logit_momentum`) (Momentum: decay of the sum of gradients; RMSProp: decay of
    the squared gradient; Adam: β1, with β2 = 0.999), and scaled by −`lr_init`·`lr_decay_rate`^(step/`train_steps`).

    Args:
      hparams: every entry of `HYPERPARAMETERS`, traced or not.
      decayed: for each value of the parameters, 1 where L2 decay applies and 0 elsewhere; by default 1 for matrices.
    """
    choice = chosen("optimizer", hparams, CHOICES)
    momentum = jax.nn.sigmoid(hparams["optimizer_logit_momentum"])

    def pick(sgd, heavy_ball, rmsprop, adam):
        return lax.select_n(choice, *map(jnp.float32, (sgd, heavy_ball, rmsprop, adam)))

    # All four are first / (√(second + inside) + outside) for some coefficients: a few passes over the parameters
    # under whatever choice, where a `lax.switch` copies every array around its branches.
    decay_1, gain_1 = pick(0, momentum, 0, momentum), pick(1, 1, 1, 1 - momentum)
    decay_2, gain_2 = pick(0, 0, momentum, ADAM_B2), pick(0, 0, 1 - momentum, 1 - ADAM_B2)
    inside, outside = pick(1, 1, EPSILON, 0), pick(0, 0, 0, EPSILON)
    is_adam = choice == CHOICES["optimizer"].index("adam")

    def init(params):
        zeros = jax.tree.map(jnp.zeros_like, params)
        return Moments(jnp.zeros((), jnp.int32), zeros, zeros)

    def update(updates, state, params=None):
        decays = jax.tree.map(lambda leaf: leaf.ndim > 1, params) if decayed is None else decayed
        gradients = jax.tree.map(lambda g, p, d: g + hparams["l2_decay"] * d * p, updates, params, decays)
        shrink = jnp.minimum(1, hparams["gradient_clip_val"] / optax.tree.norm(gradients))
        first = jax.tree.map(lambda m, g: decay_1 * m + gain_1 * (shrink * g), state.first, gradients)
        second = jax.tree.map(lambda v, g: decay_2 * v + gain_2 * (shrink * g) ** 2, state.second, gradients)
        count = state.count + 1
        bias_1 = jnp.where(is_adam, 1 - momentum**count, 1)
        bias_2 = jnp.where(is_adam, 1 - ADAM_B2**count, 1)
        rate = hparams["lr_init"] * hparams["lr_decay_rate"] ** (state.count / hparams["train_steps"]) / bias_1
        updates = jax.tree.map(lambda m, v: -rate * m / (jnp.sqrt(v / bias_2 + inside) + outside), first, second)
        return updates, Moments(count, first, second)

    return optax.GradientTransformation(init, update)
