"""How much can a recurrent network store, and how hard is it to train? Measured in JAX, in minutes.

Names are loaded when they are first used: cells alone need neither a storage nor a plotting library.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from capacity_jax.cells import CELLS as CELLS
    from capacity_jax.cells import Cell as Cell
    from capacity_jax.cells import Hyperparameter as Hyperparameter
    from capacity_jax.cells import block as block
    from capacity_jax.cells import cell_by_name as cell_by_name
    from capacity_jax.cells import gru as gru
    from capacity_jax.cells import gru_reset_after as gru_reset_after
    from capacity_jax.cells import init_gates as init_gates
    from capacity_jax.cells import intersection as intersection
    from capacity_jax.cells import irnn as irnn
    from capacity_jax.cells import linear as linear
    from capacity_jax.cells import lstm as lstm
    from capacity_jax.cells import rnn as rnn
    from capacity_jax.cells import ugrnn as ugrnn
    from capacity_jax.flax import from_linen as from_linen
    from capacity_jax.flax import from_nnx as from_nnx
    from capacity_jax.measure import measure_capacity as measure_capacity
    from capacity_jax.networks import Network as Network
    from capacity_jax.networks import units_for_budget as units_for_budget
    from capacity_jax.results import Capacity as Capacity
    from capacity_jax.results import read_records as read_records
    from capacity_jax.results import read_trials as read_trials
    from capacity_jax.search import search_space as search_space
    from capacity_jax.studies import CheckpointError as CheckpointError
    from capacity_jax.studies import Stopped as Stopped
    from capacity_jax.studies import StorageError as StorageError
    from capacity_jax.studies import Study as Study
    from capacity_jax.studies import WeightsError as WeightsError
    from capacity_jax.studies import load_network as load_network
    from capacity_jax.studies import plan_study as plan_study
    from capacity_jax.studies import retrain as retrain
    from capacity_jax.studies import run_studies as run_studies
    from capacity_jax.tasks import TASKS as TASKS
    from capacity_jax.tasks import Batch as Batch
    from capacity_jax.tasks import Task as Task
    from capacity_jax.tasks import arithmetic as arithmetic
    from capacity_jax.tasks import assoc_recall as assoc_recall
    from capacity_jax.tasks import mem_thru as mem_thru
    from capacity_jax.tasks import parens_counting as parens_counting
    from capacity_jax.tasks import per_cap as per_cap
    from capacity_jax.tasks import rcf as rcf
    from capacity_jax.tasks import task_by_name as task_by_name
    from capacity_jax.tasks import text8 as text8
    from capacity_jax.training import Bucket as Bucket
    from capacity_jax.training import Outcome as Outcome
    from capacity_jax.training import Population as Population
    from capacity_jax.training import Trial as Trial
    from capacity_jax.training import train_population as train_population
    from capacity_jax.training import use_all_cores as use_all_cores

# The package that each public name comes from.
_HOMES = {
    "cells": "CELLS Cell Hyperparameter block cell_by_name gru gru_reset_after init_gates intersection irnn linear "
    "lstm rnn ugrnn",
    "flax": "from_linen from_nnx",
    "measure": "measure_capacity",
    "networks": "Network units_for_budget",
    "results": "Capacity read_records read_trials",
    "search": "search_space",
    "studies": "CheckpointError Stopped StorageError Study WeightsError load_network plan_study retrain run_studies",
    "tasks": "TASKS Batch Task arithmetic assoc_recall mem_thru parens_counting per_cap rcf task_by_name text8",
    "training": "Bucket Outcome Population Trial train_population use_all_cores",
}
_PACKAGE_OF = {name: package for package, names in _HOMES.items() for name in names.split()}

__all__ = sorted(_PACKAGE_OF)  # pyright: ignore[reportUnsupportedDunderAll]
__version__ = "0.2.0"


def __getattr__(name: str) -> Any:
    if name not in _PACKAGE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PACKAGE_OF[name]}"), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
