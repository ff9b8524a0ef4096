"""One optimizer whose every setting, the choice of algorithm included, is a traced hyperparameter."""

from typing import NamedTuple, cast

import jax
import jax.numpy as jnp
import optax
from jax import lax
from jaxtyping import Array, Int

from capacity_jax.cells.base import HParams, Params
from capacity_jax.cells.weights import chosen

CHOICES = {"optimizer": ("sgd", "momentum", "rmsprop", "adam")}
ADAM_B2 = 0.999
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


def optimizer(hparams: HParams) -> optax.GradientTransformation:
    """The update rule of one member (Collins et al. 2017, appendix).

    The gradient of the loss and of l2_decay/2·|W|² over the weight matrices is clipped to a global norm of
    `gradient_clip_val`, passed through the algorithm `optimizer` (one of `CHOICES`) with the
    momentum-like constant σ(`optimizer_logit_momentum`) (Momentum: decay of the sum of gradients; RMSProp: decay of
    the squared gradient; Adam: β1, with β2 = 0.999), and scaled by −`lr_init`·`lr_decay_rate`^(step/`train_steps`).
    """
    return optax.chain(
        optax.add_decayed_weights(hparams["l2_decay"], mask=_matrices),
        optax.clip_by_global_norm(hparams["gradient_clip_val"]),
        scale_by_algorithm(chosen("optimizer", hparams, CHOICES), jax.nn.sigmoid(hparams["optimizer_logit_momentum"])),
        optax.scale_by_learning_rate(
            lambda step: hparams["lr_init"] * hparams["lr_decay_rate"] ** (step / hparams["train_steps"])
        ),
    )


def scale_by_algorithm(choice: Int[Array, ""], momentum) -> optax.GradientTransformation:
    """SGD, Momentum, RMSProp or Adam, by traced index, over one shared state."""

    def sgd(updates, state):
        return updates, state

    def heavy_ball(updates, state):
        updates, trace = optax.trace(momentum).update(updates, optax.TraceState(state.first))
        return updates, state._replace(first=cast(optax.TraceState, trace).trace)

    def rmsprop(updates, state):
        updates, rms = optax.scale_by_rms(momentum).update(updates, optax.ScaleByRmsState(state.second))
        return updates, state._replace(second=cast(optax.ScaleByRmsState, rms).nu)

    def adam(updates, state):
        updates, adam = optax.scale_by_adam(momentum, ADAM_B2).update(updates, optax.ScaleByAdamState(*state))
        return updates, Moments(*cast(tuple, adam))

    def init(params):
        zeros = jax.tree.map(jnp.zeros_like, params)
        return Moments(jnp.zeros((), jnp.int32), zeros, zeros)

    def update(updates, state, params=None):
        del params
        return lax.switch(choice, (sgd, heavy_ball, rmsprop, adam), updates, state)

    return optax.GradientTransformation(init, update)


def _matrices(params):
    return jax.tree.map(lambda leaf: leaf.ndim > 1, params)
