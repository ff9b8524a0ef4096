"""`capacity-jax status`, `report` and `export` on a work directory with one finished trial."""

import pandas as pd
import pytest
from made_up import outcome_of, study_of

from capacity_jax.commands.main import main
from capacity_jax.studies import open_storage
from capacity_jax.studies.ledger import Ledger


@pytest.fixture(scope="module")
def workdir(tmp_path_factory):
    directory = tmp_path_factory.mktemp("made-up")
    ledger = Ledger(study_of(seeds=1, trials=0), open_storage(f"sqlite:///{directory / 'studies.db'}"))
    (trial,) = ledger.study.initial_trials()
    ledger.begin(trial)
    ledger.finish(outcome_of(trial))
    return directory


def test_status_shows_the_studies(workdir, capsys):
    """Breaks if who looks at a run does not see how far it is."""
    main(["status", str(workdir)])
    assert capsys.readouterr().out.endswith("1 of 1 trials have ended, 100% of the work\n")


def test_report_is_one_page_with_the_tasks_figure(workdir, tmp_path, capsys):
    """Breaks if an installed package cannot show what it has measured, or writes where it was not asked to."""
    main(["report", str(workdir), f"--out={tmp_path / 'page'}"])
    figures = {f"{name}.{end}" for name in ("per_cap", "learning") for end in ("png", "svg", "pdf")}
    assert {file.name for file in (tmp_path / "page").iterdir()} == figures | {"report.html"}
    page = (tmp_path / "page" / "report.html").read_text()
    assert "<h1>made-up0</h1>" in page
    assert page.count("<img") == 2
    assert not (workdir / "report.html").exists()
    assert str(tmp_path / "page") in capsys.readouterr().out


def test_export_has_a_row_for_each_trial(workdir, tmp_path, capsys):
    """Breaks if the file is not where it was asked for, or holds other trials."""
    main(["export", f"--storage=sqlite:///{workdir / 'studies.db'}", f"--out={tmp_path / 'a.parquet'}"])
    assert pd.read_parquet(tmp_path / "a.parquet")["bits_per_parameter"].tolist() == [3.0]
    assert f"1 trials are in {tmp_path / 'a.parquet'}" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["status", "report", "export"])
def test_a_directory_without_studies_is_one_line_and_exit_2(command, tmp_path, capsys):
    """Breaks if a mistyped directory gives a traceback, or an empty result."""
    with pytest.raises(SystemExit) as ended:
        main([command, str(tmp_path)])
    assert ended.value.code == 2
    assert (
        capsys.readouterr().err == f"capacity_jax: workdir is {tmp_path}, which holds no studies.db; a run writes it\n"
    )
    assert list(tmp_path.iterdir()) == []
