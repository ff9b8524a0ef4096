"""The figures of the paper, each from the command line to figure and report, at the extent made for tests."""

from importlib import import_module

import pytest

from capacity_jax.results import PAPER_FIGURES
from experiments.configs.common import FIGURE_EXTENTS
from experiments.plan import studies
from experiments.run import main


def config_of(name, extent):
    return import_module(f"experiments.configs.{name}").get_config(extent)


@pytest.mark.parametrize("name", PAPER_FIGURES)
def test_smoke_reaches_figure_and_report(name, tmp_path, monkeypatch, capsys):
    """Breaks if a figure's configuration, its trials, its figure and the report do not fit together."""
    monkeypatch.delenv("CAPACITY_JAX_DATA", raising=False)
    main(config_of(name, "smoke"), str(tmp_path))
    assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in (tmp_path / f"{name}.svg").read_text()
    page = (tmp_path / "report.html").read_text()
    assert f"{name}-smoke" in page
    assert str(tmp_path) in capsys.readouterr().out


@pytest.mark.parametrize("extent", FIGURE_EXTENTS)
@pytest.mark.parametrize("name", PAPER_FIGURES)
def test_every_extent_is_valid(name, extent, monkeypatch):
    """Breaks if a committed configuration would be refused when its user starts it."""
    monkeypatch.delenv("CAPACITY_JAX_DATA", raising=False)
    config = config_of(name, extent)
    plan = studies(config)
    assert len({study.name for study in plan}) == len(plan)
    for study in plan:
        study.starting_trials()
    if extent in ("laptop", "paper"):
        assert {study.bucket.network.cell.name for study in plan} >= {
            "rnn",
            "irnn",
            "ugrnn",
            "gru",
            "lstm",
            "intersection",
        }
