"""Judges the paper's claims on what work directories hold.

`python -m experiments.claims WORKDIR [WORKDIR ...]` prints each of the eight claims with its verdict (holds, does not
hold, not enough trials), effect sizes with 95% intervals, and the rule. A claim that does not hold is no failure: the
exit code is 2 if a directory holds no readable studies, and 0 otherwise.
"""

import argparse
import sys

import pandas as pd

from capacity_jax.results import judge_claims
from experiments.trials import open_trials
from experiments.workdir import WorkdirError


def main(arguments: list[str] | None = None) -> int:
    """Prints the claims of a work directory; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m experiments.claims", description="Judges the paper's claims.")
    parser.add_argument("workdir", nargs="+", help="work directory of experiments.run")
    try:
        tables = {workdir: open_trials(workdir) for workdir in parser.parse_args(arguments).workdir}
    except WorkdirError as error:
        print(f"capacity_jax: {error}", file=sys.stderr)
        return 2
    # Studies of one name in two directories are two studies.
    trials = [table.assign(study=f"{workdir}/" + table["study"].astype(str)) for workdir, table in tables.items()]
    print("\n\n".join(map(str, judge_claims(pd.concat(trials, ignore_index=True)))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
