"""The day a device is there, rehearsed on a CPU."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.slow
def test_every_part_is_written_to_the_devices_page(tmp_path):
    """Breaks if a part of the benchmark fails, or is lost from the page."""
    done = subprocess.run(
        [sys.executable, "-m", "experiments.benchmarks.device", "--small", f"--out={tmp_path}"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "cpu.md").read_text()
    for part in ("Agreement with the CPU", "Chunks and launches", "The kernel", "Populations", "Quickstart"):
        assert f"## {part}\n" in page
    assert "agrees" in page
    assert "capacity_jax" in page
    assert "DIFFERS" not in page
    assert "FAILED" not in page
