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


def one_after_another() -> bool:
    """Whether a device takes its members in turn, as suits a CPU, or all at once, as suits a GPU or TPU."""
    return jax.default_backend() == "cpu"


def members_per_device() -> int:
    """How many members a device holds by default: one keeps a CPU's cache, hundreds fill a GPU."""
    return 1 if one_after_another() else 256


def over_members(f: Callable, mesh: Mesh) -> Callable:
    """Turns `f(shared, member, ...)` into a compiled function of stacked members, sharded over the mesh.

    On CPU each device owns its members and takes them one after another, so that a member's arrays stay in the
    core's cache and cores never wait for each other (measured on 2 cores, 16 units, batch 2800: 3 times as fast as
    `vmap`). Elsewhere `vmap` fills the chip. The first stacked argument is donated.
    """

    def mapped(shared, *stacked):
        if one_after_another():
            return lax.map(lambda one: f(shared, *one), stacked)
        return jax.vmap(partial(f, shared))(*stacked)

    def all_members(shared, *stacked):
        specs = (PartitionSpec(), *(PartitionSpec(AXIS) for _ in stacked))
        return jax.shard_map(mapped, mesh=mesh, in_specs=specs, out_specs=PartitionSpec(AXIS), check_vma=False)(
            shared, *stacked
        )

    return jax.jit(all_members, donate_argnums=1)
