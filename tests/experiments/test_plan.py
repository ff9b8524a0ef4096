"""From a configuration to studies: every field checked before anything is trained."""

import pickle
import sys

import numpy as np
import optax
import pytest

from experiments.configs.quickstart import get_config
from experiments.plan import studies


@pytest.fixture
def config():
    return get_config("smoke")


def test_one_study_per_cell_and_budget(config):
    """Breaks if a cell, a depth or a size of the configuration is not measured."""
    networks = [study.bucket.network for study in studies(config)]
    assert len(networks) == 6 * 3
    assert [network.cell.name for network in networks[::3]] == ["rnn", "irnn", "ugrnn", "gru", "lstm", "intersection"]
    assert [network.depth for network in networks[::3]] == [1, 1, 1, 1, 1, 2]
    assert all(network.n_params <= config.budgets[i % 3] for i, network in enumerate(networks))


def test_studies_have_seeds_of_their_own(config):
    """Breaks if two studies share data and draws, or the configuration's seed changes nothing."""
    seeds = [study.seed for study in studies(config)]
    assert len(set(seeds)) == len(seeds)
    config.seed = 1
    assert not set(seeds) & {study.seed for study in studies(config)}


def test_depth_stands_behind_the_cell(config):
    """Breaks if `gru@2` is no longer a GRU of depth 2, or a space after the comma matters."""
    config.cells = "rnn, gru@2"
    assert [(s.bucket.network.cell.name, s.bucket.network.depth) for s in studies(config)[::3]] == [
        ("rnn", 1),
        ("gru", 2),
    ]


USERS_OWN = """
from capacity_jax import Cell, cell_by_name, mem_thru
gru = cell_by_name("gru")
leaky = Cell("leaky", lambda *args: gru.init(*args[:3], {}), gru.initial_state, gru.step, {"leak": 0.5})
recall = mem_thru(n_in=3)
def recall_of(n_in):
    return mem_thru(n_in=n_in)
"""


def test_cells_and_tasks_of_a_users_own_go_by_import_path(config, tmp_path, monkeypatch):
    """Breaks if a study of somebody's own needs a change of this package, or its task takes no arguments."""
    (tmp_path / "users_own_plan.py").write_text(USERS_OWN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [*sys.path])
    config.update({"cells": "rnn,users_own_plan:leaky@2", "budgets": (300,), "task": "users_own_plan:recall_of"})
    config.task_args, config.space = {"n_in": 6}, {"leak": (0.1, 0.9)}
    config.initial_settings = {"default": ({"train_steps": 20},)}
    rnn, leaky = studies(config)
    assert leaky.name == "mem_thru/leaky@2/300"
    assert rnn.bucket.task is leaky.bucket.task
    assert ("leak" in rnn.space, "leak" in leaky.space) == (False, True)
    assert leaky.bucket.task.n_in == 6
    config.task, config.task_args = "users_own_plan:recall", {}
    assert studies(config)[0].bucket.task.n_in == 3


def test_initial_settings_of_no_cell_are_named(config):
    """Breaks if a misspelt name goes unsaid, or one of a cell that is not measured now is called wrong."""
    config.cells = "rnn"
    config.initial_settings["gru@2/900"] = config.initial_settings["block(gru)"] = ({},)
    studies(config)
    config.initial_settings["gruu@2/900"] = ({},)
    with pytest.warns(
        UserWarning, match="initial_settings.gruu@2/900 is not used: .* cell 'gruu' is unknown; did you mean gru"
    ):
        studies(config)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("cells", "gru@x", "cells holds 'gru@x'; allowed: a cell's name, or name@depth"),
        ("cells", "gru@0", "cells holds 'gru@0'"),
        ("cells", "", "cells holds ''"),
        ("cells", "no_such.cells:leaky@2", "cell is 'no_such.cells:leaky', whose module cannot be imported"),
        ("cells", "rnnn", "cell 'rnnn' is unknown; did you mean"),
        ("task", "percap", "task 'percap' is unknown; did you mean per_cap"),
        ("task_args.n_inn", 3, "task_args 'n_inn' is unknown; did you mean n_in"),
        ("task_args.n_in", 0, "n_in is 0; it must be a whole number of at least 1"),
        ("budgets", (10,), "max_params is 10; the smallest rnn network of depth 1"),
        ("budgets", (-5,), "budgets is -5; it must be a whole number of at least 1"),
        ("budgets", (), r"budgets is \(\) and units \(\); exactly one must hold sizes"),
        ("units", (8,), r"exactly one must hold sizes"),
        ("batch_size", 0, "batch_size is 0"),
        ("seeds", 0, "seeds is 0"),
        ("seed", -1, "seed is -1"),
        ("initial_settings.rnn", 3, "initial_settings.rnn is 3"),
        ("initial_settings.rnn", (3,), "initial_settings.rnn holds 3"),
        ("sampler", "tep", "sampler 'tep' is unknown; did you mean tpe"),
        ("proposals", 0, "proposals is 0; it must be a whole number of at least 1"),
        ("rungs", (0.2, 1.5), r"rungs is \(0.2, 1.5\); allowed: shares of training, from 0.033 to 0.967"),
        ("rungs", 0.2, "rungs is 0.2; allowed"),
        ("checkpoint_interval", 0.0, "checkpoint_interval is 0.0; it must be a positive"),
        ("space.b_per_parameter", ("a", "b"), "b_per_parameter is"),
        ("space.b_per_parameter", (), "b_per_parameter is"),
        ("space.b_per_parameter", (0.0, 4.5), "b_per_parameter is"),
        ("space.train_steps", (10.5, 20), "space.train_steps is"),
        ("trials", -1, "trials is -1"),
        ("space.lr_init", (1.0, float("nan")), "space.lr_init is"),
        ("space.lr_init", ("fast",), "space.lr_init is"),
    ],
)
def test_refuses_fields_out_of_range(config, field, value, message):
    """Breaks if an impossible field starts a run, or its message does not name it."""
    with config.unlocked(), config.ignore_type():
        config.update_from_flattened_dict({field: value})
    with pytest.raises(ValueError, match=message):
        studies(config)


