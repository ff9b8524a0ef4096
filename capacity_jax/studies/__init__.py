"""Studies of one network size each: planned, trained by any number of workers, kept in a storage, continued."""

from capacity_jax.studies.best import best_setting
from capacity_jax.studies.checkpoints import CheckpointError
from capacity_jax.studies.plan import plan_study
from capacity_jax.studies.record import Record
from capacity_jax.studies.run import Persistence, Stopped, run_studies
from capacity_jax.studies.storage import Storage, StorageError, masked, open_storage
from capacity_jax.studies.study import Study
from capacity_jax.studies.trained import TrainedNetwork, load_network, retrain
from capacity_jax.studies.weights import WeightsError
from capacity_jax.studies.worker import Worker

__all__ = [
    "CheckpointError",
    "Persistence",
    "Record",
    "Stopped",
    "Storage",
    "StorageError",
    "Study",
    "TrainedNetwork",
    "WeightsError",
    "Worker",
    "best_setting",
    "load_network",
    "masked",
    "open_storage",
    "plan_study",
    "retrain",
    "run_studies",
]
