"""Judges the paper's claims on what work directories hold.

`python -m experiments.claims WORKDIR [WORKDIR ...]` prints each claim with its verdict (holds, does not hold, not
enough trials, not run), effect sizes with 95% intervals, and the rule. A claim that does not hold is no failure: the
exit code is 2 if a directory holds no readable studies, and 0 otherwise.
"""

import argparse
import sys
from pathlib import Path

import pandas as pd

from experiments.paper.folders import judge_claims, with_figure
from experiments.workdir import open_trials, read_config


def main(arguments: list[str] | None = None) -> int:
    """Prints the claims of work directories; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m experiments.claims", description="Judges the paper's claims.")
    parser.add_argument("workdir", nargs="+", type=Path, help="work directory of experiments.run")
    workdirs = parser.parse_args(arguments).workdir
    try:
        # Studies of one name in two directories are two studies.
        tables = [open_trials(one).assign(study=lambda table, one=one: f"{one}/" + table["study"]) for one in workdirs]
        folders = with_figure(*(read_config(one).get("figure", "") for one in workdirs))
        judgements = judge_claims(pd.concat(tables, ignore_index=True), folders)
    except ValueError as error:
        print(f"capacity_jax: {error}", file=sys.stderr)
        return 2
    print("\n\n".join(map(str, judgements)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
