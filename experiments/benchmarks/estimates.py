"""What the compilers of accelerators say of the population's own program: estimates, no measurements."""

from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

import jax
from jax.stages import Compiled

from capacity_jax.training import Bucket
from capacity_jax.training.devices import Devices
from capacity_jax.training.kernels import kernel_of
from capacity_jax.training.memory import peak_bytes
from capacity_jax.training.program import compiled_chunk, gang_size
from experiments.benchmarks.hlo import Program
from experiments.benchmarks.schedule import forget_schedules, kernel_cycles
from experiments.benchmarks.targets import Target
from experiments.benchmarks.work import Work

# Members of one core: as many as a population would train, halved until they fit.
MEMBERS = 256


def estimate(target: Target, work: Work, members: int = MEMBERS, schedules: Path | None = None) -> dict[str, Any]:
    """One row: what a training step costs on one core or chip, and how far that is from what the device can do.

    Cycles are the compiler's, and with them all that follows from the clock; a GPU's compiler gives none, so that these
    are None. A TPU's compiler counts no cycles for a gather. Loops over members are loops within a step that make as
    many trips as members train together.

    Args:
      target: device to compile for.
      work: a training step.
      members: of each core, at most.
      schedules: where a TPU's compiler writes its schedules; given, the kernel for narrow members trains.

    Raises:
      MemoryError: not one member fits.
      ValueError: no kernel takes this work, or its schedule is not as expected.
    """
    began = perf_counter()
    devices = replace(target.devices, kernel=bool(schedules))
    kernel = kernel_of(work.bucket, devices) if schedules else None
    if schedules and not kernel:
        raise ValueError(f"no kernel for {target.name} takes {work.cell} {work.units}x{work.batch}")
    program, members = largest_program(work.bucket, target, devices, members, schedules)
    seconds = perf_counter() - began
    text = Program(program.as_text() or "")
    step, gang = text.step, gang_size(work.bucket, members * target.n_devices, devices)
    at_once, cycles = kernel.AT_ONCE if kernel else 1, step.cycles
    if schedules and target.platform == "tpu":
        cycles += kernel_cycles(schedules, gang, work.batch)
    per_member = cycles / gang / at_once or None
    speed = per_member and target.clock / per_member
    return {
        "device": target.name,
        "cell": work.cell,
        "units": work.units,
        "batch": work.batch,
        "kernel": bool(kernel),
        "slots": members * target.n_devices,
        "gang": gang,
        "member_steps_per_s": speed,
        "cycles_per_member_step": per_member,
        "f32_peak_%": speed and 100 * speed * work.flops / target.peak,
        "hbm_MB_per_member_step": step.hbm_bytes / gang / at_once / 1e6,
        "bandwidth_%": speed and 100 * speed * step.hbm_bytes / gang / at_once / target.bandwidth,
        "memory_MB": peak_bytes(program) / 1e6,
        "loops_in_step": len(step.loops),
        "loops_over_members": sum(loop.trips in (gang, members) and gang > 1 for loop in step.loops),
        "collectives": text.collectives,
        "kernels_per_step": step.kernels / at_once if target.platform == "gpu" else None,
        "compile_s": seconds,
    }


def largest_program(
    bucket: Bucket, target: Target, devices: Devices, members: int, schedules: Path | None
) -> tuple[Compiled, int]:
    """The program of so many members on each core, or of half as many as often as it takes to fit.

    Of the schedules that a compiler writes, those of this program are left.

    Raises:
      MemoryError: not one member fits.
    """
    while members:
        if schedules:
            forget_schedules(schedules)
        try:
            program = compiled_chunk(bucket, members * target.n_devices, devices)
        except jax.errors.JaxRuntimeError as error:
            if "RESOURCE_EXHAUSTED" not in str(error):
                raise
        else:
            if peak_bytes(program) <= target.memory:
                return program, members
        members //= 2
    raise MemoryError(f"one member does not fit the {target.memory / 1e9:.3g} GB of {target.name}")
