"""The command lines that read a work directory or a storage: claims and report."""

import json

import pytest
from trial_tables import table

from experiments import claims, report


@pytest.fixture
def workdir(tmp_path, monkeypatch):
    """A work directory whose storage holds one trial; what is stored in SQLite is tested elsewhere."""
    trial = {"study": "rnn", "task": "mem_thru", "cell": "rnn", "depth": 1, "units": 32, "n_in": 64}
    trial |= {"score_name": "squared_error", "objective": 0.5}
    urls = []

    def read(storage):
        urls.append(storage.url)
        return table([trial])

    monkeypatch.setattr("capacity_jax.results.workdir.read_trials", read)
    (tmp_path / "studies.db").touch()
    (tmp_path / "config.json").write_text(json.dumps({"name": "fig2c-smoke", "seed": 7}))
    yield tmp_path
    assert set(urls) <= {f"sqlite:///{tmp_path / 'studies.db'}"}


def test_claims_are_printed(workdir, capsys):
    """Breaks if a claim is missing, or one that does not hold counts as a failure."""
    claims.main([str(workdir)])
    printed = capsys.readouterr().out
    for number in range(1, 9):
        assert f"Claim {number}: {'NOT ENOUGH TRIALS' if number == 4 else 'NOT RUN'}" in printed


def test_page_tells_claims_by_verdict(workdir):
    """Breaks if a claim is left out of the page, or one that was not run looks like one that waits for trials."""
    report.main([str(workdir)])
    page = (workdir / "report.html").read_text()
    assert page.count("not run</span>") == 7
    assert page.count("not enough trials</span>") == 1
    assert "RNN, distance to the subspace" in page
    assert "within ±0.05" in page


def test_report_and_figures_are_written(workdir, capsys):
    """Breaks if page, figure or configuration is left out."""
    report.main([str(workdir)])
    assert str(workdir) in capsys.readouterr().out
    page = (workdir / "report.html").read_text()
    assert "<h1>fig2c-smoke</h1>" in page
    assert "<dt>seed</dt><dd>7</dd>" in page
    assert (workdir / "fig2c.png").stat().st_size > 1000
    assert (workdir / "fig2c.svg").read_text().endswith("</svg>\n")
    assert not (workdir / "fig1.png").exists()


def test_a_storage_is_read_without_a_work_directory(workdir, tmp_path_factory, capsys):
    """Breaks if trials of a database elsewhere cannot be judged, or their page goes where it was not asked for."""
    out = tmp_path_factory.mktemp("elsewhere") / "page"
    storage = f"--storage=sqlite:///{workdir / 'studies.db'}"
    claims.main([storage])
    assert "Claim 4: NOT ENOUGH TRIALS" in capsys.readouterr().out
    report.main([storage, f"--out={out}"])
    figures = {f"{name}.{end}" for name in ("fig2c", "learning") for end in ("png", "svg", "pdf")}
    assert {file.name for file in out.iterdir()} == figures | {"report.html"}
    assert not (workdir / "report.html").exists()


UNREADABLE = [
    ({}, "which holds no studies.db"),
    ({"studies.db": b"no database" * 100}, "studies.db cannot be read"),
    ({"studies.db": b"", "config.json": b"{"}, "config.json cannot be read"),
]


@pytest.mark.parametrize(
    ("main", "files", "message"),
    [(main, *one) for main in (claims.main, report.main) for one in UNREADABLE]
    + [(report.main, {"studies.db": b"", "other.p": b"no pickle"}, "other.p cannot be read")],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_read_is_one_line_and_exit_2(main, files, message, tmp_path, capsys, monkeypatch):
    """Breaks if a mistyped directory, or a damaged or foreign file in it, gives a traceback or passes for none."""
    if files.get("studies.db") == b"":
        monkeypatch.setattr("capacity_jax.results.workdir.read_trials", lambda storage: table([]))
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    archive = [f"--published={tmp_path / 'other.p'}"] if "other.p" in files else []
    with pytest.raises(SystemExit) as ended:
        main([str(tmp_path), *archive])
    assert ended.value.code == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert message in printed.err
