"""Gates from a sum, added before it is split, as on a CPU, and after."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from capacity_jax.cells.gates import split_sum
from capacity_jax.cells.linear import rows_times_columns


@pytest.mark.parametrize("before_split", [False, True])
def test_gates_are_the_parts_of_a_sum(before_split):
    """Breaks if a gate is another one's, a term is left out, or a bias of one column gets a batch's gradient."""
    rng = np.random.default_rng(1)
    terms = [rng.normal(size=shape).astype(np.float32) for shape in ((6, 7), (6, 1), (6, 7))]
    total = sum(terms)
    with rows_times_columns(before_split):
        parts = jax.jit(lambda *terms: split_sum(3, *terms, f=jnp.tanh))(*terms)
    np.testing.assert_allclose(np.concatenate(parts), np.tanh(total), rtol=1e-6)

    def weighted(bias):
        return sum(k * jnp.sum(part) for k, part in enumerate(split_sum(3, terms[0], bias, terms[2])))

    expected = np.repeat([[0.0], [7.0], [14.0]], 2, axis=0)
    with rows_times_columns(before_split):
        np.testing.assert_allclose(jax.jit(jax.grad(weighted))(terms[1]), expected)


def test_silence_of_a_kernel_is_part_of_every_gate():
    """Breaks if gates on the lanes of a TPU, where silence is one zero, cannot be split."""
    parts = split_sum(2, jnp.arange(4.0), np.zeros(()))
    assert [part.tolist() for part in parts] == [[0.0, 1.0], [2.0, 3.0]]
