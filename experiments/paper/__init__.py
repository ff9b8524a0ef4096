"""The figures of Collins et al. 2017, each drawn from a table of trials.

Example:
  >>> from capacity_jax.results import PAPER_FIGURES
  >>> list(PAPER_FIGURES)[:4]
  ['fig1', 'fig2a', 'fig2b', 'fig2c']
"""

from collections.abc import Callable

import pandas as pd
from matplotlib.figure import Figure

from experiments.paper.fig1.figure import fig1
from experiments.paper.fig2a.figure import fig2a
from experiments.paper.fig2b.figure import fig2b
from experiments.paper.fig2c.figure import fig2c
from experiments.paper.fig3.figure import fig3_rcf, fig3_text8
from experiments.paper.fig4.figure import fig4_arith, fig4_parens
from experiments.paper.fig5.figure import fig5, infeasible_table
from experiments.paper.table_rerun.figure import rerun_table, table_rerun
from experiments.paper.selections import (
    capacity_rows,
    of_task,
    random_rows,
    repeated_rows,
    searched,
    step_rows,
    with_nonlinearity,
)

__all__ = [
    "PAPER_FIGURES",
    "fig1",
    "fig2a",
    "fig2b",
    "fig2c",
    "fig3_rcf",
    "fig3_text8",
    "fig4_arith",
    "fig4_parens",
    "fig5",
    "infeasible_table",
    "paper_figures",
    "rerun_table",
    "table_rerun",
]

PAPER_FIGURES: dict[str, Callable[..., Figure]] = {
    "fig1": fig1,
    "fig2a": fig2a,
    "fig2b": fig2b,
    "fig2c": fig2c,
    "fig3_text8": fig3_text8,
    "fig3_rcf": fig3_rcf,
    "fig4_parens": fig4_parens,
    "fig4_arith": fig4_arith,
    "fig5": fig5,
    "table_rerun": table_rerun,
}

# The trials that each of them draws.
_ROWS = {
    "fig1": capacity_rows,
    "fig2a": lambda trials: with_nonlinearity(capacity_rows(trials), "relu"),
    "fig2b": step_rows,
    "fig2c": lambda trials: of_task(trials, "mem_thru"),
    "fig3_text8": lambda trials: of_task(trials, "text8"),
    "fig3_rcf": lambda trials: of_task(trials, "rcf"),
    "fig4_parens": lambda trials: searched(of_task(trials, "parens_counting")),
    "fig4_arith": lambda trials: searched(of_task(trials, "arithmetic")),
    "fig5": random_rows,
    "table_rerun": repeated_rows,
}


def paper_figures(trials: pd.DataFrame, published: pd.DataFrame | None = None) -> dict[str, Figure]:
    """By name, those of the paper's figures for which there are trials.

    Args:
      trials: a table of trials, of any tasks and as far as the studies have come.
      published: a table of the authors' trials, drawn as reference points.

    Example:
      >>> import pandas as pd
      >>> from capacity_jax.results import TRIAL_COLUMNS
      >>> from experiments.paper import paper_figures
      >>> paper_figures(pd.DataFrame(columns=TRIAL_COLUMNS))
      {}
    """
    return {name: draw(trials, published) for name, draw in PAPER_FIGURES.items() if len(_ROWS[name](trials))}
