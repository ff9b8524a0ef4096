"""Writes what modern cells store as a table, with the parameters that get a gradient at all.

`python -m experiments.modern.table WORKDIR --out=modern.csv`
"""

from pathlib import Path

import pandas as pd

from capacity_jax.commands.command_line import OneLineParser, add_source, stop
from capacity_jax.results.workdir import open_trials
from capacity_jax.tasks import per_cap
from capacity_jax.training import live_parameters
from experiments.modern.rows import network_of, rows_of

COLUMNS = [
    "class",
    "core",
    "track",
    "n_steps",
    "units",
    "parameters",
    "state_size",
    "mean_bits",
    "mean_bits_per_parameter",
]
COLUMNS += ["ci_low", "ci_high", "seeds", "still_learning", "trials", "infeasible"]


def main(arguments: list[str] | None = None) -> None:
    """Writes the table of a work directory."""
    parser = OneLineParser(prog="python -m experiments.modern.table", description=(__doc__ or "").splitlines()[0])
    add_source(parser)
    parser.add_argument("--out", type=Path, default=Path("modern.csv"), help="the file; by default modern.csv, here")
    options = parser.parse_args(arguments)
    try:
        table = with_live_parameters(open_trials(options.workdir, options.storage))
        table.to_csv(options.out, index=False, float_format="%.4g")
    except (ValueError, OSError) as error:
        stop(error)
    print(f"{len(table)} rows are in {options.out.resolve()}")


def described(records: pd.DataFrame) -> pd.DataFrame:
    """A row for each study of stored labels: the cell with its class and state, and what its best setting stored."""
    return _named(_stored(records))


def with_live_parameters(records: pd.DataFrame) -> pd.DataFrame:
    """`described`, with `live`, the parameters that get a gradient, and `bits_per_live`; takes seconds for each row."""
    stored = _stored(records)
    live = [
        live_parameters(network_of(row), per_cap(n_in=row["n_in"], n_steps=row["n_steps"], b_max=64))
        for row in stored.to_dict("records")
    ]
    table = _named(stored)
    place = table.columns.get_loc("state_size")
    table.insert(place, "live", live)
    table.insert(place + 3, "bits_per_live", table["mean_bits"] / live)
    return table


def _stored(records):
    rows = rows_of(records)
    return (
        rows.loc[rows["task"] == "per_cap"]
        .sort_values(["class", "track", "core", "n_steps", "budget"])
        .reset_index(drop=True)
    )


def _named(stored):
    return stored.rename(columns={"bits": "mean_bits", "score": "mean_bits_per_parameter"})[COLUMNS]


if __name__ == "__main__":
    main()
