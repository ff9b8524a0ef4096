"""Which hyperparameters to try: the space, samplers, and studies that survive any end."""

from capacity_jax.search.checkpoints import CheckpointError
from capacity_jax.search.plan import most_labels, plan_study
from capacity_jax.search.proposals import sampler_by_name
from capacity_jax.search.run import Home, Stopped, run_studies
from capacity_jax.search.space import PAPER_RANGES, SHORT_RUN_RANGES, expanded, nearest, search_space
from capacity_jax.search.storage import Storage, StorageError, open_storage
from capacity_jax.search.study import Study, best_setting
from capacity_jax.search.worker import Worker

__all__ = [
    "PAPER_RANGES",
    "SHORT_RUN_RANGES",
    "CheckpointError",
    "Home",
    "Stopped",
    "Storage",
    "StorageError",
    "Study",
    "Worker",
    "best_setting",
    "expanded",
    "most_labels",
    "nearest",
    "open_storage",
    "plan_study",
    "run_studies",
    "sampler_by_name",
    "search_space",
]
