"""The benchmark of the ledger as a command, at a size that takes seconds."""

import subprocess
import sys

import pytest


@pytest.mark.slow
def test_what_trials_cost_is_told_and_drawn(tmp_path):
    """Breaks if made-up trials no longer pass through the ledger, or files stay open."""
    command = [sys.executable, "-m", "experiments.benchmarks.ledger", "--trials=300", f"--workdir={tmp_path}"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stderr
    head, first, last, summary = [line.split() for line in ended.stdout.splitlines()]
    assert head == ["trials", "ms", "MiB", "files"]
    assert (first[0], last[0]) == ("100", "300")
    assert first[3] == last[3]
    assert summary[-2:] == ["300", "trials"]
    assert (tmp_path / "ledger.png").read_bytes().startswith(b"\x89PNG")
