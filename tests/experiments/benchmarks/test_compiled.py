"""What TPU and GPU compilers make of the population's program; skipped where they are not installed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from experiments.benchmarks.schedule import forget_schedules, kernel_cycles
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

    def row(device, cell, shape, *more):
        path = tmp_path / "rows.jsonl"
        done = subprocess.run(
            [
                *(sys.executable, "-m", "experiments.benchmarks.compiled"),
                *(f"--devices={device}", f"--cells={cell}", f"--shapes={shape}", f"--json={path}"),
                *more,
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
    assert not row["kernel"]
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
    ("device", "cell", "cycles"),
    [
        pytest.param("H100", "rnn", None, marks=needs("H100")),
        pytest.param("v5e", "rnn", 350, marks=needs("v5e")),
        *(
            pytest.param("v5e", cell, cycles, marks=[needs("v5e"), pytest.mark.slow])
            for cell, cycles in (("irnn", 350), ("ugrnn", 700), ("gru", 1050), ("lstm", 1600))
        ),
        pytest.param("v6e", "rnn", 350, marks=[needs("v6e"), pytest.mark.slow]),
    ],
)
def test_kernels_compile_for_their_devices(estimated, device, cell, cycles):
    """Breaks if a device's compiler refuses the kernel, it becomes dearer, or a GPU launches as often as without it."""
    row = estimated(device, cell, "16x64", "--kernel")
    assert row["kernel"]
    assert row["loops_in_step"] == row["collectives"] == 0
    if device == "H100":
        assert row["kernels_per_step"] < 0.2
    else:
        assert 0.5 * cycles < row["cycles_per_member_step"] < cycles


def test_a_schedule_counts_its_loops(tmp_path):
    """Breaks if a bundle of a loop counts once, one before the loops counts often, or a second kernel is overlooked."""
    bundles = ["0   :  {", "0x1   : > {", "0x2 LB: >> {", "0x3   : >> {", "0x4 LB: >>> {", "0x5 PF: > {", "0x6   :  {}"]
    (tmp_path / "7-train_step.8-00-schedule-analysis_final_bundles.txt").write_text("Schedule analysis:\n")
    path = tmp_path / "7-train_step.8-01-final_bundles.txt"
    path.write_text("LB: loop body\n\n" + "\n".join(f"     {bundle} %s1 = smov 1 }}" for bundle in bundles))
    assert kernel_cycles(tmp_path, members=256, batch=64) == 2 + 2 * (2 + 8 * (2 + 8 * 1))
    (tmp_path / "8-train_step.9-01-final_bundles.txt").write_text(path.read_text())
    with pytest.raises(ValueError, match="the compiler wrote 2 schedules"):
        kernel_cycles(tmp_path, members=256, batch=64)
    forget_schedules(tmp_path)
    with pytest.raises(ValueError, match="the compiler wrote 0 schedules"):
        kernel_cycles(tmp_path, members=256, batch=64)
    path.write_text("0   :  {}")
    with pytest.raises(ValueError, match="nested 0 deep; 3 were expected"):
        kernel_cycles(tmp_path, members=256, batch=64)
