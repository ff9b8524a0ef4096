"""What all configurations have in common."""

from ml_collections import ConfigDict, config_dict

EXTENTS = ("laptop", "smoke")


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
    # Seeds of each initial setting and of the best one.
    config.seeds = 2
    # Settings that the sampler (gp, random, tpe, cmaes, qmc or a class of Optuna) proposes, so many at once.
    config.trials = 0
    config.sampler = "gp"
    config.proposals = 8
    # No trial trains for longer; a cap makes what is measured a lower bound, and is recorded with the study.
    config.max_train_steps = config_dict.placeholder(int)
    # Seconds between checkpoints of what is being trained.
    config.checkpoint_interval = 60.0
    # Of how many settings of each study, the best ones, the trained parameters are kept.
    config.kept_settings = 1
    # Settings known to be good, by cell, or for all others under "default".
    config.initial_settings = ConfigDict({"default": ()})
    # The authors' published trials (rnn_hp_dataset.tar.gz): their best settings are initial ones too.
    config.warm_start = ""
    # Changes to the declared ranges, as `capacity_jax.search.search_space` takes them.
    config.space = ConfigDict()
    # The folder of the figure that the trials are for, by its import path; drawn at the end, with a report.
    config.figure = ""
    return config
