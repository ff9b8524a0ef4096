"""`capacity-jax`, also `python -m capacity_jax`: measures a cell; shows, reports and exports what a run has found."""

import sys
from collections.abc import Sequence

from absl import logging

from capacity_jax.commands import export, measure, report, status
from capacity_jax.commands.command_line import OneLineParser, stop

COMMANDS = {"measure": measure, "status": status, "report": report, "export": export}


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs one of the commands; exits with 2 and one line on stderr where something is wrong."""
    logging.set_verbosity(logging.WARNING)
    parser = OneLineParser(prog="capacity-jax", description=(__doc__ or "").partition(": ")[2])
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")
    for name, module in COMMANDS.items():
        about = (module.__doc__ or "").splitlines()[0]
        module.add_arguments(commands.add_parser(name, help=about, description=about))
    options = parser.parse_args(arguments)
    try:
        COMMANDS[options.command].run(options)
    except (ValueError, OSError, MemoryError) as error:
        stop(error)
    except KeyboardInterrupt:
        print("\ncapacity_jax: stopped", file=sys.stderr)
        sys.exit(130)
