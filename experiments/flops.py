"""Floating-point operations of a training step, counted in the program that JAX traces."""

from functools import partial
from math import prod
from typing import Any

import jax
import numpy as np

from capacity_jax.training import Bucket, fill_defaults, hyperparameters_of
from capacity_jax.training.member import draw_member, scores_and_gradients
from capacity_jax.training.settings import encode


def step_flops(bucket: Bucket) -> int:
    """Those of the matrix products of one training step, two for each multiply-add; nothing is computed.

    Elementwise work, the optimizer and what a loop of unknown length repeats are left out.
    """
    hparams = encode(fill_defaults(bucket, {}), hyperparameters_of(bucket))
    shared, member = jax.eval_shape(bucket.task.shared), jax.eval_shape(partial(draw_member, bucket), 0, hparams)

    def step(shared, member):
        batch = bucket.task.batch(shared, member.data, member.key, np.int32(0), bucket.batch_size)
        return scores_and_gradients(bucket, member.params, batch, member.hparams, bucket.batch_size)

    return _count(jax.make_jaxpr(step)(shared, member).jaxpr)


def _count(jaxpr: Any) -> int:
    return sum(map(_of_equation, jaxpr.eqns))


def _of_equation(equation):
    parameters = equation.params
    if equation.primitive.name == "dot_general":
        (contracted, _), _ = parameters["dimension_numbers"]
        shape = equation.invars[0].aval.shape
        return 2 * prod(equation.outvars[0].aval.shape) * prod(shape[axis] for axis in contracted)
    if equation.primitive.name == "cond":
        return max(_count(branch.jaxpr) for branch in parameters["branches"])
    inner = [getattr(one, "jaxpr", one) for one in parameters.values()]
    return parameters.get("length", 1) * sum(_count(one) for one in inner if hasattr(one, "eqns"))
