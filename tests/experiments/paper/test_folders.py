"""A figure is one folder, also outside the package."""

import subprocess
import sys
from pathlib import Path

import pytest
from forked import run_experiment

from experiments.paper.folders import claims_of, figure_of, with_figure

ROOT = Path(__file__).parents[3]
FILES = {
    "config.py": """
from ml_collections import ConfigDict
from experiments.configs.common import base_config

def get_config(extent="smoke"):
    config = base_config("mine", "mem_thru", extent)
    config.task_args = ConfigDict({"n_in": 2, "n_steps": 2, "n_evaluation": 64})
    config.units = (2,)
    config.initial_settings.default = ({"train_steps": 20},)
    config.figure = "elsewhere.mine"
    return config
""",
    "figure.py": """
from matplotlib.figure import Figure

def select(records):
    return records[records["task"] == "mem_thru"]

def draw(records, published):
    figure = Figure()
    figure.subplots().plot(select(records)["units"], select(records)["score"], "o")
    return figure
""",
    "claim.py": """
from capacity_jax.stats import mean_interval
from experiments.paper.verdict import Claim, Quantity

def estimates(scores):
    return {"": lambda level: mean_interval(scores, level)}

QUANTITIES = [Quantity("error", "the mean error", "all trials", estimates, -100, 100)]
CLAIMS = [Claim(9, "Errors are small.", lambda records: records, lambda rows: rows["score"], QUANTITIES)]
""",
}


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A directory outside the package with a folder of a figure; imports find it there."""
    folder = tmp_path / "elsewhere" / "mine"
    folder.mkdir(parents=True)
    for name, code in FILES.items():
        (folder / name).write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    yield folder.parent
    for name in [name for name in sys.modules if name.startswith("elsewhere")]:
        del sys.modules[name]


def test_another_figure_is_another_folder(elsewhere):
    """Breaks if a figure needs more than its folder to be run, drawn and reported, with its claim."""
    workdir = elsewhere.parent / "results"
    config = f"--config={elsewhere / 'mine' / 'config.py'}"
    ended = run_experiment(config, f"--workdir={workdir}", root=elsewhere.parent)
    assert ended.returncode == 0, ended.stderr
    page = (workdir / "report.html").read_text()
    assert '<figure id="mine">' in page
    assert "holds</span> 9. Errors are small." in page
    assert (workdir / "mine.png").read_bytes().startswith(b"\x89PNG")


def test_claims_and_figures_are_found_by_their_folders():
    """Breaks if a folder of the paper is left out, or a claim is lost or judged twice."""
    assert sorted(claim.number for folder in with_figure() for claim in claims_of(folder)) == list(range(1, 9))
    folders = {path.parent.name for path in (ROOT / "experiments" / "paper").glob("*/config.py")}
    assert {folder.rpartition(".")[2] for folder in with_figure()} == folders


def test_claims_need_no_plotting_library():
    """Breaks if judging claims, or a library's table, loads matplotlib."""
    code = "import sys; from experiments.paper.folders import *; list(map(claims_of, PAPER_FOLDERS)); "
    code += "sys.exit('matplotlib' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=120)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("fig2c", r"^figure is 'fig2c', and no folder .* experiments\.paper\.fig1, "),
        ("no.such", "^figure is 'no.such', and no folder"),
        ("elsewhere.broken", "^figure is .*, whose figure.py cannot be imported: No module named 'absent'"),
        ("elsewhere.empty", "^figure is .*, whose figure.py lacks select or draw"),
    ],
)
def test_what_is_no_figure_is_one_clear_sentence(path, message, elsewhere):
    """Breaks if a misspelt or broken figure ends in a traceback after hours of training."""
    for name, code in {"broken": "import absent", "empty": ""}.items():
        (elsewhere / name).mkdir()
        (elsewhere / name / "figure.py").write_text(code)
    with pytest.raises(ValueError, match=message):
        figure_of(path)
