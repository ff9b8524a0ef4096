"""Judges the paper's claims on what work directories, or a storage, hold.

`python -m experiments.claims WORKDIR [WORKDIR ...] [--storage=URL]` prints each claim with its verdict (holds, does not
hold, not enough trials, not run), effect sizes with 95% intervals, and the rule. A directory may also hold what
`experiments.export` has written. A claim that does not hold is no
failure: the exit code is 2 if there are no readable studies, and 0 otherwise.
"""

from pathlib import Path

import pandas as pd

from capacity_jax.commands.command_line import OneLineParser, stop
from capacity_jax.results.workdir import open_trials, read_config
from experiments.paper.folders import judge_claims, with_figure


def main(arguments: list[str] | None = None) -> None:
    """Prints the claims of work directories or of a storage."""
    parser = OneLineParser(prog="python -m experiments.claims", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("workdir", nargs="*", type=Path, help="work directory of experiments.run")
    parser.add_argument("--storage", default="", help="URL of the Optuna storage that holds the trials of all of them")
    options = parser.parse_args(arguments)
    sources = [None] if options.storage else options.workdir or [None]
    try:
        # Studies of one name in two directories are two studies.
        tables = [
            open_trials(one, options.storage).assign(study=lambda table, one=one: f"{one}/" + table["study"])
            for one in sources
        ]
        folders = with_figure(*(read_config(one).get("figure", "") for one in options.workdir))
        judgements = judge_claims(pd.concat(tables, ignore_index=True), folders)
    except ValueError as error:
        stop(error)
    print("\n\n".join(map(str, judgements)))


if __name__ == "__main__":
    main()
