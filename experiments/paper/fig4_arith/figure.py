"""Fig. 4i to 4p: how a tuner gets on at arithmetic."""

import pandas as pd
from matplotlib.figure import Figure

from experiments.paper.selections import of_task, searched
from experiments.paper.tuner_figures import draw_progress


def select(records: pd.DataFrame) -> pd.DataFrame:
    """What a tuner tried on arithmetic."""
    return searched(of_task(records, "arithmetic"))


def draw(records: pd.DataFrame, published: pd.DataFrame | None = None) -> Figure:
    """Median and minimum evaluation loss so far against tuner iteration, at depths 1, 2, 4 and 8."""
    return draw_progress(select(records), published, "arithmetic", "arithmetic", "ijklmnop")
