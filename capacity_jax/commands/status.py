"""Shows what runs, how far, by which worker, and how long the rest takes.

`capacity-jax status WORKDIR` or, from any machine that reaches it, `capacity-jax status --storage=URL`
"""

from argparse import ArgumentParser, Namespace

from capacity_jax.commands.command_line import add_source
from capacity_jax.results.status import Status, read_status
from capacity_jax.results.table import as_text
from capacity_jax.results.workdir import read_storage


def add_arguments(parser: ArgumentParser) -> None:
    """Where the run is kept."""
    add_source(parser)


def run(options: Namespace) -> None:
    """Prints a row for each study, one for each running trial, and what is left.

    Raises:
      WorkdirError: there are no studies, or they cannot be read.
    """
    print(in_words(read_storage(read_status, options.workdir, options.storage)))


def in_words(status: Status) -> str:
    """The status for a terminal."""
    if status.studies.empty:
        return "no study has begun"
    studies, running = status.studies, status.running
    parts = [as_text(studies)]
    if len(running):
        shown = running.assign(
            done=running["done"].map("about {:.0%}".format).where(running["done"].notna(), ""),
            since=running["since"].dt.strftime("%Y-%m-%d %H:%M"),
            worker=running["worker"].where(running["heard"], running["worker"] + " (not heard of)"),
        )
        parts.append(f"running:\n{as_text(shown.drop(columns='heard'))}")
    finished, expected = sum(studies["finished"]), sum(studies["expected"])
    line = f"{finished} of {expected} trials have ended, {status.done:.0%} of the work"
    if finished < expected:
        line += "; no trial runs" if not any(running["heard"]) else f"; about {status.left or 'unknown'} left"
    return "\n\n".join([*parts, line])
