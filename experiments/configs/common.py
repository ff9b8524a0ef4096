"""What all configurations have in common."""

from ml_collections import ConfigDict

EXTENTS = ("laptop", "smoke")


def base_config(name: str, task: str, extent: str) -> ConfigDict:
    """A configuration with every field that `experiments.run` reads; those of the task are to be filled in.

    Raises:
      ValueError: the extent is not one of `EXTENTS`.
    """
    if extent not in EXTENTS:
        raise ValueError(f"extent is {extent!r}; allowed: {', '.join(EXTENTS)}")
    config = ConfigDict()
    config.name = f"{name}-{extent}"
    config.seed = 0
    config.task = task
    # Arguments of the task, as its docstring tells them.
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
    # Seconds between checkpoints of what is being trained.
    config.checkpoint_interval = 60.0
    # Settings known to be good, by cell, or for all others under "default".
    config.starts = ConfigDict({"default": ()})
    # Changes to the paper's ranges, as `capacity_jax.search.search_space` takes them.
    config.space = ConfigDict()
    return config
