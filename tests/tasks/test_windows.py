"""Windows of rows: alone and mapped over members."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from capacity_jax.tasks.windows import windows


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("of_each", [False, True], ids=["rows of all", "rows of each"])
@pytest.mark.parametrize("shape", [(), (3,)], ids=["one place", "several places"])
def test_members_together_see_what_each_sees_alone(of_each, shape, axis):
    """Breaks if the gather for many members takes other rows than the slice for one, at the ends above all."""
    rng = np.random.default_rng(0)
    rows = jnp.asarray(rng.normal(size=(4, 9, 2)))
    starts = jnp.asarray(rng.integers(-2, 12, (4, *shape)).clip(0))
    turned = jnp.moveaxis(rows, 1, 1 + axis)
    together = jax.vmap(lambda rows, starts: windows(rows, starts, 4, axis), (0 if of_each else None, 0))(
        turned if of_each else turned[0], starts
    )
    for member in range(4):
        own = rows[member if of_each else 0]
        expected = np.empty((*shape, 4, 2))
        for place in np.ndindex(shape):
            first = min(int(starts[(member, *place)]), 5)
            expected[place] = own[first : first + 4]
        if axis:
            expected = np.moveaxis(expected, -1, 0)
        np.testing.assert_array_equal(together[member], expected.astype(np.float32))
        alone = windows(turned[member if of_each else 0], starts[member], 4, axis)
        np.testing.assert_array_equal(alone, together[member])


def test_a_place_that_all_members_share_stays_a_slice():
    """Breaks if rows that are the same for all members are gathered once for each."""
    jaxpr = jax.make_jaxpr(jax.vmap(lambda x: windows(jnp.arange(9.0), jnp.int32(2), 4) * x))(jnp.ones(3))
    assert "gather" not in str(jaxpr)
