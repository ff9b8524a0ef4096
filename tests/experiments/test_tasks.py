"""Every task from the command line's configuration to table and figure, at the extent made for tests."""

from importlib import import_module
from itertools import product

import pandas as pd
import pytest

from capacity_jax.studies import Persistence
from capacity_jax.tasks import TASKS
from experiments.configs.conditions import SWEEPS
from experiments.plan import studies
from experiments.run import measure

# The configurations of these two have other names: the one below, and conditions.
OF_PER_CAP = ["quickstart", "scaling", "long_runs"]
CONFIGS = [name for name in TASKS if name not in ("per_cap", "label_memory")]
# Of three kinds, with what compiles faster: read at the end, at every step, and from a corpus.
SHORT = {"mem_thru": {"n_steps": 3}, "parens_counting": {"n_steps": 4}, "text8": {"n_steps": 15}}


def config_of(name, extent="smoke"):
    return import_module(f"experiments.configs.{name}").get_config(extent)


def check_results(config, directory):
    plan = studies(config)
    task = plan[0].bucket.task
    records = measure(plan, directory, Persistence())
    written = pd.read_csv(directory / f"{task.name}.csv")
    network = ["cell", "depth", "units", "parameters"]
    means = [f"mean_{name}" for name in task.reported]
    assert list(written.columns) == [
        *network,
        *means,
        "ci_low",
        "ci_high",
        "seeds",
        "still_learning",
        "trials",
        "infeasible",
    ]
    assert len(written) == len(plan)
    assert written["trials"].sum() == len(records)
    assert written[f"mean_{task.objective}"].notna().all()
    assert (directory / f"{task.name}.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("name", SHORT)
def test_configuration_reaches_table_and_figure(name, tmp_path):
    """Breaks if a task's configuration, columns, objective or figure do not fit together."""
    config = config_of(name)
    config.update({"cells": "rnn", "seeds": 1, "max_train_steps": 20, "batch_size": 8})
    config.task_args.update(SHORT[name])
    config.update({"units": (4,)} if config.units else {"budgets": config.budgets[:1]})
    check_results(config, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", CONFIGS)
def test_smoke_reaches_table_and_figure(name, tmp_path):
    """Breaks if what is true of one small network is not true of a configuration's own cells and sizes."""
    check_results(config_of(name), tmp_path)


@pytest.mark.parametrize(
    ("name", "extent"),
    [
        *product(OF_PER_CAP + CONFIGS, ["laptop", "smoke"]),
        *product(["scaling"], ["soap", "large", "large_soap"]),
    ],
)
@pytest.mark.usefixtures("any_width")
def test_every_configuration_is_valid(name, extent):
    """Breaks if a committed configuration would be refused when its user starts it, or lacks a seed's trial."""
    for study in studies(config_of(name, extent)):
        assert len(study.initial_trials()) == study.seeds * len(study.initial_settings)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "extent"),
    [
        *((name, extent) for name in OF_PER_CAP + CONFIGS for extent in ("laptop", "smoke")),
        *((name, extent) for name in ("coarse_weights", "weight_groups") for extent in ("laptop", "smoke")),
        *(("conditions", sweep) for sweep in SWEEPS),
        *(("long_runs", f"batches_of_{size}") for size in (512, 1024)),
    ],
)
def test_every_budget_pays_for_its_networks(name, extent):
    """Breaks if a committed configuration has a budget too small for one of its cells."""
    assert studies(config_of(name, extent))


@pytest.mark.parametrize("extent", [pytest.param("laptop", marks=pytest.mark.slow), "long", "smoke"])
def test_the_study_of_modern_cells_is_valid(extent):
    """Breaks if a cell with options is cut at its comma, has no setting, or costs more than the smallest budget."""
    for study in studies(config_of("modern", extent)):
        assert len(study.initial_trials()) == study.seeds * len(study.initial_settings) > 0


@pytest.mark.parametrize("cell", ["irnn", "lstm@2", "intersection@2", "block(mlstm(heads=2, forget='exp'))@2"])
def test_any_cell_and_depth(cell):
    """Breaks if a task's setting names what another cell has not."""
    config = config_of("mem_thru")
    config.cells = cell
    assert all(study.initial_trials() for study in studies(config))
