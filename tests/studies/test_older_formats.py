"""Studies of format 1, which the first versions wrote: they can be read, and are not continued."""

import math

import optuna
import pytest
from made_up import study_of
from optuna.trial import TrialState

from capacity_jax.results import best_table, read_trials
from capacity_jax.studies import StorageError, open_storage
from capacity_jax.studies.ledger import Ledger

PLAN = {
    "cell": "rnn",
    "depth": 1,
    "budget": 80,
    "units": 5,
    "parameters": 71,
    "n_in": 6,
    "n_steps": 5,
    "batch_size": 16,
    "sampler": "gp",
    "proposals": 4,
    "trials": 1,
    "seeds": 1,
    "seed": 1,
    "max_train_steps": None,
    "starts": [{"b": 95}],
    "space": {},
}
TRIAL = {
    "owner": "this process",
    "cell": "rnn",
    "depth": 1,
    "units": 5,
    "parameters": 71,
    "b": 95,
    "hparams": {"b": 95},
}
TRIAL |= {"versions": {"Python": "3.11"}, "train_loss": 0.25, "steps": 10, "seconds": 1.5}


def write(storage, name, task, scores, maximize):
    """A study of two trials, of which the second diverged."""
    direction = "maximize" if maximize else "minimize"
    study = optuna.create_study(storage=storage.optuna, study_name=name, direction=direction)
    study.set_user_attr("plan", PLAN | {"task": task})
    objective = [value for score, value in scores.items() if score != "loss"] or [scores["loss"]]
    for number, infeasible in enumerate((False, True)):
        found = dict.fromkeys(scores) if infeasible else scores
        attributes = {"number": number, "role": "search" if number else "start", "seed": 7 + number}
        attributes |= {"infeasible": infeasible, "scores": found, "validation": found}
        attributes |= {"eval_loss": found["loss"], "valid_loss": found["loss"]}
        value = (-math.inf if maximize else math.inf) if infeasible else objective[-1]
        study.add_trial(
            optuna.trial.create_trial(state=TrialState.COMPLETE, value=value, user_attrs=TRIAL | attributes)
        )


@pytest.fixture
def storage():
    storage = open_storage()
    write(storage, "a", "per_cap", {"loss": 0.1, "accuracy": 1.0, "bits_per_parameter": 0.1 + 0.2}, maximize=True)
    write(storage, "b", "text8-standin-python-docs", {"loss": 2.0, "bits_per_character": 2.9}, maximize=False)
    write(storage, "c", "mine", {"loss": 0.5}, maximize=False)
    return storage


def test_an_older_study_is_read(storage):
    """Breaks if results of earlier versions are lost, or read under other names than new ones."""
    trials = read_trials(storage)
    best = best_table(trials)
    assert best["score_name"].tolist() == ["bits_per_parameter", "bits_per_character", "loss"]
    assert best["score"].tolist() == [0.1 + 0.2, 2.9, 0.5]
    good, bad = trials[:2].to_dict("records")
    assert (good["role"], good["steps_made"], good["budget"], good["maximize"]) == ("initial", 10, 80, True)
    assert (good["objective"], good["bits_per_parameter"], good["hparams"]) == (0.1 + 0.2, 0.1 + 0.2, {"b": 95})
    assert (bad["role"], bad["infeasible"]) == ("search", True)
    assert math.isnan(bad["score"])


def test_an_older_study_is_not_continued(storage):
    """Breaks if trials made under other rules are mixed with new ones, or the user is not told what to do."""
    with pytest.raises(StorageError, match=r"study a has format 1.*name another storage or workdir") as refusal:
        Ledger(study_of(), storage)
    assert "\n" not in str(refusal.value)
