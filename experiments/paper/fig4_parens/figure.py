"""Fig. 4a to 4h: how a tuner gets on at parentheses."""

import pandas as pd
from matplotlib.figure import Figure

from experiments.paper.selections import of_task, searched
from experiments.paper.tuner_figures import draw_progress


def select(records: pd.DataFrame) -> pd.DataFrame:
    """What a tuner tried on parentheses."""
    return searched(of_task(records, "parens_counting"))


def draw(records: pd.DataFrame, published: pd.DataFrame | None = None) -> Figure:
    """Median and minimum evaluation loss so far against tuner iteration, at depths 1, 2, 4 and 8."""
    return draw_progress(select(records), published, "parens_counting", "parentheses", "abcdefgh")
