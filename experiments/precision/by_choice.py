"""What was stored under each value of some hyperparameters, with the best of all others."""

import numpy as np
import pandas as pd

from capacity_jax.stats import mean_or_nothing


def best_of_each(records: pd.DataFrame, *names: str) -> pd.DataFrame:
    """The seeds of the best setting, by their mean, for each network and each value of the named hyperparameters.

    Args:
      records: a table of trials of tasks whose score is to be large.
      names: of hyperparameters, which become columns.
    """
    values = {name: [hparams[name] for hparams in records["hparams"]] for name in names}
    rows = records.assign(**values)
    choice = ["cell", "depth", "parameters", *names]
    # A seed that diverged stored nothing.
    scores = rows["score"].fillna(0.0).groupby([rows[name] for name in ["study", "number"]])
    means = scores.transform("mean")
    best = means == means.groupby([rows[name] for name in choice]).transform("max")
    found = rows.assign(score=rows["score"].fillna(0.0)).loc[best.to_numpy(bool)]
    first = found.groupby(choice)[["study", "number"]].transform("first")
    return found.loc[(found["study"] == first["study"]) & (found["number"] == first["number"])]


def summary(seeds: pd.DataFrame, *names: str, column: str = "score") -> pd.DataFrame:
    """Mean and 95% interval over seeds: a row for each network and value of the named columns."""
    rows = []
    for key, group in seeds.groupby(["cell", "depth", "parameters", *names], sort=True):
        mean = mean_or_nothing(group[column].to_numpy(float))
        found = dict(zip(("cell", "depth", "parameters", *names), key, strict=True))
        found |= {"mean": mean.value, "low": mean.low, "high": mean.high, "seeds": len(group)}
        found |= {"labels": np.mean([hparams["b"] for hparams in group["hparams"]])}
        rows.append(found | {"still learning": int(group["still_learning"].sum())})
    first = ["cell", "depth", "parameters", *names, "labels"]
    return pd.DataFrame(rows, columns=[*first, "mean", "low", "high", "seeds", "still learning"])
