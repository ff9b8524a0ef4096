"""The folders of figures: the paper's, and any other that a configuration names by its import path.

A folder holds `figure.py`, which offers two functions:

  select(records: DataFrame) -> DataFrame: out of a table of any trials those that it draws.
  draw(records: DataFrame, published: DataFrame | None) -> Figure: the figure of these, at every stage of a study, over
    the authors' own trials as reference points where they are given.

It may offer `tables(records) -> dict[str, DataFrame]`, tables by heading that a report shows besides. `claim.py`, where
there is one, offers `CLAIMS`.
"""

from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING

import pandas as pd

from experiments.paper.verdict import LEVEL, Claim, Judgement, judge

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PACKAGE = "experiments.paper"
PAPER_FOLDERS = tuple(f"{PACKAGE}.{path.parent.name}" for path in sorted(Path(__file__).parent.glob("*/figure.py")))


def with_figure(*figures: str) -> tuple[str, ...]:
    """The paper's folders, and those of configurations' figures, where they name one and it is another."""
    return tuple(dict.fromkeys([*PAPER_FOLDERS, *filter(None, figures)]))


def figure_of(folder: str) -> ModuleType:
    """The `figure.py` of a folder.

    Raises:
      ValueError: there is none, it cannot be imported, or it lacks `select` or `draw`.
    """
    if not _has(folder, "figure"):
        raise ValueError(
            f"figure is {folder!r}, and no folder of that import path holds a figure.py; the paper's are "
            f"{', '.join(PAPER_FOLDERS)}"
        )
    module = _imported(folder, "figure")
    if not hasattr(module, "select") or not hasattr(module, "draw"):
        raise ValueError(f"figure is {folder!r}, whose figure.py lacks select or draw; it must offer both")
    return module


def claims_of(folder: str) -> Sequence[Claim]:
    """The claims that belong to a folder's figure.

    Raises:
      ValueError: its `claim.py` cannot be imported.
    """
    return _imported(folder, "claim").CLAIMS if _has(folder, "claim") else ()


def judge_claims(
    records: pd.DataFrame, folders: Iterable[str] = PAPER_FOLDERS, levels: Mapping[int, float] = MappingProxyType({})
) -> list[Judgement]:
    """Every claim of the folders with its verdict, in the order of their numbers, on a table of any trials.

    Args:
      records: the trials.
      folders: import paths.
      levels: confidence of the intervals by the number of a claim, where it is another than `LEVEL`.
    """
    claims = [claim for folder in folders for claim in claims_of(folder)]
    return [
        judge(claim, records, levels.get(claim.number, LEVEL)) for claim in sorted(claims, key=lambda one: one.number)
    ]


def draw_figures(
    records: pd.DataFrame, published: pd.DataFrame | None = None, folders: Iterable[str] = PAPER_FOLDERS
) -> dict[str, "Figure"]:
    """By the names of their folders, those figures for which a table of any trials has some."""
    modules = {folder.rpartition(".")[2]: figure_of(folder) for folder in folders}
    return {name: one.draw(records, published) for name, one in modules.items() if len(one.select(records))}


def tables_of(records: pd.DataFrame, folders: Iterable[str] = PAPER_FOLDERS) -> dict[str, pd.DataFrame]:
    """The tables that the folders' figures offer besides, by heading."""
    modules = [figure_of(folder) for folder in folders]
    offered = [getattr(module, "tables", lambda records: {}) for module in modules]
    return {heading: table for tables in offered for heading, table in tables(records).items()}


def _has(folder, name):
    try:
        return find_spec(f"{folder}.{name}") is not None
    except (ImportError, ValueError):
        return False


def _imported(folder, name):
    try:
        return import_module(f"{folder}.{name}")
    except Exception as error:
        # It may be anybody's code, and fail in any way.
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise ValueError(f"figure is {folder!r}, whose {name}.py cannot be imported: {reason}") from error
