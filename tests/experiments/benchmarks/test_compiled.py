"""What TPU and GPU compilers make of the population's program; skipped where they are not installed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from experiments.benchmarks.targets import TARGETS

ROOT = Path(__file__).parents[3]
MISSING = {target.name: target.missing for target in TARGETS}


def needs(device):
    return pytest.mark.skipif(bool(MISSING[device]), reason=f"no compiler for {device}: extra {MISSING[device]}")


@pytest.fixture
def estimated(tmp_path):
    """The row of a device, cell and shape, by the command in a process of its own: libtpu takes one at a time."""

    # libtpu ends a process whose XLA_FLAGS hold one that it does not know, such as the tests' own for CPUs.
    environment = {name: value for name, value in os.environ.items() if name != "XLA_FLAGS"}

    def row(device, cell, shape):
        path = tmp_path / "rows.jsonl"
        done = subprocess.run(
            [
                *(sys.executable, "-m", "experiments.benchmarks.compiled"),
                *(f"--devices={device}", f"--cells={cell}", f"--shapes={shape}", f"--json={path}"),
            ],
            env={**environment, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]), "JAX_PLATFORMS": "cpu"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        assert "every number is an estimate of a compiler" in done.stdout
        (line,) = path.read_text().splitlines()
        return json.loads(line)

    return row


@needs("v5e")
def test_a_narrow_network_trains_fast_on_one_tpu_core(estimated):
    """Breaks if members are taken one by one inside the step, devices talk, or the step becomes dearer."""
    row = estimated("v5e", "rnn", "16x64")
    assert row["slots"] == row["gang"] == 256
    assert row["loops_over_members"] == row["loops_in_step"] == row["collectives"] == 0
    assert row["cycles_per_member_step"] < 1350
    assert row["member_steps_per_s"] > 1.1e6
    assert row["kernels_per_step"] is None


@pytest.mark.slow
@needs("v5e")
def test_a_wide_network_trains_in_gangs_on_the_chip(estimated):
    """Breaks if members go through the main memory at every operation, 804,000 cycles, or biases cost 170,000."""
    row = estimated("v5e", "lstm", "64x4096")
    assert 1 <= row["gang"] <= 8
    assert row["loops_over_members"] == 0
    assert row["cycles_per_member_step"] < 400_000


@pytest.mark.slow
@needs("v5e:4x4")
def test_no_chip_of_a_slice_waits_for_another(estimated):
    """Breaks if members on different chips communicate."""
    row = estimated("v5e:4x4", "rnn", "16x64")
    assert row["slots"] == 4096
    assert row["collectives"] == row["loops_over_members"] == 0


@needs("H100")
def test_a_gpu_launches_few_kernels_a_step(estimated):
    """Breaks if a step becomes many more launches, which is what a step of narrow members waits for."""
    row = estimated("H100", "rnn", "16x64")
    assert row["kernels_per_step"] <= 41
    assert row["collectives"] == row["loops_over_members"] == 0
    assert row["cycles_per_member_step"] is None


@pytest.mark.parametrize(
    ("device", "cell"),
    [
        pytest.param("H100", "rnn", marks=needs("H100")),
        *(pytest.param("v5e", cell, marks=[needs("v5e"), pytest.mark.slow]) for cell in ("rnn", "gru", "lstm")),
        pytest.param("v6e", "rnn", marks=[needs("v6e"), pytest.mark.slow]),
    ],
)
def test_kernels_compile_for_their_devices(device, cell):
    """Breaks if a device's compiler refuses the kernel, or a GPU launches as often with it as without."""
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("launches.py")), device, cell, "16", "64"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]), "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["loops"] == 0
    assert device != "H100" or found["kernels_per_step"] < 0.2
