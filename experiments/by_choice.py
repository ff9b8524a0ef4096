"""What was stored under each of several choices: the best setting of each, and a summary over its seeds."""

from typing import Any, cast

import numpy as np
import pandas as pd

from capacity_jax.stats import mean_or_nothing

NETWORK = ["cell", "depth", "parameters"]


def best_of_each(records: pd.DataFrame, *names: str) -> pd.DataFrame:
    """The seeds of the best setting, by their mean, for each network and each value of the named hyperparameters.

    A seed that diverged stored nothing: its score is 0.

    Args:
      records: a table of trials of tasks whose score is to be large.
      names: of hyperparameters, which become columns.
    """
    values = {name: [hparams[name] for hparams in records["hparams"]] for name in names}
    rows = records.assign(score=records["score"].fillna(0.0), **values)
    rows["mean"] = rows.groupby([*names, "study", "number"])["score"].transform("mean")
    choices = [*NETWORK, *names]
    best = rows.loc[(rows["mean"] == rows.groupby(choices)["mean"].transform("max")).to_numpy(bool)]
    first = best.groupby(choices)[["study", "number"]].transform("first")
    same = [best[name].to_numpy() == first[name].to_numpy() for name in ("study", "number")]
    return best.loc[same[0] & same[1]].drop(columns="mean")


def summary(seeds: pd.DataFrame, *names: str, column: str = "score") -> pd.DataFrame:
    """Over the seeds of each network and value of the named columns, in their order, a row each.

    Columns: cell, depth, parameters, the named ones, labels (asked for, in the mean), `mean` of a column with `low` and
    `high` (95%), seeds and still learning (their numbers).
    """
    rows: list[dict[str, Any]] = []
    choices = [*NETWORK, *names]
    for key, group in seeds.groupby(choices, sort=True):
        mean = mean_or_nothing(group[column].to_numpy(float))
        row: dict[str, Any] = dict(zip(choices, cast(tuple, key), strict=True))
        row["labels"] = np.mean([hparams["b"] for hparams in group["hparams"]])
        row |= {"mean": mean.value, "low": mean.low, "high": mean.high, "seeds": len(group)}
        rows.append(row | {"still learning": np.count_nonzero(group["still_learning"])})
    return pd.DataFrame(rows, columns=[*choices, "labels", "mean", "low", "high", "seeds", "still learning"])
