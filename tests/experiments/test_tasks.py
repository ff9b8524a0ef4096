"""Every task from the command line's configuration to table and figure, at the extent made for tests."""

from importlib import import_module

import pandas as pd
import pytest

from capacity_jax.studies import Persistence
from capacity_jax.tasks import TASKS
from experiments.plan import studies
from experiments.run import measure

CONFIGS = [name for name in TASKS if name != "per_cap"]


@pytest.mark.parametrize("name", CONFIGS)
def test_smoke_reaches_table_and_figure(name, tmp_path, monkeypatch):
    """Breaks if a task's configuration, columns, objective or figure do not fit together."""
    monkeypatch.delenv("CAPACITY_JAX_DATA", raising=False)
    config = import_module(f"experiments.configs.{name}").get_config("smoke")
    plan = studies(config)
    task = plan[0].bucket.task
    table = measure(plan, tmp_path, Persistence())
    written = pd.read_csv(tmp_path / f"{task.name}.csv")
    network = ["cell", "depth", "units", "parameters"]
    assert list(written.columns) == [*network, *task.reported, "ci_low", "ci_high", "trials", "infeasible"]
    assert len(written) == len(table) == len(plan)
    assert written[task.objective].notna().all()
    assert (tmp_path / f"{task.name}.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("name", CONFIGS)
def test_laptop_configuration_is_valid(name):
    """Breaks if a committed configuration would be refused when its user starts it."""
    config = import_module(f"experiments.configs.{name}").get_config()
    for study in studies(config):
        assert study.initial_trials()


def test_a_stand_in_is_named_in_its_results(tmp_path, monkeypatch):
    """Breaks if results made without text8 could be taken for text8's."""
    monkeypatch.delenv("CAPACITY_JAX_DATA", raising=False)
    config = import_module("experiments.configs.text8").get_config("smoke")
    assert studies(config)[0].bucket.task.name.startswith("text8-standin-stdlib-docs")


@pytest.mark.parametrize("cell", ["irnn", "lstm@2", "intersection@2"])
def test_any_cell_and_depth(cell, tmp_path):
    """Breaks if a task's setting names what another cell has not."""
    config = import_module("experiments.configs.mem_thru").get_config("smoke")
    config.cells = cell
    config.units = (4,)
    table = measure(studies(config), tmp_path, Persistence())
    assert table["squared_error"].notna().all()
