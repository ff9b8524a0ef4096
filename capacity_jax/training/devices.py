"""Where members train, and how a function of one member becomes a function of a whole population."""

import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec
from jaxtyping import Array, Bool

from capacity_jax.cells.linear import rows_times_columns

AXIS = "members"
TOGETHER = "together"
LARGEST_BLOCK = 512
# The vector memory of a TPU core from v5e on, in bytes: what a gang's activations may fill.
# A GPU's compiler gives no estimate that would tell what is best there.
ON_CHIP = {"tpu": 128 * 2**20}
# Vectors of 512 bits, where the CPU has them and XLA would use 256; and a lower level than XLA's 3, by which a program
# compiles in two thirds of the time and runs as fast.
CPU_OPTIONS = {"xla_cpu_prefer_vector_width": 512, "xla_backend_optimization_level": 2}


@dataclass(frozen=True)
class Devices:
    """The local devices of a population, and how they take its members.

    Attributes:
      devices: of this process; members are shared out among them and never communicate.
      in_turn: whether each device takes its members one after another, as suits a CPU, whose cache then holds a
        member's arrays; otherwise all at once under `jax.vmap`, which fills a GPU or TPU.
      kernel: whether members that the device's kernel takes (`kernels.kernel_of`) train by it; a CPU interprets the
        TPU's.

    Raises:
      ValueError: kernel is set, and members train in turn.

    Example:
      >>> import jax
      >>> from capacity_jax.training import Devices
      >>> Devices(tuple(jax.local_devices()), in_turn=True).block_size(4096)
      512
    """

    devices: tuple[jax.Device, ...]  # pyright: ignore[reportInvalidTypeForm]
    in_turn: bool
    kernel: bool = False

    def __post_init__(self):
        if self.kernel and self.in_turn:
            raise ValueError("kernel is True; it must be False where members train in turn")

    @property
    def shared(self) -> NamedSharding:
        """Of arrays that all members read."""
        return NamedSharding(self._mesh, PartitionSpec())

    @property
    def shared_out(self) -> NamedSharding:
        """Of stacked members."""
        return NamedSharding(self._mesh, PartitionSpec(AXIS))

    @property
    def members_per_device(self) -> int:
        """How many members a device holds by default: one keeps a CPU's cache, hundreds fill a GPU."""
        return 1 if self.in_turn else 256

    def round_up(self, n_slots: int) -> int:
        """The next multiple of the number of devices."""
        return -(-n_slots // len(self.devices)) * len(self.devices)

    def block_size(self, batch_size: int) -> int:
        """How many examples of a batch to take at once; gradients are summed over the blocks.

        In turn the activations of a block stay in the core's cache. Blocks fill whole vectors and divide the batch, or
        nearly so.
        """
        if not self.in_turn or batch_size <= LARGEST_BLOCK:
            return batch_size
        return min(range(LARGEST_BLOCK, LARGEST_BLOCK // 2 - 1, -16), key=lambda size: -batch_size % size)

    def gang_size(self, n_members: int, kept_bytes: Callable[[], int]) -> int:
        """How many of a device's members train at once; gangs take turns.

        Where hundreds of large members together would wait for the main memory at every operation, a gang keeps what
        its backward pass needs on the chip.

        Args:
          n_members: of each device; gangs divide them evenly.
          kept_bytes: tells what one member's forward pass keeps for its backward pass.
        """
        on_chip = ON_CHIP.get(self.devices[0].platform)
        if on_chip is None or self.in_turn:
            return n_members
        most = max(1, on_chip // kept_bytes())
        return max(size for size in range(1, n_members + 1) if n_members % size == 0 and size <= most)

    def any_member(self, flag: Bool[Array, ""]) -> Bool[Array, ""]:
        """Inside `over_members`: whether the flag is set for any member that trains together with this one.

        A `lax.cond` on it stays a branch under `vmap`, where one on each member's own flag would compute both sides.
        """
        return flag if self.in_turn else lax.pmax(flag.astype(jnp.int32), TOGETHER) > 0

    def over_members(self, f: Callable, gang: int | None = None) -> Callable:
        """Turns `f(shared, member, ...)` into a jitted function of stacked members; the first of these is donated.

        Args:
          f: of one member.
          gang: as `gang_size` gives it; by default all members of a device at once.
        """

        def mapped(shared, *stacked):
            if self.in_turn:
                return lax.map(lambda one: f(shared, *one), stacked)
            together = jax.vmap(partial(f, shared), axis_name=TOGETHER)
            n_members = len(jax.tree.leaves(stacked)[0])
            if gang in (None, n_members):
                return together(*stacked)
            gangs = jax.tree.map(lambda leaf: leaf.reshape(-1, gang, *leaf.shape[1:]), stacked)
            done = lax.map(lambda one: together(*one), gangs)
            return jax.tree.map(lambda leaf: leaf.reshape(n_members, *leaf.shape[2:]), done)

        def all_members(shared, *stacked):
            specs = (PartitionSpec(), *(PartitionSpec(AXIS) for _ in stacked))
            with rows_times_columns(self.in_turn):
                return jax.shard_map(
                    mapped, mesh=self._mesh, in_specs=specs, out_specs=PartitionSpec(AXIS), check_vma=False
                )(shared, *stacked)

        return jax.jit(all_members, donate_argnums=1, compiler_options=self._compiler_options)

    @property
    def _compiler_options(self) -> dict[str, int] | None:
        """`CPU_OPTIONS`, less those that a user has set in XLA_FLAGS."""
        set_by_user = os.environ.get("XLA_FLAGS", "")
        return {name: value for name, value in CPU_OPTIONS.items() if name not in set_by_user} if self.in_turn else None

    @property
    def _mesh(self) -> Mesh:
        return Mesh(np.array(self.devices), (AXIS,), axis_types=(AxisType.Auto,))


def default_devices() -> Devices:
    """All local devices of JAX's default backend; members in turn on CPUs, together elsewhere."""
    devices = tuple(jax.local_devices())
    return Devices(devices, in_turn=devices[0].platform == "cpu")


def use_all_cores() -> None:
    """Makes a device of every CPU core, which then owns the members it trains, unless JAX was told how many.

    Has to come before JAX's first computation; where it does not, and JAX runs on one of several cores, a warning
    says so.

    Example:
      >>> import capacity_jax
      >>> capacity_jax.use_all_cores()
    """
    # macOS knows no affinity.
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        if jax.config.values["jax_num_cpu_devices"] < 0:
            jax.config.update("jax_num_cpu_devices", cores)
    except RuntimeError:
        devices = jax.local_devices()
        if devices[0].platform == "cpu" and len(devices) == 1 < cores:
            warnings.warn(
                f"JAX has started on 1 of {cores} cores; to use all, begin the program with "
                f'jax.config.update("jax_num_cpu_devices", {cores})',
                stacklevel=3,
            )
