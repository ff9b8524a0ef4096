"""Children forked from a server that has imported everything and started nothing: processes without their start."""

import multiprocessing
import os
import runpy
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from absl import app

from experiments import run

# The first test of a process that needs a child starts the server, for all of them. It does not look in the tests'
# own directories (Python 3.11), so that what they import is named here.
SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(
    [
        "experiments.run",
        "capacity_jax.search.gp",
        "capacity_jax.studies",
        "alembic.command",
        "matplotlib.backends.backend_agg",
        "optuna",
        "sqlalchemy.dialects.sqlite",
    ]
)


class Ended(NamedTuple):
    """How a command ended, as `subprocess.run` tells it."""

    returncode: int
    stdout: str
    stderr: str


def run_experiment(*arguments: str, root: Path) -> Ended:
    """`python -m experiments.run` with these arguments in a child, from a directory."""
    return _ended(command, arguments, root)


def run_module(*name_and_arguments: str, root: Path) -> Ended:
    """`python -m` with the name of a module and arguments in a child, from a directory."""
    return _ended(_module, name_and_arguments, root)


def _ended(main, arguments, root):
    with tempfile.TemporaryDirectory() as said:
        files = [Path(said) / name for name in ("stdout", "stderr")]
        process = SERVER.Process(target=_heard, args=(main, arguments, root, *files))
        process.start()
        process.join()
        assert process.exitcode is not None
        return Ended(process.exitcode, *(file.read_text() for file in files))


def _heard(main, arguments, root, stdout, stderr):
    for stream, file in ((sys.stdout, stdout), (sys.stderr, stderr)):
        os.dup2(os.open(file, os.O_CREAT | os.O_WRONLY), stream.fileno())
    os.chdir(root)
    main(arguments)


def _module(name_and_arguments):
    sys.argv = list(name_and_arguments)
    runpy.run_module(name_and_arguments[0], run_name="__main__", alter_sys=True)


def command(arguments: tuple[str, ...]) -> None:
    """`python -m experiments.run` in this process, but for the cores that it uses."""
    # ml_collections looks there for the names of fields.
    sys.argv = ["run", *arguments]
    try:
        app.run(run._run, argv=sys.argv, flags_parser=run._command_line)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
