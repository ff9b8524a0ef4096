"""Training: the optimizer under traced hyperparameters, one member, and the population that runs many."""

from capacity_jax.training.devices import Devices, default_devices, use_all_cores
from capacity_jax.training.live import live_parameters
from capacity_jax.training.member import Bucket
from capacity_jax.training.optimizer import Transformation, with_hyperparameters
from capacity_jax.training.population import Population, train_population
from capacity_jax.training.program import fitting_slots, prepare_population
from capacity_jax.training.settings import fill_defaults, hyperparameters_of
from capacity_jax.training.soap import soap
from capacity_jax.training.trial import Outcome, Snapshot, Trial

__all__ = [
    "Bucket",
    "Devices",
    "Outcome",
    "Population",
    "Snapshot",
    "Transformation",
    "Trial",
    "default_devices",
    "fill_defaults",
    "fitting_slots",
    "hyperparameters_of",
    "live_parameters",
    "prepare_population",
    "soap",
    "train_population",
    "use_all_cores",
    "with_hyperparameters",
]
