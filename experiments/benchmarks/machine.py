"""What the machine can do: its peak at matrix products, and the memory that a piece of work takes."""

import ctypes
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from time import perf_counter

import jax
import jax.numpy as jnp
from jax import lax

from capacity_jax.training import default_devices
from capacity_jax.training.memory import peak_bytes

PEAK_REPEATS = 5


def describe() -> str:
    """The devices in words."""
    device, n = jax.local_devices()[0], len(jax.local_devices())
    name = f"{n} cores of {_cpu_model()}" if device.platform == "cpu" else f"{n} x {device.device_kind}"
    return f"{name}, jax {jax.__version__}"


def matmul_peak() -> float:
    """Floating-point operations per second of large 32-bit matrix products, one per device at once; the best of a few.

    The products have the precision at which the population trains.
    """
    n, multiply = _products()
    squares = jnp.ones((len(jax.local_devices()), n, n))
    jax.block_until_ready(multiply(squares))
    seconds = []
    for _ in range(PEAK_REPEATS):
        began = perf_counter()
        jax.block_until_ready(multiply(squares))
        seconds.append(perf_counter() - began)
    return len(squares) * 2 * n**3 / min(seconds)


@cache
def _products():
    devices = default_devices()
    n = 1024 if devices.in_turn else 8192

    def multiply(square):
        return jnp.matmul(square, square, precision=lax.Precision.HIGHEST)

    shared_out = devices.shared_out
    return n, jax.jit(
        jax.shard_map(multiply, mesh=shared_out.mesh, in_specs=shared_out.spec, out_specs=shared_out.spec)
    )


def program_bytes(compiled: jax.stages.Compiled) -> int:
    """Memory of a compiled program while it runs, on all its devices."""
    return peak_bytes(compiled) * len(jax.tree.leaves(compiled.input_shardings)[0].device_set)


def resident_growth(run: Callable[[], object]) -> int:
    """By how many bytes the process grows at most while the function runs; 0 where Linux's /proc is not at hand."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0
    # Freed memory that the allocator keeps would hide what the function takes.
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    before = _kilobytes(status, "VmRSS")
    run()
    return 1024 * max(0, _kilobytes(status, "VmHWM") - before)


def cores() -> int:
    """CPU cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _kilobytes(status, field):
    return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith(field))


def _cpu_model():
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "a CPU")
