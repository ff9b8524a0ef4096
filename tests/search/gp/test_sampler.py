"""The sampler in Optuna's hands."""

import importlib

import numpy as np
import optuna
import pytest

from capacity_jax.search.gp import GPSampler

optuna.logging.set_verbosity(optuna.logging.WARNING)


def objective(trial):
    """As many columns and moves as the space of test_propose has, so that nothing compiles again."""
    rate = trial.suggest_float("rate", 1e-4, 1.0, log=True)
    x = trial.suggest_float("x", -1.0, 1.0)
    units = trial.suggest_int("units", 1, 100, log=True)
    scale = trial.suggest_float("scale", 0.5, 1.5, step=0.5)
    cell = trial.suggest_categorical("cell", ["rnn", "gru", "lstm"])
    trial.suggest_float("fixed", 0.5, 0.5)
    return x**2 + np.log10(rate * 100) ** 2 + 0.1 * abs(units - 30) / 30 + (scale - 1) ** 2 + (cell == "rnn")


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_optimize_takes_every_kind_of_dimension(direction):
    """Breaks if a kind is refused, or a direction is searched the wrong way."""
    sign = 1 if direction == "minimize" else -1
    study = optuna.create_study(direction=direction, sampler=GPSampler(seed=0, n_startup_trials=12))
    study.optimize(lambda trial: sign * objective(trial), n_trials=16)
    values = sign * np.array([trial.value for trial in study.trials])
    assert values[12:].min() < values[:12].min()


def test_trials_asked_for_between_tells_differ_and_share_a_fit(monkeypatch):
    """Breaks if each ask fits anew, or running trials are proposed again."""
    module = importlib.import_module("capacity_jax.search.gp.propose")
    fits = []
    monkeypatch.setattr(module, "fit", lambda data, fit=module.fit: fits.append(1) or fit(data))
    study = optuna.create_study(sampler=GPSampler(seed=0, n_startup_trials=5, batch_size=4))
    for _ in range(2):
        trials = [study.ask() for _ in range(6)]
        for trial, value in [(trial, objective(trial)) for trial in trials]:
            study.tell(trial, value)
    assert len({str(trial.params) for trial in study.trials}) == 12
    # Six asked for, four to each three fits: two views of the objectives, and feasibility.
    assert len(fits) == 2 * 3


def test_studies_of_one_seed_are_the_same():
    """Breaks if draws depend on anything but the seed and the trials."""
    runs = []
    for _ in range(2):
        study = optuna.create_study(sampler=GPSampler(seed=3, n_startup_trials=3))
        study.optimize(objective, n_trials=5)
        runs.append([trial.params for trial in study.trials])
    assert runs[0] == runs[1]


def test_what_cannot_work_is_refused():
    """Breaks if a wrong setting passes silently."""
    with pytest.raises(ValueError, match="batch_size is 0"):
        GPSampler(seed=0, batch_size=0)
    with pytest.raises(ValueError, match="n_startup_trials is -1"):
        GPSampler(seed=0, n_startup_trials=-1)
    study = optuna.create_study(directions=["minimize", "minimize"], sampler=GPSampler(seed=0))
    with pytest.raises(ValueError, match="2 objectives"):
        study.ask()