def test_initial_settings_are_of_a_cell_at_a_depth_and_size_or_of_the_cell(config):
    """Breaks if a setting found for one depth or size is trained at another, or the cell's serves no other."""
    config.cells = "rnn@1,rnn@2,gru@2"
    config.initial_settings = {
        "default": ({"lr_init": 0.001},),
        "rnn": ({"lr_init": 0.002},),
        "rnn/600": ({"lr_init": 0.0025},),
        "rnn@2": ({"lr_init": 0.003},),
        "rnn@2/900": ({"lr_init": 0.004},),
    }
    config.budgets = (600, 900)
    found = [one.initial_settings[0]["lr_init"] for one in studies(config)]
    assert found == [0.0025, 0.002, 0.003, 0.004, 0.001, 0.001]


def test_the_update_rule_is_named_by_its_import_path(config):
    """Breaks if a rule of a user's own is not found, or its name is no text."""
    config.transformation = "optax:adam"
    assert {one.bucket.transformation for one in studies(config)} == {optax.adam}
    config.transformation = "optax:adamm"
    with pytest.raises(ValueError, match="transformation of optax 'adamm' is unknown; did you mean adam"):
        studies(config)


def test_a_cap_holds_for_space_and_initial_settings_and_is_recorded(config):
    """Breaks if a laptop's cap on training steps is passed over, or its results do not tell of it."""
    config.space.train_steps = (200, 5000)
    config.max_train_steps = 700
    for study in studies(config):
        assert (study.space["train_steps"].low, study.space["train_steps"].high) == (200, 700)
        assert all(setting["train_steps"] == 700 for setting in study.initial_settings)
        assert study.max_train_steps == 700
    config.max_train_steps = 0
    with pytest.raises(ValueError, match="max_train_steps is 0; it must be a whole number of at least 1"):
        studies(config)


def test_published_settings_are_initial_ones_within_the_cap(config, tmp_path):
    """Breaks if a warm start is lost, trains longer than the configuration allows, or is another cell's."""
    columns = "architecture task_type hparams n_layers hyper_iter max_params num_params train_loss valid_loss eval_loss"
    hparams = {"lr_init": 0.004, "optimizer": "RMSProp", "train_steps": 1_176_212, "unheard_of": 3}
    row = ("gru", "per_cap", hparams, 1, 0, 1000, 990, 0.5, 0.5, 0.5)
    with (tmp_path / "fig1.p").open("wb") as file:
        pickle.dump(np.array([row], [(name, object) for name in columns.split()]), file)
    config.warm_start = str(tmp_path / "fig1.p")
    config.cells = "rnn,gru"
    config.budgets = (600,)
    rnn, gru = studies(config)
    assert len(gru.initial_settings) == len(rnn.initial_settings) + 1
    assert gru.initial_settings[-1]["lr_init"] == 0.004
    assert gru.initial_settings[-1]["optimizer"] == "rmsprop"
    assert gru.initial_settings[-1]["train_steps"] == gru.space["train_steps"].high
    config.warm_start = str(tmp_path / "missing.tar.gz")
    with pytest.raises(OSError, match="missing"):
        studies(config)
