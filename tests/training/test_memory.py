"""The compiler's plan against the memory a process takes, and the slots chosen by it."""

import math
import subprocess
import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import jax
import pytest

from capacity_jax.cells import rnn
from capacity_jax.networks import Network
from capacity_jax.tasks import per_cap
from capacity_jax.training import Bucket, Devices, default_devices, memory
from capacity_jax.training.memory import free_bytes, peak_bytes, slots_that_fit
from capacity_jax.training.program import compiled_chunk

PROCESS = """
import gc
from pathlib import Path
import jax
jax.config.update("jax_num_cpu_devices", 2)
import numpy as np
from capacity_jax import Bucket, Network, lstm, per_cap
from capacity_jax.training.memory import peak_bytes
from capacity_jax.training import default_devices
from capacity_jax.training.program import compiled_chunk, idle_assignment, idle_members

def kilobytes(name):
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name))
    return int(line.split()[1])

task = per_cap(n_in=64, b_max=2**16)
bucket = Bucket(Network(lstm, 64, 128, 1), task, 512)
devices = default_devices()
chunk = compiled_chunk(bucket, 2, devices)
slots = idle_assignment(bucket, 2)
slots.fresh[:] = True
gc.collect()
Path("/proc/self/clear_refs").write_text("5")
before = kilobytes("VmRSS")
_, report = chunk((np.int32(1), ()), idle_members(bucket, 2, devices), slots)
jax.block_until_ready(report)
print(2 * peak_bytes(chunk), 1024 * (kilobytes("VmHWM") - before))
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux tells a process its peak memory")
def test_the_plan_is_within_a_fifth_of_the_memory_a_process_takes():
    """Breaks if the model leaves out arguments, activations or data: 188 MB in a process of its own."""
    done = subprocess.run([sys.executable, "-c", PROCESS], capture_output=True, text=True, check=True)
    planned, taken = map(int, done.stdout.split())
    assert planned > 1e8
    assert 0.8 < planned / taken < 1.2


@pytest.mark.parametrize(
    ("shared", "of_each", "most"), [(0, 10, 45), (300, 10, 35), (100, 1, 395), (398, 1, 1), (0, 1, 400)]
)
def test_the_slots_chosen_fit_and_few_programs_are_compiled(monkeypatch, shared, of_each, most):
    """Breaks if the choice does not fit, is not the most that does, or compiles program after program."""
    monkeypatch.setattr(memory, "free_bytes", lambda devices: 400 / memory.USABLE)
    monkeypatch.setattr(memory, "peak_bytes", lambda needed: needed)
    compiled = []

    def program_of(n_slots):
        compiled.append(n_slots)
        return shared + of_each * n_slots / 2

    wanted = 2 * most
    chosen = slots_that_fit(program_of, wanted, default_devices())
    assert chosen == min(wanted, 2 * ((400 - shared) // of_each))
    assert len(compiled) == (1 if chosen == wanted else 3)


@pytest.mark.slow
def test_a_population_is_cut_to_the_memory_there_is(monkeypatch):
    """Breaks if real programs do not shrink with their slots as the choice supposes."""
    program_of = partial(
        compiled_chunk, Bucket(Network(rnn, 8, 6, 1), per_cap(n_in=8, b_max=4096), 32), devices=default_devices()
    )
    needed = peak_bytes(program_of(8))
    monkeypatch.setattr(memory, "free_bytes", lambda devices: 0.6 * needed / memory.USABLE)
    chosen = slots_that_fit(program_of, 8, default_devices())
    assert 2 <= chosen < 8
    assert peak_bytes(program_of(chosen)) <= 0.6 * needed


def test_one_member_too_large_is_an_error_that_says_by_how_much(monkeypatch):
    """Breaks if a population that cannot fit is begun, and dies of memory exhaustion."""
    monkeypatch.setattr(memory, "free_bytes", lambda devices: 1e9)
    monkeypatch.setattr(memory, "peak_bytes", lambda program: 2_500_000_000)
    with pytest.raises(MemoryError, match=r"^one member needs 2\.5 GB on each device; allowed: 0\.9 GB, 90% of"):
        slots_that_fit(lambda n_slots: n_slots, 6, default_devices())


def test_free_memory_is_what_a_container_leaves(monkeypatch, tmp_path):
    """Breaks if a container's limit is overlooked, or files kept in memory count against it."""
    whole = free_bytes(default_devices())
    for name, text in {
        "memory.max": "3000",
        "memory.current": "2000",
        "memory.stat": "anon 5\ninactive_file 800",
    }.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(memory, "CONTAINER", tmp_path)
    assert free_bytes(default_devices()) == 1800 // 2 < whole
    (tmp_path / "memory.max").write_text("max")
    assert free_bytes(default_devices()) > 1800


def refusing(above):
    """Programs as a TPU's compiler makes them: none of more than so many members on a device."""

    def program_of(n_slots):
        if n_slots > 2 * above:
            raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Ran out of memory on HBM")
        return n_slots

    return program_of


@pytest.mark.parametrize(("above", "chosen"), [(256, 512), (100, 128), (1, 2)])
def test_a_program_that_the_compiler_refuses_is_halved(monkeypatch, above, chosen):
    """Breaks if a population too large for a TPU dies where half as many members would do."""
    monkeypatch.setattr(memory, "free_bytes", lambda devices: math.inf)
    monkeypatch.setattr(memory, "peak_bytes", lambda program: 1000 * program)
    assert slots_that_fit(refusing(above), 512, default_devices()) == chosen


def test_what_no_halving_helps_is_an_error(monkeypatch):
    """Breaks if a member that no compiler takes is tried for ever, or another failure is taken for a lack of memory."""
    monkeypatch.setattr(memory, "free_bytes", lambda devices: math.inf)
    with pytest.raises(MemoryError, match="one member needs inf GB on each device"):
        slots_that_fit(refusing(0), 512, default_devices())

    def broken(n_slots):
        raise jax.errors.JaxRuntimeError("INTERNAL: something else")

    with pytest.raises(jax.errors.JaxRuntimeError, match="something else"):
        slots_that_fit(broken, 512, default_devices())


def test_a_device_that_does_not_tell_its_memory_is_tried():
    """Breaks if a device without memory statistics, as some TPUs are, stops a population."""
    silent = SimpleNamespace(platform="tpu", memory_stats=lambda: None)
    assert free_bytes(Devices((silent,), in_turn=False)) == math.inf
