"""The sampler in Optuna's hands."""

import importlib

import numpy as np
import optuna
import pytest

from capacity_jax.search.gp import GPSampler

optuna.logging.set_verbosity(optuna.logging.WARNING)


def objective(trial):
    x = trial.suggest_float("x", -1.0, 1.0)
    rate = trial.suggest_float("rate", 1e-4, 1.0, log=True)
    units = trial.suggest_int("units", 1, 100, log=True)
    depth = trial.suggest_int("depth", 1, 4)
    cell = trial.suggest_categorical("cell", ["rnn", "gru"])
    trial.suggest_float("fixed", 0.5, 0.5)
    return x**2 + np.log10(rate * 100) ** 2 + 0.1 * abs(units - 30) / 30 + (depth - 2) ** 2 + (cell == "rnn")


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_optimize_takes_every_kind_of_dimension(direction):
    """Breaks if a kind is refused, or a direction is searched the wrong way."""
    sign = 1 if direction == "minimize" else -1
    study = optuna.create_study(direction=direction, sampler=GPSampler(seed=0, n_startup_trials=12))
    study.optimize(lambda trial: sign * objective(trial), n_trials=20)
    values = sign * np.array([trial.value for trial in study.trials])
    assert values[12:].min() < values[:12].min()


def test_trials_asked_for_between_tells_differ_and_share_a_fit(monkeypatch):
    """Breaks if each ask fits anew, or running trials are proposed again."""
    module = importlib.import_module("capacity_jax.search.gp.propose")
    fits = []
    monkeypatch.setattr(module, "fit", lambda data, fit=module.fit: fits.append(1) or fit(data))
    space = {"x": optuna.distributions.FloatDistribution(-1.0, 1.0)}
    study = optuna.create_study(sampler=GPSampler(seed=0, n_startup_trials=5, batch_size=4))
    for _ in range(2):
        trials = [study.ask(space) for _ in range(6)]
        for trial in trials:
            study.tell(trial, trial.params["x"] ** 2)
    assert len({trial.params["x"] for trial in study.trials}) == 12
    # Six asked for, four to a pair of fits.
    assert len(fits) == 2 * 2


def test_studies_of_one_seed_are_the_same():
    """Breaks if draws depend on anything but the seed and the trials."""
    runs = []
    for _ in range(2):
        study = optuna.create_study(sampler=GPSampler(seed=3, n_startup_trials=3))
        study.optimize(lambda trial: trial.suggest_float("x", 0.0, 1.0) ** 2, n_trials=5)
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
