"""Judges the paper's claims on what work directories, or a storage, hold.

`python -m experiments.claims WORKDIR [WORKDIR ...] [--storage=URL]` prints each claim with its verdict (holds, does not
hold, not enough trials, not run), effect sizes with 95% intervals, and the rule. A directory may also hold what
`experiments.export` has written. With `--plan` it tells instead by how much the trials must grow until each claim is
decided, if their spread stays what it is. With `--settle=N --minutes=M` it trains more of what claim N needs, in the
one WORKDIR, until it is decided or the minutes are over; `experiments.paper.looks` says how intervals stay honest. A
claim that does not hold is no failure: the exit code is 2 if there are no readable studies, and 0 otherwise.
"""

import signal
import sys
from functools import partial
from pathlib import Path

import pandas as pd

from capacity_jax.commands.command_line import OneLineParser, stop
from capacity_jax.results.workdir import open_trials, read_config
from experiments.paper.folders import judge_claims, with_figure
from experiments.paper.looks import levels
from experiments.settle import settle


def main(arguments: list[str] | None = None) -> None:
    """Prints the claims of work directories or of a storage."""
    parser = OneLineParser(prog="python -m experiments.claims", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("workdir", nargs="*", type=Path, help="work directory of experiments.run")
    parser.add_argument("--storage", default="", help="URL of the Optuna storage that holds the trials of all of them")
    parser.add_argument("--plan", action="store_true", help="print what it takes to decide each claim instead")
    parser.add_argument("--settle", type=int, metavar="N", help="number of a claim to train for until it is decided")
    parser.add_argument("--minutes", type=float, default=60.0, help="for which to train at most, with --settle")
    options = parser.parse_args(arguments)
    if options.settle is not None and (len(options.workdir) != 1 or options.storage or options.plan):
        parser.error("--settle takes one work directory, and neither --storage nor --plan")
    if not options.minutes >= 0:
        parser.error(f"--minutes is {options.minutes}; allowed: a number of minutes, from 0")
    sources = [None] if options.storage else options.workdir or [None]
    try:
        if options.settle is not None:
            print(settle(options.workdir[0], options.settle, options.minutes, partial(print, file=sys.stderr)))
            return
        # Studies of one name in two directories are two studies.
        tables = [
            open_trials(one, options.storage).assign(study=lambda table, one=one: f"{one}/" + table["study"])
            for one in sources
        ]
        folders = with_figure(*(read_config(one).get("figure", "") for one in options.workdir))
        # Of two directories the one with more looks counts.
        looked = dict(sorted(pair for one in options.workdir for pair in levels(one).items()))
        judgements = judge_claims(pd.concat(tables, ignore_index=True), folders, looked)
    except (ValueError, OSError, MemoryError) as error:
        stop(error)
    except KeyboardInterrupt:
        print("\ncapacity_jax: stopped; the same command goes on from here", file=sys.stderr)
        sys.exit(128 + signal.SIGINT)
    print("\n\n".join(one.plan if options.plan else str(one) for one in judgements))


if __name__ == "__main__":
    main()
