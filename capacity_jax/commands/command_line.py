"""What all command lines have in common: a mistake is one line on stderr and exit code 2."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import NoReturn


class OneLineParser(ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        """Ends the command with what is wrong."""
        stop(f"{message}; see {self.prog} --help")


def stop(message: object) -> NoReturn:
    """Ends a command with one line that says what is wrong."""
    line = " ".join(str(message).split()) or type(message).__name__
    print(f"capacity_jax: {line}", file=sys.stderr)
    sys.exit(2)


def add_source(parser: ArgumentParser) -> None:
    """Adds the arguments `workdir` and `storage`, as `read_storage` takes them."""
    parser.add_argument("workdir", type=Path, nargs="?", help="work directory of the run")
    parser.add_argument(
        "--storage", default="", help="URL of the Optuna storage; by default studies.db in the work directory"
    )
