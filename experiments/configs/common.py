"""What all configurations have in common."""

from typing import Any

from ml_collections import ConfigDict, config_dict

EXTENTS = ("laptop", "smoke")
# What every field is.
ABOUT = {
    "name": "of the run, and of its directory in runs/",
    "seed": "from it follow all data, weights and draws",
    "task": "its name, or the import path of one of your own, mypackage.tasks:mine",
    "task_args": "its arguments, as its docstring tells them; a tuple makes a study of each of its values",
    "cells": "names, some with options, deltanet(heads=4), or import paths, mypackage.cells:leaky; @2 is a depth of 2",
    "budgets": "sizes as the largest numbers of parameters; or else units",
    "units": "sizes as the numbers of units per layer",
    "batch_size": "examples per training step",
    "seeds": "measurements of each initial setting and of the best one",
    "trials": "settings that the sampler proposes",
    "sampler": "gp, random, tpe, cmaes, qmc or a class of Optuna",
    "proposals": "settings proposed at once",
    "rungs": "shares of training, such as 0.1,0.2,0.5, at which a proposed trial stops unless it is as good as the "
    "best third of those before it were there",
    "max_train_steps": "no trial trains for longer; a cap makes what is measured a lower bound, and is recorded",
    "checkpoint_interval": "seconds between checkpoints of what is being trained",
    "kept_settings": "of how many settings of each study, the best ones, the trained parameters are kept",
    "initial_settings": "settings known to be good, by cell (gru), with its depth (gru@4), its size (gru/600) or both "
    "(gru@4/600), or for others under default; of per_cap also by b_per_parameter, relative_labels, relative_rate",
    "transformation": "import path of a function from hyperparameters to an optax transformation that updates",
    "warm_start": "the authors' published trials (rnn_hp_dataset.tar.gz): their best settings are initial ones too",
    "space": "changes to the declared ranges of hyperparameters: --config.space.lr_init=0.01 fixes one, "
    "--config.space.lr_init=0.001,0.01 is a range, --config.space.optimizer=adam,sgd are choices",
    "figure": "import path of the folder of the figure that the trials are for, drawn at the end with a report",
}


def base_config(name: str, task: str, extent: str, extents: tuple[str, ...] = EXTENTS) -> Any:
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
    config.task_args = ConfigDict()
    config.cells = "rnn"
    config.budgets = ()
    config.units = ()
    config.batch_size = 64
    config.seeds = 2
    config.trials = 0
    config.sampler = "gp"
    config.proposals = 8
    config.rungs = ()
    config.max_train_steps = config_dict.placeholder(int)
    config.checkpoint_interval = 60.0
    config.kept_settings = 1
    config.initial_settings = ConfigDict({"default": ()})
    config.transformation = config_dict.placeholder(str)
    config.warm_start = ""
    config.space = ConfigDict()
    config.figure = ""
    return config


def train_by_soap(config: Any) -> None:
    """Sets the update rule, and batches of a size that suits it (`experiments/results/training.md`)."""
    config.transformation, config.batch_size = "capacity_jax.training:soap", 256
