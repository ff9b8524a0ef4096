"""How a function of one member becomes a function of a whole population: one answer per backend."""

from collections.abc import Callable
from functools import partial

import jax
from jax import lax
from jax.sharding import AxisType, Mesh, PartitionSpec

AXIS = "members"


def members_mesh() -> Mesh:
    """All devices in a row."""
    return jax.make_mesh((len(jax.devices()),), (AXIS,), axis_types=(AxisType.Auto,))


def members_per_device() -> int:
    """How many members a device trains at once by default: one keeps a CPU's cache, hundreds fill a GPU."""
    return 1 if jax.default_backend() == "cpu" else 256


def over_members(f: Callable, mesh: Mesh) -> Callable:
    """Turns `f(shared, member, ...)` into a compiled function of stacked members, sharded over the mesh.

    On CPU each device owns its members and takes them one after another, so that a member's arrays stay in the
    core's cache and cores never wait for each other (measured on 2 cores, 16 units, batch 2800: 3x the speed of `vmap`).
    Elsewhere `vmap` fills the chip. The first stacked argument is donated.
    """

    def mapped(shared, *stacked):
        if jax.default_backend() == "cpu":
            return lax.map(lambda one: f(shared, *one), stacked)
        return jax.vmap(partial(f, shared))(*stacked)

    def sharded(shared, *stacked):
        specs = (PartitionSpec(), *(PartitionSpec(AXIS) for _ in stacked))
        return jax.shard_map(mapped, mesh=mesh, in_specs=specs, out_specs=PartitionSpec(AXIS), check_vma=False)(
            shared, *stacked
        )

    return jax.jit(sharded, donate_argnums=1)
