"""Sums and repeats along leading axes, in both forms, against numpy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from capacity_jax.cells.heads import decayed, outer, read
from capacity_jax.cells.leading_axes import MOST_SLICES, repeat_along, sum_along
from capacity_jax.cells.linear import rows_times_columns


@pytest.fixture(params=[False, True], ids=["plain", "slices"])
def form(request):
    """The form in which sums are compiled."""
    with rows_times_columns(request.param):
        yield


@pytest.mark.usefixtures("form")
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("n", [1, 5, MOST_SLICES + 1])
def test_sums_repeats_and_their_gradients(axis, n):
    """Breaks if a slice is left out or added twice, an axis is another one, or the gradient of one is not the other."""
    rng = np.random.default_rng(0)
    few = rng.normal(size=(2, 3)).astype(np.float32)
    many = rng.normal(size=np.insert((2, 3), axis, n)).astype(np.float32)
    total, of_sum = jax.jit(lambda a: jax.vjp(lambda a: sum_along(a, axis), a))(many)
    assert_allclose(total, many.sum(axis), rtol=1e-4, atol=1e-5)
    assert_allclose(of_sum(few)[0], np.broadcast_to(np.expand_dims(few, axis), many.shape))
    copies, of_copies = jax.jit(lambda a: jax.vjp(lambda a: repeat_along(a, axis, n), a))(few)
    assert_allclose(copies, np.broadcast_to(np.expand_dims(few, axis), many.shape))
    assert_allclose(of_copies(many)[0], many.sum(axis), rtol=1e-4, atol=1e-5)


@pytest.mark.usefixtures("form")
@pytest.mark.parametrize("keys", [1, 3])
def test_states_are_written_decayed_and_read(keys):
    """Breaks if keys and values change places, a decay of all keys is taken for one of each, or a gradient is lost."""
    rng = np.random.default_rng(1)
    S, k, v, q, decay = (rng.normal(size=(2, *sizes, 4)) for sizes in ((3, 5), (3,), (5,), (3,), (keys,)))

    def recalled(S, k, v, q, decay):
        return read(decayed(S, decay) + outer(k, v), q)

    def expected(S, k, v, q, decay):
        return jnp.einsum("hkvb,hkb->hvb", decay[:, :, None] * S + jnp.einsum("hkb,hvb->hkvb", k, v), q)

    def with_gradients(function):
        total = jax.jit(jax.value_and_grad(lambda *args: jnp.sum(jnp.sin(function(*args))), argnums=tuple(range(5))))
        return jax.tree.leaves(total(S, k, v, q, decay))

    with jax.enable_x64(True):
        for found, known in zip(with_gradients(recalled), with_gradients(expected), strict=True):
            assert_allclose(found, known, rtol=1e-10, atol=1e-10)
