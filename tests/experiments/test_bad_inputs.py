"""Whatever is wrong with a command, one line says so, soon."""

import subprocess
import sys
from pathlib import Path

import bad_inputs
import pytest
from forked import SERVER

ROOT = Path(__file__).parents[2]


def faults(code, said, named):
    """What is wrong with an answer to a bad input."""
    lines = said.strip().splitlines()
    found = [] if code == 2 else [f"exit code {code}"]
    found += [] if len(lines) == 1 and lines[0].startswith("capacity_jax: ") else ["not one line"]
    return found + ([] if named in said else [f"{named!r} is not named"])


def in_child(arguments, report):
    """Exit code, messages and KiB of the command in a forked child."""
    process = SERVER.Process(target=bad_inputs.child, args=(arguments, report))
    process.start()
    process.join()
    memory = report.with_suffix(".memory")
    return process.exitcode, report.read_text(), int(memory.read_text()) if memory.exists() else 0


def in_process(arguments, report):
    """The same in a process as a user starts it, whose memory is not known."""
    command = [sys.executable, "-m", "experiments.run", *arguments]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    return ended.returncode, ended.stderr, 0


ALL = [pytest.param(answer, 1, marks=pytest.mark.slow) for answer in (in_child, in_process)]


@pytest.mark.parametrize(("answer", "every"), [(in_child, 3), *ALL])
def test_a_bad_input_is_one_line(tmp_path, answer, every):
    """Breaks if a mistake gets a traceback, hangs, eats the memory, names nothing, or is accepted."""
    failed = []
    cases = bad_inputs.cases(tmp_path)
    assert len(cases) >= 150
    for arguments, named in cases[::every]:
        code, said, memory = answer(arguments, tmp_path / "stderr")
        found = faults(code, said, named) + ([f"{memory} KiB"] if memory * 1024 > bad_inputs.MEMORY else [])
        if found:
            failed.append(f"{' '.join(arguments)}: {', '.join(found)}:\n{said[-1500:]}")
    assert not failed, f"{len(failed)} of {len(cases)}\n" + "\n".join(failed)
