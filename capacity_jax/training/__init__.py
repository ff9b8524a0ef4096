"""Training: the optimizer under traced hyperparameters, one member, and the population that runs many."""

from capacity_jax.training.settings import complete
from capacity_jax.training.member import Bucket, Member, advance, evaluate, start
from capacity_jax.training.optimizer import optimizer
from capacity_jax.training.population import Chunk, Outcome, Trial, prepare_population, train_population
from capacity_jax.training.devices import use_all_cores

__all__ = [
    "Bucket",
    "Chunk",
    "Member",
    "Outcome",
    "Trial",
    "advance",
    "complete",
    "evaluate",
    "optimizer",
    "prepare_population",
    "start",
    "train_population",
    "use_all_cores",
]
