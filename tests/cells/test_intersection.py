"""What the intersection network leaves out."""

import jax
import jax.numpy as jnp

from capacity_jax.cells import intersection

N = 32


def products(step):
    """Floating-point operations of the compiled function, with elementwise ones a small part."""
    params = jax.eval_shape(lambda: intersection.init(jax.random.key(0), N, N))
    column = jax.ShapeDtypeStruct((N, 64), jnp.float32)
    return jax.jit(step).lower(params, column, column).compile().cost_analysis()["flops"]


def test_an_output_that_nobody_reads_costs_nothing():
    """Breaks if the last layer computes y, half of its products, at steps that are not read; or h' at the last."""

    def columns(params, h, x):
        return intersection.step({**params, "b": params["b"][:, None]}, h, x)

    both = products(columns)
    for part in (0, 1):
        assert products(lambda *args, part=part: columns(*args)[part]) < 0.55 * both
