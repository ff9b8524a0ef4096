"""What all configurations have in common."""

from typing import Any

from ml_collections import ConfigDict, config_dict

from capacity_jax.search import SHORT_RUN_RANGES

EXTENTS = ("laptop", "smoke")
# Of the paper's figures: a minute, under an hour on 4 cores, under an hour on one large GPU, the paper's own.
FIGURE_EXTENTS = ("smoke", "laptop", "gpu", "paper")
# The paper's six cells; +RNN needs two layers at least.
SIX_CELLS = "rnn,irnn,ugrnn,gru,lstm,intersection@2"
TWO_CELLS = "rnn,intersection@2"


def base_config(name: str, task: str, extent: str, extents: tuple[str, ...] = EXTENTS) -> ConfigDict:
    """A configuration with every field that `experiments.run` reads; those of the task are to be filled in.

    Raises:
      ValueError: the extent is not one of those allowed.
    """
    if extent not in extents:
        raise ValueError(f"extent is {extent!r}; allowed: {', '.join(extents)}")
    config = ConfigDict()
    config.name = f"{name}-{extent}"
    config.seed = 0
    config.task = task
    # Arguments of the task, as its docstring tells them; one that holds a tuple makes a study of each of its values.
    config.task_args = ConfigDict()
    # Names of cells, each with @depth behind it if that is not 1.
    config.cells = "rnn"
    # Sizes: the largest numbers of parameters, or else the numbers of units per layer.
    config.budgets = ()
    config.units = ()
    config.batch_size = 64
    # Seeds of each starting point and of the best setting.
    config.seeds = 2
    # Settings that the sampler (gp, random, tpe, cmaes, qmc or a class of Optuna) proposes, so many at once.
    config.trials = 0
    config.sampler = "gp"
    config.proposals = 8
    # No trial trains for longer; a cap makes what is measured a lower bound, and is recorded with the study.
    config.max_train_steps = config_dict.placeholder(int)
    # Seconds between checkpoints of what is being trained.
    config.checkpoint_interval = 60.0
    # Settings known to be good, by cell, or for all others under "default".
    config.starts = ConfigDict({"default": ()})
    # The authors' published trials (rnn_hp_dataset.tar.gz): their best settings are starting points too.
    config.warm_start = ""
    # Changes to the paper's ranges, as `capacity_jax.search.search_space` takes them.
    config.space = ConfigDict()
    # Which of the paper's figures the trials are for; drawn at the end.
    config.figure = ""
    return config


def figure_config(figure: str, task: str, extent: str, *, train_steps: dict[str, Any]) -> ConfigDict:
    """The configuration of one of the paper's figures, but for sizes, starts and arguments of the task.

    Args:
      figure: its name among `PAPER_FIGURES`.
      task: name of the task.
      extent: one of `FIGURE_EXTENTS`. `paper` searches the paper's ranges with a thousand trials; the others those of
        `SHORT_RUN_RANGES`; `smoke` has two cells.
      train_steps: training steps, a number or a range, by extent; a cap that makes the results lower bounds.

    Raises:
      ValueError: the extent is not one of those allowed.
    """
    config = base_config(figure, task, extent, FIGURE_EXTENTS)
    config.figure = figure
    config.cells = TWO_CELLS if extent == "smoke" else SIX_CELLS
    config.trials = {"smoke": 2, "laptop": 8, "gpu": 256, "paper": 1000}[extent]
    config.seeds = {"smoke": 2, "laptop": 3, "gpu": 5, "paper": 5}[extent]
    # As many at once as a GPU trains at once.
    config.proposals = {"smoke": 2, "laptop": 8, "gpu": 128, "paper": 128}[extent]
    config.space = ConfigDict(({} if extent == "paper" else SHORT_RUN_RANGES) | {"train_steps": train_steps[extent]})
    return config


def at_depths(cells: str, *depths: int) -> str:
    """The cells at each of the depths, as `config.cells` has them; +RNN only where it can be.

    Example: `at_depths("gru,intersection", 1, 2)` is `gru,gru@2,intersection@2`.
    """
    names = [entry.split("@")[0] for entry in cells.split(",")]
    return ",".join(f"{name}@{d}" for name in names for d in depths if (name, d) != ("intersection", 1))
