"""What the configurations of the paper's figures have in common."""

from typing import Any

from ml_collections import ConfigDict

from capacity_jax.search import SHORT_RUN_RANGES
from experiments.configs.common import base_config, train_by_soap
from experiments.paper.cells import PAPER_CELLS, shares_of

# A minute, under an hour on 4 cores, 12 hours on 4 cores, under an hour on one large GPU, the paper's own.
EXTENTS = ("smoke", "laptop", "overnight", "gpu", "paper")
# Each at the least depth it can have.
SIX_CELLS = ",".join(f"{cell}@2" if cell == "intersection" else cell for cell in PAPER_CELLS)
CAPACITY_STEPS = {
    "smoke": 300,
    "laptop": (10_000, 160_000),
    "overnight": (50_000, 200_000),
    "gpu": (50_000, 300_000),
    "paper": (50_000, 20_000_000),
}
# Of initial settings; those of `laptop` are trained by SOAP.
SETTING_STEPS = {"smoke": 300, "laptop": 40_000, "overnight": 200_000, "gpu": 300_000, "paper": 1_000_000}


def figure_config(
    figure: str, task: str, extent: str, *, train_steps: dict[str, Any], depths: tuple[int, ...] = (), **fields: Any
) -> Any:
    """The configuration of one of the paper's figures.

    Args:
      figure: name of its folder.
      task: name of the task.
      extent: one of `EXTENTS`. `paper` searches the paper's ranges with a thousand trials; the others those of
        `SHORT_RUN_RANGES`; `smoke` has two cells.
      train_steps: training steps, a number or a range, by extent; a cap that makes the results lower bounds.
      depths: of all cells, but at `smoke`; by default each has the least it can have.
      fields: others of the configuration, by name.

    Raises:
      ValueError: the extent is not one of those allowed.
    """
    config = base_config(figure, task, extent, EXTENTS)
    config.figure = f"experiments.paper.{figure}"
    config.cells = "rnn,intersection@2" if extent == "smoke" else at_depths(*depths) if depths else SIX_CELLS
    config.trials = {"smoke": 2, "laptop": 8, "overnight": 32, "gpu": 256, "paper": 1000}[extent]
    config.seeds = {"smoke": 2, "laptop": 4, "overnight": 5, "gpu": 5, "paper": 5}[extent]
    # As many at once as a GPU trains at once.
    config.proposals = {"smoke": 2, "laptop": 8, "overnight": 8, "gpu": 128, "paper": 128}[extent]
    config.space = ConfigDict(({} if extent == "paper" else SHORT_RUN_RANGES) | {"train_steps": train_steps[extent]})
    config.update(fields)
    return config


def capacity_config(figure: str, extent: str, budgets: dict[str, tuple[int, ...]], **fields: Any) -> Any:
    """The configuration of a figure about stored bits, with budgets by extent, without initial settings."""
    task_args = {"n_in": 64 if extent in ("gpu", "paper") else 32, "n_steps": 5}
    config = figure_config(
        figure, "per_cap", extent, train_steps=CAPACITY_STEPS, budgets=budgets[extent], task_args=task_args, **fields
    )
    config.batch_size = 64 if extent == "smoke" else 128
    config.space.b_per_parameter = (1.0, 6.0)
    return config


def with_settings(config: Any, extent: str, train_steps: int | None = None) -> Any:
    """The configuration with what is best for each of the paper's cells, its sizes and so many training steps.

    At `laptop` these settings are all that is trained, by SOAP; at the other extents a search by the paper's update
    rules begins with them.
    """
    laptop = extent == "laptop"
    if laptop:
        config.trials = 0
        train_by_soap(config)
    if extent != "paper":
        # Down to what deep and large networks begin with.
        config.space.lr_init = (0.0005, 0.06)
    setting = {"lr_decay_rate": 0.03, "train_steps": train_steps or SETTING_STEPS[extent]}
    shares = shares_of("soap" if laptop else "adam")
    config.initial_settings = ConfigDict({cell: (of_cell | setting,) for cell, of_cell in shares.items()})
    return config


def at_depths(*depths: int) -> str:
    """The paper's six cells at each of the depths, as `config.cells` has them; +RNN has two layers at least."""
    return ",".join(f"{cell}@{d}" for cell in PAPER_CELLS for d in depths if (cell, d) != ("intersection", 1))
