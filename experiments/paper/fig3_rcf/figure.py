"""Fig. 3e to 3g: squared error on random continuous functions against parameters."""

import pandas as pd
from matplotlib.figure import Figure

from experiments.paper.loss_figures import draw_losses
from experiments.paper.selections import of_task


def select(records: pd.DataFrame) -> pd.DataFrame:
    """The trials on random continuous functions."""
    return of_task(records, "rcf")


def draw(records: pd.DataFrame, published: pd.DataFrame | None = None) -> Figure:
    """Squared error against parameters, at depths 1, 2 and 4 (e to g)."""
    return draw_losses(select(records), published, "rcf", "random continuous functions", "squared error", "efg")
