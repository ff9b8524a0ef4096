"""Whatever is wrong with a command, one line says so, soon."""

import multiprocessing
from pathlib import Path

import bad_inputs

ROOT = Path(__file__).parents[2]
# A server that has imported everything and started nothing forks children in no time.
SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(["experiments.run", "optuna"])


def faults(code, said, named):
    """What is wrong with an answer to a bad input."""
    lines = said.strip().splitlines()
    found = [] if code == 2 else [f"exit code {code}"]
    found += [] if len(lines) == 1 and lines[0].startswith("capacity_jax: ") else ["not one line"]
    return found + ([] if named in said else [f"{named!r} is not named"])


def test_a_bad_input_is_one_line(tmp_path):
    """Breaks if a mistake gets a traceback, hangs, eats the memory, names nothing, or is accepted."""
    failed = []
    cases = bad_inputs.cases(tmp_path)
    assert len(cases) >= 150
    for i, (arguments, named) in enumerate(cases):
        report = tmp_path / f"{i}.stderr"
        process = SERVER.Process(target=bad_inputs.child, args=(arguments, report))
        process.start()
        process.join()
        said = report.read_text()
        found = faults(process.exitcode, said, named)
        memory = report.with_suffix(".memory")
        if memory.exists() and int(memory.read_text()) * 1024 > bad_inputs.MEMORY:
            found.append(f"{memory.read_text()} KiB")
        if found:
            failed.append(f"{' '.join(arguments[1:])}: {', '.join(found)}:\n{said[-1500:]}")
    assert not failed, f"{len(failed)} of {len(cases)}\n" + "\n".join(failed)
