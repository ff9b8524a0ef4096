"""A small study and records with known answers, made up without training."""

import numpy as np

from capacity_jax.cells import rnn
from capacity_jax.networks import Network
from capacity_jax.search import search_space
from capacity_jax.studies import Study
from capacity_jax.tasks import per_cap
from capacity_jax.training import Bucket, Outcome, Trial

BUCKET = Bucket(Network(rnn, 6, 5, 1), per_cap(n_in=6, b_max=100), 16)
SPACE = search_space(BUCKET, {"train_steps": (5, 2000), "b": (10, 90)})


def study_of(**changes):
    fields = {"bucket": BUCKET, "space": SPACE, "initial_settings": [{"b": 95, "train_steps": 30}], "name": "a"}
    return Study(**(fields | {"trials": 3, "seeds": 2, "seed": 1, "proposals": 4, "budget": 80} | changes))


def outcome_of(trial, per_parameter=3.0, infeasible=False, told=None):
    """An outcome; `told` is bits per parameter on the validation set."""
    if infeasible:
        return Outcome(trial, {"loss": np.nan, "accuracy": np.nan}, 3, True, 1.5, train_loss=np.inf)
    scores = {"loss": 0.1, "accuracy": 1.0, "bits": 71 * per_parameter, "bits_per_parameter": per_parameter}
    validation = {} if told is None else {"loss": 0.2, "bits_per_parameter": told}
    return Outcome(trial, scores, 10, False, 1.5, validation, train_loss=0.25)


def records_of(study, settings, per_parameter):
    """A record for each setting, numbered, with seeds of that order; NaN diverged."""
    return [
        study.record(outcome_of(Trial(hparams, number, number), value, infeasible=bool(np.isnan(value))))
        for number, (hparams, value) in enumerate(zip(settings, per_parameter, strict=True))
    ]
