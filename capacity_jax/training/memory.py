"""How much memory a population's program takes, and how many slots the devices have memory for."""

import math
import os
import sys
from collections.abc import Callable
from pathlib import Path

import jax
from jax.stages import Compiled

from capacity_jax.training.devices import Devices

# Of the free memory: the rest is for what the compiler does not plan, such as the scratch of matrix products.
USABLE = 0.9
CONTAINER = Path("/sys/fs/cgroup")


def peak_bytes(program: Compiled) -> int:
    """The most memory that a compiled program takes on each of its devices, arguments and results included.

    The compiler's own plan, which costs nothing once a program is compiled, and not a formula over the sizes of
    parameters and activations: what of these is kept, recomputed or overwritten is decided by the compiler. What the
    process then grows by is within 10% of it (CPU; parameters, activations or data as the largest part).

    Raises:
      ValueError: the platform's compiler gives no plan.
    """
    plan = program.memory_analysis()
    if plan is None:
        raise ValueError("the compiler gives no memory plan; allowed: n_slots chosen by hand")
    kept = plan.argument_size_in_bytes + plan.output_size_in_bytes - plan.alias_size_in_bytes
    return kept + plan.temp_size_in_bytes


def free_bytes(devices: Devices) -> float:
    """The free memory of each device, infinite where it does not tell.

    CPU devices share that of the machine, or of its container.
    """
    if devices.devices[0].platform != "cpu":
        stats = devices.devices[0].memory_stats()
        return stats["bytes_limit"] - stats["bytes_in_use"] if stats else math.inf
    return _free_host_bytes() // len(devices.devices)


def slots_that_fit(program_of: Callable[[int], Compiled], n_slots: int, devices: Devices) -> int:
    """The largest number of slots up to n_slots, or nearly so, whose program fits the free memory.

    Where n_slots fits, no other program is compiled; elsewhere those of one member for each device and of the choice.
    A TPU's compiler refuses a program that does not fit: then half as many are tried.

    Args:
      program_of: compiles the program of a number of slots, a multiple of the number of devices.
      n_slots: the number wanted, a multiple of the number of devices.
      devices: those that the program runs on.

    Raises:
      MemoryError: not even one member fits each device.
    """
    n_devices = len(devices.devices)
    # Never infinite: that is what a program needs that cannot be compiled.
    usable = min(USABLE * free_bytes(devices), sys.float_info.max)

    def needed(members):
        try:
            return peak_bytes(program_of(members * n_devices))
        except jax.errors.JaxRuntimeError as error:
            if "RESOURCE_EXHAUSTED" not in str(error):
                raise
            return math.inf

    most = n_slots // n_devices
    if (needed_by_most := needed(most)) <= usable:
        return n_slots
    if (needed_by_one := needed(1)) > usable:
        raise MemoryError(
            f"one member needs {needed_by_one / 1e9:.3g} GB on each device; allowed: {usable / 1e9:.3g} GB, "
            f"{USABLE:.0%} of what is free; a smaller batch, network or data set needs less"
        )
    while math.isinf(needed_by_most):
        most //= 2
        needed_by_most = needed(most)
    if needed_by_most <= usable:
        return most * n_devices
    # Memory is linear in the members but for the compiler's choices.
    of_each = (needed_by_most - needed_by_one) / (most - 1)
    fitting = 1 + int((usable - needed_by_one) / of_each)
    while needed(fitting) > usable:
        fitting = max(1, int(0.9 * fitting))
    return fitting * n_devices


def _free_host_bytes() -> int:
    meminfo = Path("/proc/meminfo")
    if not meminfo.exists():  # macOS says only how much there is
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    free = 1024 * _entries(meminfo)["MemAvailable:"]
    limit = CONTAINER / "memory.max"
    if limit.exists() and (most := limit.read_text().strip()) != "max":
        # Files that the kernel merely keeps in memory count as used, and give way.
        kept_files = _entries(CONTAINER / "memory.stat")["inactive_file"]
        free = min(free, int(most) - int((CONTAINER / "memory.current").read_text()) + kept_files)
    return free


def _entries(path: Path) -> dict[str, int]:
    return {name: int(value) for name, value, *_ in map(str.split, path.read_text().splitlines())}
