"""What the configurations of the paper's figures have in common."""

from typing import Any

from ml_collections import ConfigDict

from capacity_jax.search import SHORT_RUN_RANGES
from experiments.configs.common import base_config
from experiments.paper.cells import PAPER_CELLS

# A minute, under an hour on 4 cores, under an hour on one large GPU, the paper's own.
EXTENTS = ("smoke", "laptop", "gpu", "paper")
# Each at the least depth it can have.
SIX_CELLS = ",".join(f"{cell}@2" if cell == "intersection" else cell for cell in PAPER_CELLS)


def figure_config(figure: str, task: str, extent: str, *, train_steps: dict[str, Any]) -> ConfigDict:
    """The configuration of one of the paper's figures, but for sizes, initial settings and arguments of the task.

    Args:
      figure: name of its folder.
      task: name of the task.
      extent: one of `EXTENTS`. `paper` searches the paper's ranges with a thousand trials; the others those of
        `SHORT_RUN_RANGES`; `smoke` has two cells.
      train_steps: training steps, a number or a range, by extent; a cap that makes the results lower bounds.

    Raises:
      ValueError: the extent is not one of those allowed.
    """
    config = base_config(figure, task, extent, EXTENTS)
    config.figure = f"experiments.paper.{figure}"
    config.cells = "rnn,intersection@2" if extent == "smoke" else SIX_CELLS
    config.trials = {"smoke": 2, "laptop": 8, "gpu": 256, "paper": 1000}[extent]
    config.seeds = {"smoke": 2, "laptop": 3, "gpu": 5, "paper": 5}[extent]
    # As many at once as a GPU trains at once.
    config.proposals = {"smoke": 2, "laptop": 8, "gpu": 128, "paper": 128}[extent]
    config.space = ConfigDict(({} if extent == "paper" else SHORT_RUN_RANGES) | {"train_steps": train_steps[extent]})
    return config


def at_depths(*depths: int) -> str:
    """The paper's six cells at each of the depths, as `config.cells` has them; +RNN has two layers at least."""
    return ",".join(f"{cell}@{d}" for cell in PAPER_CELLS for d in depths if (cell, d) != ("intersection", 1))
