"""Fig. 3a to 3d: bits per character of text against parameters, and against units at depth 1."""

import pandas as pd
from matplotlib.figure import Figure

from experiments.paper.loss_figures import draw_losses
from experiments.paper.selections import of_task


def select(records: pd.DataFrame) -> pd.DataFrame:
    """The trials on text8 or its stand-in."""
    return of_task(records, "text8")


def draw(records: pd.DataFrame, published: pd.DataFrame | None = None) -> Figure:
    """Bits per character against parameters at depths 1, 2 and 4 (a to c), and against units at depth 1 (d)."""
    rows = select(records)
    name = ", ".join(sorted(set(rows["task"]))) or "text8"
    return draw_losses(rows, published, "text8", name, "bits per character", "abcd")
