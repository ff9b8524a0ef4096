"""A claim's trials grow until it is decided."""

import json
import sys
from functools import partial
from types import SimpleNamespace

import pytest

from capacity_jax.results.workdir import open_trials
from capacity_jax.stats import mean_interval
from experiments import run
from experiments.claims import main as claims
from experiments.configs.mem_thru import get_config
from experiments.paper.looks import LOOKS_FILE
from experiments.paper.verdict import Claim, Quantity

FOLDER = """
def select(records):
    return records

def draw(records, published=None):
    from matplotlib.figure import Figure
    return Figure()
"""


@pytest.fixture
def directory(tmp_path, monkeypatch):
    """A work directory with two seeds of one small network; its figure's claims are those of `settled_claim`."""
    folder = tmp_path / "settled_figure"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "figure.py").write_text(FOLDER)
    (folder / "claim.py").write_text("from settled_claim import CLAIMS\n")
    monkeypatch.syspath_prepend(tmp_path)
    _offer([], monkeypatch)
    config = get_config("smoke")
    config.figure, config.units, config.seeds = "settled_figure", (3,), 2
    config.initial_settings = {"default": ({"train_steps": 20},)}
    config.task_args = {"n_in": 4, "n_steps": 2, "n_evaluation": 64}
    run.main(config, str(tmp_path / "work"))
    return tmp_path / "work"


def claim_with(estimate, monkeypatch):
    """The claim is that the number lies below 2."""
    quantity = Quantity("x", "x", "all", lambda rows: {"": partial(estimate, rows)}, high=2.0)
    claim = Claim(77, "x is small", lambda rows: rows, lambda rows: rows, [quantity])
    _offer([claim], monkeypatch)


def _offer(claims, monkeypatch):
    monkeypatch.setitem(sys.modules, "settled_claim", SimpleNamespace(CLAIMS=claims))
    monkeypatch.delitem(sys.modules, "settled_figure.claim", raising=False)


def test_trials_grow_until_the_claim_is_decided(directory, capsys, monkeypatch):
    """Breaks if nothing is trained, what was trained is trained again, or the looks are not paid for."""
    before = open_trials(directory).set_index(["study", "seed"])["finished"]

    def undecided_with_few(rows, level):
        value = mean_interval(rows["score"], level)
        return value if len(rows) >= 5 else value._replace(low=0.0, high=3.0)

    claim_with(undecided_with_few, monkeypatch)
    claims([str(directory), "--settle=77", "--minutes=10"])
    printed = capsys.readouterr()
    trials = open_trials(directory).set_index(["study", "seed"])["finished"]
    assert "Claim 77: HOLDS" in printed.out
    assert "claim 77 is undecided with seeds=2; going on to 4" in printed.err
    assert len(trials) == 8
    assert trials[before.index].equals(before)
    assert json.loads((directory / LOOKS_FILE).read_text()) == {"77": [2, 4, 8]}
    assert "99.58%" in printed.out
    # Without --settle the verdict is read at the same level.
    claims([str(directory)])
    assert "99.58%" in capsys.readouterr().out


def test_it_ends_when_the_minutes_are_over(directory, capsys, monkeypatch):
    """Breaks if a claim that lies on its bound trains for ever, or its trials are lost."""
    claim_with(lambda rows, level: mean_interval(rows["score"])._replace(low=0.0, high=3.0), monkeypatch)
    claims([str(directory), "--settle=77", "--minutes=0"])
    printed = capsys.readouterr()
    assert "Claim 77: NOT ENOUGH TRIALS" in printed.out
    assert "the minutes are over" in printed.err


def test_it_can_be_stopped(directory, capsys, monkeypatch):
    """Breaks if Ctrl-C while it trains ends in a traceback."""
    claim_with(lambda rows, level: mean_interval(rows["score"])._replace(low=0.0, high=3.0), monkeypatch)

    def interrupted(*arguments, **named):
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "main", interrupted)
    with pytest.raises(SystemExit) as ended:
        claims([str(directory), "--settle=77"])
    assert ended.value.code == 130
    assert "the same command goes on from here" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--settle=99"], "settle is 99, and there is no such claim; allowed: 1, 2, 3, 4, 5, 6, 7, 8"),
        (["--settle=2", "--plan"], "--settle takes one work directory"),
        (["--settle=two"], "invalid int value: 'two'"),
        (["--settle=2", "--minutes=nan"], "--minutes is nan; allowed: a number of minutes, from 0"),
    ],
)
def test_what_cannot_be_settled_is_one_line(arguments, message, tmp_path, capsys):
    """Breaks if a mistake is a traceback, or something is trained first."""
    (tmp_path / "config.json").write_text(json.dumps({"figure": ""}))
    with pytest.raises(SystemExit) as ended:
        claims([str(tmp_path), *arguments])
    assert ended.value.code == 2
    assert message in capsys.readouterr().err
