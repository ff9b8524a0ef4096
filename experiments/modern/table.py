"""Writes what modern cells store as a table, with the parameters that get a gradient at all, and what they recall.

`python -m experiments.modern.table WORKDIR --out=modern.csv`; what is recalled goes into `modern_recall.csv` beside it.
"""

from pathlib import Path

import pandas as pd

from capacity_jax.commands.command_line import OneLineParser, add_source, stop
from capacity_jax.results.workdir import open_trials
from capacity_jax.tasks import per_cap
from capacity_jax.training import live_parameters
from experiments.modern.rows import RECALLED, network_of, rows_of

COLUMNS = ["class", "core", "track", "n_steps", "units", "parameters", "state_size", "mean_bits"]
COLUMNS += ["mean_bits_per_parameter", "ci_low", "ci_high", "seeds", "still_learning", "trials", "infeasible"]
RECALL_COLUMNS = ["class", "core", "unit", "recalled", "per_state", "units", "parameters", "state_size", "seeds"]
RECALL_COLUMNS += ["still_learning", "trials", "infeasible"]


def main(arguments: list[str] | None = None) -> None:
    """Writes the tables of a work directory."""
    parser = OneLineParser(prog="python -m experiments.modern.table", description=(__doc__ or "").splitlines()[0])
    add_source(parser)
    parser.add_argument("--out", type=Path, default=Path("modern.csv"), help="the file; by default modern.csv, here")
    options = parser.parse_args(arguments)
    try:
        records = open_trials(options.workdir, options.storage)
        of_recall = options.out.with_stem(f"{options.out.stem}_recall")
        for path, table in {options.out: with_live_parameters(records), of_recall: recalled(records)}.items():
            table.to_csv(path, index=False, float_format="%.4g")
            print(f"{len(table)} rows are in {path.resolve()}")
    except (ValueError, OSError) as error:
        stop(error)


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


def recalled(records: pd.DataFrame) -> pd.DataFrame:
    """A row for each study of recall: how much of what (`RECALLED`), and how much of it by number in the state."""
    rows = rows_of(records)
    rows = rows.loc[rows["task"].isin(list(RECALLED))].sort_values(["task", "class", "core", "parameters"])
    amount = [row[RECALLED[row["task"]]] for row in rows.to_dict("records")]
    rows = rows.assign(recalled=amount, unit=rows["task"].map(RECALLED), per_state=amount / rows["state_size"])
    return rows.reindex(columns=RECALL_COLUMNS).reset_index(drop=True)


def _stored(records):
    rows = rows_of(records)
    order = ["class", "track", "core", "n_steps", "budget"]
    return rows.loc[rows["task"] == "per_cap"].sort_values(order).reset_index(drop=True)


def _named(stored):
    return stored.rename(columns={"bits": "mean_bits", "score": "mean_bits_per_parameter"}).reindex(columns=COLUMNS)


if __name__ == "__main__":
    main()
