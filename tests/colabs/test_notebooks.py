"""The notebooks are in step with their scripts, hold their outputs, and run from top to bottom."""

import re

import nbformat
import pytest

from colabs.build import COLABS, SCRIPTS, executed, unexecuted

LARGEST = 300_000
# Small enough that a run costs little more than what it compiles; the README's MGU has 300 parameters too, and so the
# same program.
SMALL = {
    "bits_of_a_weight": {"BUDGET": 100, "TRAIN_STEPS": 20},
    "cells_in_flax": {"UNITS": 4, "BATCH": 4, "STEPS": 20},
    "explore_a_study": {"CELLS": ("rnn",), "BUDGETS": (80, 100), "TRAIN_STEPS": 20, "SEEDS": 2},
    "look_inside": {"BUDGET": 100, "TRAIN_STEPS": 20, "NEWTON_STEPS": 5},
    "measure_a_cell": {"BUDGETS": (300,), "TRAIN_STEPS": 20, "SEEDS": 2, "LABELS_PER_PARAMETER": (0.5, 1.0)},
    "modern_cells": {"NAMES": ("gru",), "LABELS": (1.0,), "TRAIN_STEPS": 20, "SEEDS": 2},
    "your_own_cell_and_task": {
        "CAPACITY_BUDGETS": (100,),
        "CAPACITY_TRAIN_STEPS": 20,
        "ADDING_BUDGETS": (40,),
        "ADDING_TRAIN_STEPS": 20,
        "SEEDS": 2,
    },
}


@pytest.fixture(params=SCRIPTS, ids=lambda script: script.stem)
def script(request):
    return request.param


@pytest.fixture
def committed(script):
    return nbformat.read(script.with_suffix(".ipynb"), as_version=4)


def sources(notebook):
    return [(cell.cell_type, cell.source) for cell in notebook.cells]


def outputs(notebook):
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


def n_figures(notebook):
    return sum("image/png" in output.get("data", {}) for output in outputs(notebook))


def complaints(notebook):
    """What went to stderr, and errors."""
    return [out for out in outputs(notebook) if out.output_type == "error" or out.get("name") == "stderr"]


def test_every_notebook_has_a_script():
    """Breaks if a notebook is added or renamed without its script, or the other way round."""
    assert sorted(COLABS.glob("*.ipynb")) == [script.with_suffix(".ipynb") for script in SCRIPTS]


def test_in_step_with_its_script(script, committed):
    """Breaks if a script or a notebook is edited without building the other."""
    assert sources(committed) == sources(unexecuted(script))


def test_first_code_installs_the_package_if_it_is_missing(committed):
    """Breaks if a notebook needs anything before its install cell, or installs over a package that is there."""
    first = next(cell for cell in committed.cells if cell.cell_type == "code")
    lines = first.source.splitlines()
    guard = lines.index('if not find_spec("capacity_jax"):')
    assert "    %pip install --quiet $SOURCE" in lines[guard:]


def test_outputs_are_committed(script, committed):
    """Breaks if outputs are missing, too large, complain, or tell of the machine that made them."""
    counts = [cell.execution_count for cell in committed.cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))
    assert n_figures(committed) >= 1
    assert complaints(committed) == []
    assert script.with_suffix(".ipynb").stat().st_size < LARGEST
    assert re.search(r"/(tmp|home|root|usr|work)/", str(outputs(committed))) is None


# It has a cell, a task, checks and studies of a user's own.
QUICK = "your_own_cell_and_task"
RUNS = [
    pytest.param(script, small, id=f"{script.stem}-{size}", marks=() if small and quick else pytest.mark.slow)
    for script in SCRIPTS
    for small, size, quick in ((True, "small", script.stem == QUICK), (False, "full", False))
]


@pytest.mark.parametrize(("script", "small"), RUNS)
def test_runs_from_top_to_bottom(script, committed, small):
    """Breaks if a cell fails, warns, or shows fewer figures than it did when it was committed."""
    notebook = executed(script, SMALL[script.stem] if small else {})
    assert complaints(notebook) == []
    assert n_figures(notebook) == n_figures(committed)
