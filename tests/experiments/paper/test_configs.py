"""The configurations of the paper's figures, from the command line to figure and report."""

from importlib import import_module

import pytest

from capacity_jax.search import clip_to_space
from capacity_jax.tasks.scaling import SCALINGS
from capacity_jax.training import fill_defaults, soap
from experiments.paper.cells import PAPER_CELLS, RELATIVE
from experiments.paper.common import EXTENTS, SETTING_STEPS
from experiments.paper.folders import PAPER_FOLDERS
from experiments.plan import studies
from experiments.run import main

# Smaller than `:smoke`: one with initial settings and a search; one with a sampler and a table of its own.
FIG1 = {"cells": "rnn", "budgets": (150,), "seeds": 1, "trials": 1}
FIG5 = {"cells": "gru", "budgets": (2000,), "trials": 2, "task_args": {"n_steps": 4}}


def config_of(folder, extent):
    return import_module(f"{folder}.config").get_config(extent)


def check_results(folder, config, directory):
    name = folder.rpartition(".")[2]
    main(config, str(directory))
    assert (directory / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in (directory / f"{name}.svg").read_text()
    assert f"{name}-smoke" in (directory / "report.html").read_text()


@pytest.mark.parametrize(
    ("folder", "changes"),
    [
        pytest.param("experiments.paper.fig1", FIG1, id="fig1"),
        pytest.param("experiments.paper.fig5", FIG5, id="fig5", marks=pytest.mark.slow),
    ],
)
def test_configuration_reaches_figure_and_report(folder, changes, tmp_path):
    """Breaks if a configuration, its trials, its figure and the report do not fit together."""
    config = config_of(folder, "smoke")
    config.update(changes)
    config.max_train_steps = 20
    check_results(folder, config, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("folder", PAPER_FOLDERS)
def test_smoke_reaches_figure_and_report(folder, tmp_path):
    """Breaks if any figure's configuration, its trials, its figure and the report do not fit together."""
    check_results(folder, config_of(folder, "smoke"), tmp_path)


def check_plan(folder, extent):
    config = config_of(folder, extent)
    assert config.figure == folder
    plan = studies(config)
    assert len({study.name for study in plan}) == len(plan)
    for study in plan:
        study.initial_trials()
    # The repeats of claim 8 are of three cells there.
    if extent in ("laptop", "overnight", "paper") and (folder, extent) != ("experiments.paper.table_rerun", "laptop"):
        assert {study.bucket.network.cell.name for study in plan} >= set(PAPER_CELLS)


@pytest.mark.parametrize("folder", PAPER_FOLDERS)
@pytest.mark.usefixtures("any_width")
def test_every_extent_is_valid(folder):
    """Breaks if a committed configuration would be refused when its user starts it, or leaves out a cell."""
    for extent in EXTENTS:
        check_plan(folder, extent)


@pytest.mark.parametrize("figure", ["fig1", "fig2a", "fig2b"])
def test_settings_of_stored_bits_lie_where_a_search_looks(figure):
    """Breaks if what is best for a size, a depth or a length is moved to the end of a range before it is trained."""
    for extent in EXTENTS:
        for study in studies(config_of(f"experiments.paper.{figure}", extent)):
            for setting in study.initial_settings:
                clipped = clip_to_space(study.space, fill_defaults(study.bucket, setting))
                for name in ("lr_init", "b", "train_steps"):
                    assert clipped[name] == pytest.approx(setting[name]), (study.name, extent, name)


def test_settings_of_stored_bits_follow_length_depth_and_update_rule():
    """Breaks if a million steps begin with the rate of a short run, a deep network with that of one layer, or SOAP's
    settings are trained by another rule."""
    rates = {}
    for extent in ("laptop", "overnight", "paper"):
        config = config_of("experiments.paper.fig1", extent)
        config.update(cells="rnn,rnn@4", budgets=(2400,))
        for study in studies(config):
            rates[extent, study.bucket.network.depth] = study.initial_settings[0]["lr_init"]
            assert (study.bucket.transformation is soap) == (extent == "laptop")
            assert study.bucket.batch_size == (256 if extent == "laptop" else 128)
    assert rates["paper", 1] < rates["overnight", 1]
    for extent in ("laptop", "overnight", "paper"):
        assert rates[extent, 4] < 0.6 * rates[extent, 1]
    assert rates["laptop", 1] == pytest.approx(
        RELATIVE["soap"]["rnn"][0] * SCALINGS["soap"].best_rate(2347, SETTING_STEPS["laptop"])
    )


@pytest.mark.slow
@pytest.mark.parametrize("folder", PAPER_FOLDERS)
def test_every_budget_pays_for_its_networks(folder):
    """Breaks if a committed configuration has a budget too small for one of its depths."""
    for extent in EXTENTS:
        check_plan(folder, extent)
