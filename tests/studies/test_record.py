"""The record of a trial: what of it a storage keeps, and which records make the best setting."""

import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from made_up import outcome_of, records_of, study_of

from capacity_jax.studies import best_setting
from capacity_jax.studies.record import FORMAT, facts_of, findings, from_json, record_of, to_json
from capacity_jax.training.trial import TrialKey


@pytest.fixture
def study():
    return study_of()


def rates(*lr_inits):
    return [{"lr_init": lr} for lr in lr_inits]


def kept(study, record):
    """The record as its storage gives it back."""
    begun = {name: getattr(record, name) for name in ("number", "repeat", "role", "seed", "versions", "hparams")}
    attributes = json.loads(json.dumps(begun | findings(record), allow_nan=False))
    facts = facts_of(study.name, json.loads(json.dumps(study.plan())), study.bucket.task.maximize)
    return record_of(facts, attributes, record.told, record.finished)


def test_what_is_kept_comes_back_to_the_last_bit(study):
    """Breaks if a field is lost or rounded on its way through JSON."""
    record = study.record(outcome_of(study.trial(TrialKey(0), {"b": 50, "lr_init": 0.1 + 0.2}), 1 / 3, told=0.1 + 0.2))
    assert kept(study, record) == record
    assert from_json(json.loads(json.dumps(to_json(record), allow_nan=False))) == record
    assert (record.score, record.objective, record.role) == (1 / 3, 0.1 + 0.2, "initial")
    assert (record.valid_loss, record.eval_loss) == (0.2, 0.1)


def test_a_diverged_trial_comes_back_without_numbers(study):
    """Breaks if NaN or infinity reach the JSON, or a diverged trial looks like a good one."""
    record = kept(study, study.record(outcome_of(study.trial(TrialKey(0), {}), infeasible=True)))
    assert record.infeasible
    assert record.told == -math.inf
    assert all(math.isnan(x) for x in (record.score, record.objective, record.eval_loss, record.train_loss))


@pytest.mark.parametrize(
    ("curve", "accuracy", "still"),
    [
        (np.linspace(0, 3, 30), 0.9, True),
        (np.minimum(np.linspace(0, 6, 30), 3), 0.9, False),
        (np.linspace(3, 0, 30), 0.9, False),
        (np.linspace(0, 3, 30), 1.0, False),
        (np.linspace(0, 3, 9), 0.9, False),
    ],
    ids=["rising", "flat at the end", "falling", "all right", "too short to tell"],
)
def test_a_trial_that_still_learns_is_known_by_its_curve(study, curve, accuracy, still):
    """Breaks if a run that was stopped too early passes for a capacity, or a finished one does not."""
    outcome = outcome_of(study.trial(TrialKey(0), {}))
    scores = {**outcome.scores, "accuracy": accuracy}
    outcome = replace(outcome, scores=scores, curve={"bits_per_parameter": list(curve)})
    record = study.record(outcome)
    assert record.still_learning == still
    assert not replace(record, infeasible=True).still_learning
    falling_loss = replace(record, maximize=False, curve={"bits_per_parameter": list(10 - curve)})
    assert falling_loss.still_learning == still


def test_a_newer_format_is_refused(study):
    """Breaks if fields of which this version knows nothing are misread."""
    with pytest.raises(ValueError, match=f"study a has format {FORMAT + 1}"):
        facts_of("a", study.plan() | {"format": FORMAT + 1}, True)


def test_the_best_setting_is_by_mean_and_leaves_infeasible_out(study):
    """Breaks if one lucky seed decides, or a diverged run counts."""
    records = records_of(study, rates(0.1, 0.1, 0.2, 0.2, 0.3, 0.4, 0.4), [3.0, 3.2, 4.0, 1.0, np.nan, 5.0, np.nan])
    steady, shaky = records[:2], records[5:]
    assert best_setting(records, maximize=True) == steady
    assert best_setting(records[4:5], maximize=True) == []
    assert best_setting(shaky, maximize=True) == shaky[:1]
    assert best_setting(records[:4], maximize=False) == records[2:4]


def test_the_best_setting_is_chosen_by_validation(study):
    """Breaks if a setting is chosen by the very scores that are then reported."""
    told = {0.1: 1.0, 0.2: 2.0}
    trials = [study.trial(TrialKey(number), {"lr_init": lr}) for number, lr in enumerate(told)]
    lucky, better = [study.record(outcome_of(trial, 3.0, told=told[trial.hparams["lr_init"]])) for trial in trials]
    assert best_setting([lucky, better], maximize=True) == [better]


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
@pytest.mark.parametrize("maximize", [False, True])
def test_the_best_setting_against_a_plain_search(maximize, share):
    """Breaks if direction, means, diverged seeds, ties or the order of the rows mislead."""
    rng = np.random.default_rng(0)
    for _ in range(50):
        table = pd.DataFrame({"seed": rng.permutation(20), "objective": rng.integers(4, size=20).astype(float)})
        table["infeasible"] = rng.random(20) < share
        table["lr"] = rng.integers(6, size=20)
        table["hparams"] = [{"lr": lr, "x": 1} if lr % 2 else {"x": 1, "lr": lr} for lr in table["lr"]]
        good = table[~table["infeasible"]].sort_values("seed")
        means, diverged = good.groupby("lr")["objective"].mean(), table.groupby("lr")["infeasible"].any()
        first_seeds = table.groupby("lr")["seed"].min()
        order = sorted(means.index, key=lambda lr: (diverged[lr], means[lr] * (-1) ** maximize, first_seeds[lr]))
        expected = good.loc[good["lr"] == order[0], "seed"].tolist() if order else []
        assert [row.seed for row in best_setting(table.itertuples(), maximize)] == expected
