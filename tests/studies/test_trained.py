"""Trained networks: kept by a study, loaded in another process, trained again."""

import json
import shutil
import subprocess
import sys
from contextlib import chdir
from dataclasses import replace
from functools import partial

import jax
import numpy as np
import optax
import pytest

from capacity_jax import (
    Hyperparameter,
    Network,
    WeightsError,
    gru,
    load_network,
    measure_capacity,
    per_cap,
    read_records,
    retrain,
)
from capacity_jax.cells import deltanet
from capacity_jax.studies import weights
from capacity_jax.studies.trained import bucket_of
from capacity_jax.training import soap, with_hyperparameters

TINY = {"trials": 2, "train_steps": 300, "seeds": 2, "batch_size": 16, "budgets": (150,)}
STUDY = "per_cap/rnn@1/150"


@pytest.fixture(scope="module")
def workdir(tmp_path_factory):
    """Measured under a relative path, as users give it."""
    directory = tmp_path_factory.mktemp("kept")
    with chdir(directory.parent):
        measure_capacity("rnn", workdir=directory.name, **TINY)
    return directory


@pytest.fixture(scope="module")
def records(workdir):
    return read_records(f"sqlite:///{workdir / 'studies.db'}")


def assert_same(first, second):
    jax.tree.map(np.testing.assert_array_equal, first, second)


def test_a_fresh_process_finds_the_recorded_bits(workdir):
    """Breaks if weights are of another trial, seed or step, or another process cannot tell what they belong to."""
    record = load_network(workdir, STUDY).record
    program = (
        "import json; from capacity_jax import load_network; "
        f"print(json.dumps(load_network({str(workdir)!r}, {STUDY!r}).scores()))"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    found = json.loads(ran.stdout)
    assert found["bits"] == record.scores["bits"] > 0
    np.testing.assert_allclose(found["loss"], record.scores["loss"], rtol=1e-5)


def test_outputs_answer_the_trials_own_questions(workdir):
    """Breaks if the examples are of another draw, or outputs stand in another order."""
    trained = load_network(workdir, STUDY)
    examples = trained.examples()
    right = (np.asarray(trained(examples.xs))[:, -1, 0] > 0) == (np.asarray(examples.targets) > 0.5)
    share = np.average(right, weights=examples.weights)
    np.testing.assert_allclose(share, trained.record.scores["accuracy"], rtol=1e-6)


def test_the_best_setting_is_kept_with_every_seed(workdir, records):
    """Breaks if a seed is missing, another setting is kept, or files of other trials stay behind."""
    kept = [record for record, _ in weights.load(workdir / "weights", STUDY)]
    assert len(kept) == 2
    assert len({json.dumps(record.hparams) for record in kept}) == 1
    assert kept[0].objective >= kept[1].objective
    assert list((workdir / "weights").rglob("*.npz")) == []
    other = next(record.key for record in records if record.key not in {one.key for one in kept})
    with pytest.raises(WeightsError, match=r"keeps no weights of trial .*; allowed: \("):
        load_network(workdir, STUDY, other)
    with pytest.raises(WeightsError, match=f"holds no weights of study 'x'; allowed: {STUDY}"):
        load_network(workdir, "x")


def test_any_record_can_be_trained_again(workdir, records):
    """Breaks if a trial does not follow from its record to the last bit."""
    for record in records:
        outcome = retrain(record)
        assert (outcome.scores, outcome.validation) == (record.scores, record.validation)
        assert (outcome.train_loss, outcome.curve) == (record.train_loss, record.curve)
    trained = load_network(workdir, STUDY)
    assert_same(retrain(trained.record).params, trained.params)


def scaled(hparams, *, factor):
    return optax.sgd(factor * hparams["lr_init"])


@with_hyperparameters(slowed_by=Hyperparameter(4.0, range=(1.0, 10.0)))
def slowed(hparams):
    return optax.sgd(hparams["lr_init"] / hparams["slowed_by"])


def test_a_rule_with_hyperparameters_of_its_own_is_loaded_and_trains_again(tmp_path):
    """Breaks if a network cannot be loaded because only its rule knows a hyperparameter, or that is lost."""
    asked = TINY | {"trials": 1, "seeds": 1, "space": {"slowed_by": 2.0}}
    capacity = measure_capacity("rnn", transformation=slowed, workdir=tmp_path, **asked)
    trained = load_network(tmp_path, STUDY)
    assert trained.record.hparams["slowed_by"] == 2.0
    assert trained.scores()["bits"] == trained.record.scores["bits"]
    assert retrain(trained.record).scores == trained.record.scores
    moved = {**trained.record.hparams, "slowed_by": 8.0}
    assert retrain(replace(trained.record, hparams=moved)).scores != trained.record.scores
    assert {one.hparams["slowed_by"] for one in capacity.records} == {2.0}


@pytest.mark.parametrize(("rule", "is_found"), [(soap, True), (partial(scaled, factor=2.0), False)])
def test_another_update_rule_trains_again_too(rule, is_found):
    """Breaks if a trial of another update rule is trained again by the package's own, or by another of its kind."""
    [record] = measure_capacity("rnn", transformation=rule, **(TINY | {"trials": 0, "seeds": 1})).records[:1]
    if not is_found:
        with pytest.raises(ValueError, match=r"'functools:partial' of study .* cannot be found; give it as transf"):
            retrain(record)
    assert retrain(record, transformation=None if is_found else rule).scores == record.scores


def test_what_a_lost_file_held_is_trained_again(workdir, tmp_path):
    """Breaks if a worker without a shared directory, or a lost file, leaves a study without its weights."""
    copy = shutil.copytree(workdir, tmp_path / "copy")
    shutil.rmtree(copy / "weights")
    measure_capacity("rnn", workdir=copy, **TINY)
    again, before = load_network(copy, STUDY), load_network(workdir, STUDY)
    assert_same(again.params, before.params)
    assert again.record.key == before.record.key


def test_more_seeds_are_kept_too(workdir, tmp_path):
    """Breaks if a study that has grown keeps what was the best before."""
    copy = shutil.copytree(workdir, tmp_path / "copy")
    capacity = measure_capacity("rnn", workdir=copy, **(TINY | {"seeds": 3}))
    kept = [record.key for record, _ in weights.load(copy / "weights", STUDY)]
    assert len(kept) == 3
    assert set(kept) <= {record.key for record in capacity.records}


def test_options_in_a_name_are_enough(records):
    """Breaks if a cell with options has to be given though its name tells them."""
    cell = deltanet(heads=3)
    network = Network(cell, records[0].n_in, 6, 1)
    record = replace(records[0], cell=cell.name, units=6, parameters=network.n_params)
    assert bucket_of(record).network == network


def test_what_is_not_registered_has_to_be_given(records):
    """Breaks if another cell's network gets the weights, or the user is not told what to pass."""
    record = records[0]
    with pytest.raises(ValueError, match=r"cell 'mine' .* is not registered; give it as cell"):
        retrain(replace(record, cell="mine"))
    with pytest.raises(ValueError, match=r"task 'mine' .* is not registered; give it as task"):
        retrain(replace(record, task="mine", task_builder=""))
    with pytest.raises(ValueError, match=r"the network has \d+ parameters"):
        retrain(record, cell=gru)
    with pytest.raises(ValueError, match="the task is per_cap"):
        retrain(replace(record, task="other"), task=per_cap(n_in=record.n_in))
