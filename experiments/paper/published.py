"""The authors' own trials (`rnn_hp_dataset.tar.gz`, CC BY 4.0) as a table of trials.

The archive holds pickled structured arrays, one for each figure of the paper; `unpickle` reads them safely.
"""

import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from capacity_jax.studies.record import TRIAL_COLUMNS
from experiments.paper.selections import matching, task_family
from experiments.paper.unpickle import as_text, load_rows

COLUMNS = (
    "architecture",
    "task_type",
    "hparams",
    "n_layers",
    "hyper_iter",
    "max_params",
    "num_params",
    "train_loss",
    "valid_loss",
    "eval_loss",
)
SCORES = {
    "per_cap": "bits_per_parameter",
    "mem_thru": "squared_error",
    "rcf": "squared_error",
    "text8": "bits_per_character",
}


def read_published(path: str | Path) -> pd.DataFrame:
    """The trials of the authors' archive, or of one of its files.

    The objective is `valid_loss`, to be made small; a trial without a finite one diverged. Losses are as published.
    The score is `eval_loss` (that of text8 must be in bits: 1.55 nats would be far more than a network of 1.27 million
    parameters needs). Stored bits do not follow from a loss: the score of `per_cap` is NaN, as are units, inputs, steps
    and seeds. '+rnn' is the cell `intersection`; hyperparameters keep their names and values.

    Raises:
      ValueError: the file is neither that archive nor a `.p` file out of it, lacks a column, or its pickle asks for
        more than arrays.
      OSError: it cannot be read.
    """
    tables = [_table(source, names, rows) for source, names, rows in _sources(Path(path))]
    return pd.concat(tables, ignore_index=True)


def published_settings(
    published: pd.DataFrame, task: str, cell: str, depth: int = 1, budget: float | None = None, n: int = 5
) -> list[dict[str, Any]]:
    """The best n published settings of a cell on a task, best first, to start a search from; none where there are none.

    Only trials of the maximum number of parameters nearest to the budget, by ratio, count; None admits all. A stand-in
    for text8 counts as text8. Names are the authors', words in lower case, as ours are.
    """
    rows = matching(published, task=task_family(task), cell=cell, depth=depth, infeasible=False)
    if budget is not None and len(rows):
        distance = np.abs(np.log(np.asarray(rows["budget"], float) / budget))
        rows = rows.loc[distance == distance.min()]
    best = rows.sort_values("objective", kind="stable")["hparams"].head(n)
    return [{name: value.lower() if isinstance(value, str) else value for name, value in one.items()} for one in best]


def _sources(path: Path) -> Iterator[tuple[str, list[str], list[tuple]]]:
    """Name, field names and rows of each pickle; nothing is written to disk, links are not followed."""
    if not tarfile.is_tarfile(path):
        with path.open("rb") as file:
            yield (path.name, *load_rows(file, path.name))
        return
    found = False
    with tarfile.open(path) as archive:
        for member in archive:
            file = archive.extractfile(member) if member.isfile() else None
            # Mac's resource forks (._fig1.p) are no pickles.
            if file and member.name.endswith(".p") and not Path(member.name).name.startswith("._"):
                found = True
                yield (member.name, *load_rows(file, member.name))
    if not found:
        raise ValueError(f"archive {path.name} holds no .p file; it must be the authors' rnn_hp_dataset.tar.gz")


def _table(source: str, names: list[str], rows: list[tuple]) -> pd.DataFrame:
    for name in COLUMNS:
        if name not in names:
            raise ValueError(f"{source} has no column {name!r}; it has {', '.join(names)}")
    raw = pd.DataFrame(rows, columns=names)
    if not all(isinstance(hparams, dict) for hparams in raw["hparams"]):
        raise ValueError(f"{source} has a row whose hparams are no dict; each must name its hyperparameters")
    cells = raw["architecture"].map(as_text).replace("+rnn", "intersection")
    table = pd.DataFrame(
        {
            "task": raw["task_type"].map(as_text),
            "cell": cells,
            "depth": raw["n_layers"].astype(int),
            "budget": raw["max_params"].astype(float),
            "parameters": raw["num_params"].astype(int),
            "number": raw["hyper_iter"].astype(int),
            "role": "search",
            "sampler": "published",
            "hparams": [{as_text(name): as_text(value) for name, value in one.items()} for one in raw["hparams"]],
            "maximize": False,
        }
    )
    for name in ("train_loss", "valid_loss", "eval_loss"):
        table[name] = raw[name].astype(float)
    table["infeasible"] = ~np.isfinite(table["valid_loss"])
    table["objective"] = table["valid_loss"].where(~table["infeasible"])
    table["score_name"] = [SCORES.get(task, "loss") for task in table["task"]]
    table["score"] = table["eval_loss"].where(~table["infeasible"] & (table["task"] != "per_cap"))
    sizes = table["budget"].map("{:.0f}".format)
    table["study"] = "published/" + table["task"] + "/" + table["cell"] + "@" + table["depth"].astype(str) + "/" + sizes
    for name in TRIAL_COLUMNS:
        if name not in table:
            table[name] = pd.NaT if name == "finished" else np.nan
    return table
