"""The public names: documented, with examples that run, light to import, and typed for those who import them."""

import ast
import doctest
import importlib
import json
import pkgutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import jax
import pytest

import capacity_jax

MODULES = [name for _, name, _ in pkgutil.walk_packages(capacity_jax.__path__, "capacity_jax.")]
PACKAGE = Path(capacity_jax.__path__[0])
# Which of our packages each may import, besides itself: the arrows go one way.
BELOW = {
    "checks": [],
    "import_path": ["checks"],
    "cells": ["import_path", "checks"],
    "networks": ["cells", "checks"],
    "estimators": ["checks"],
    "stats": ["checks"],
    "flax": ["cells", "checks"],
    "interchange": ["cells", "checks"],
    "tasks": ["networks", "cells", "estimators", "import_path", "checks"],
    "training": ["tasks", "networks", "cells", "checks"],
    "search": ["training", "tasks", "networks", "cells", "checks"],
    "studies": ["search", "training", "tasks", "networks", "cells", "import_path", "checks"],
    "results": ["studies", "search", "training", "tasks", "networks", "cells", "estimators", "stats", "checks"],
    "analysis": ["studies", "networks", "cells", "checks"],
    "measure": ["results", "studies", "search", "training", "tasks", "networks", "cells", "flax", "checks"],
    "commands": ["measure", "results", "studies", "tasks", "cells"],
    "__main__": ["commands"],
}


def examples():
    found = {}
    for module in map(importlib.import_module, MODULES):
        for test in doctest.DocTestFinder(exclude_empty=True).find(sys.modules[module.__name__]):
            if test.examples:
                found[test.name] = test
    return found


def imported(path):
    """Our packages that a file imports, and whether it imports the experiments."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return {name for name in names if name.split(".")[0] in ("capacity_jax", "experiments")}


@pytest.mark.parametrize("package", BELOW)
def test_imports_point_one_way(package):
    """Breaks if a package imports one above it, or the library the experiments."""
    paths = (PACKAGE / package).rglob("*.py") if (PACKAGE / package).is_dir() else [PACKAGE / f"{package}.py"]
    for path in paths:
        for name in imported(path):
            assert name.split(".")[1:2] in [[package], *([one] for one in BELOW[package])], f"{path} imports {name}"


def test_every_package_has_its_place():
    """Breaks if a new package or module is not held to the one way of imports."""
    assert {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or path.is_dir()} - {
        "__init__",
        "__pycache__",
    } == BELOW.keys()


def test_public_names_are_there():
    """Breaks if a name that the package lists cannot be had, or a misspelt one gives something."""
    assert all(getattr(capacity_jax, name) is not None for name in capacity_jax.__all__)
    assert len(capacity_jax.__all__) < 50
    assert capacity_jax.__version__
    with pytest.raises(AttributeError):
        capacity_jax.lsmt  # noqa: B018


def test_type_checkers_see_the_same_names():
    """Breaks if a name is loaded at run time that a type checker does not know, or the other way round."""
    [block] = (node for node in ast.parse((PACKAGE / "__init__.py").read_text()).body if isinstance(node, ast.If))
    seen = {
        alias.asname: f"{node.module}.{alias.name}"
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen.keys() == set(capacity_jax.__all__)
    for name, path in seen.items():
        module, _, attribute = path.rpartition(".")
        assert getattr(importlib.import_module(module), attribute) is getattr(capacity_jax, name)


@pytest.mark.parametrize(
    "package", [name for name in MODULES if hasattr(importlib.import_module(name), "__all__")], ids=str
)
def test_exports_are_sorted_and_there(package):
    """Breaks if a name is exported twice, out of order or without being there."""
    module = importlib.import_module(package)
    assert len(module.__all__) == len(set(module.__all__))
    assert all(hasattr(module, name) for name in module.__all__)


@pytest.mark.parametrize("name", capacity_jax.__all__)
def test_every_function_and_class_is_documented_with_an_example(name):
    """Breaks if a public function or class has no docstring, or none that shows its use."""
    thing = getattr(capacity_jax, name)
    if isinstance(thing, type) and issubclass(thing, Exception):
        assert thing.__doc__
    elif callable(thing):
        assert ">>> " in thing.__doc__


@pytest.mark.parametrize("name", sorted(examples()))
def test_every_example_runs(name):
    """Breaks if an example of a docstring fails, or gives something else than it says."""
    report = []
    # Examples show the library as users meet it, who have not asked that rank promotion raise.
    with jax.numpy_rank_promotion("allow"):
        result = doctest.DocTestRunner(verbose=False).run(examples()[name], out=report.append)
    assert result.attempted
    assert not result.failed, "".join(report)


def test_cells_load_nothing_heavy():
    """Breaks if whoever wants a cell alone loads a storage, checkpoints, tables or plots with it."""
    code = "import capacity_jax.cells, json, sys; print(json.dumps(list(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in json.loads(done.stdout)}
    assert not loaded & {"optuna", "matplotlib", "pandas", "flax", "scipy.stats"}


USERS_CODE = """
import jax
from capacity_jax import cell_by_name, gru, lstm, measure_capacity

key = jax.random.key(0)
params = lstm.init(key, 3, 4, {"forget_gate_bias_hack": 1.0})
state, y = lstm.step(params, lstm.initial_state(params), jax.numpy.ones(3))
cell_by_name("gru")
measure_capacity("gru", budgets=(300,), train_steps=10)

lstm.init(key, "3", 4, {})  # wrong
lstm.init(key, n_inputs=3, n_hidden=4, hparams={})  # wrong
cell_by_name("lsmt")  # wrong
measure_capacity("lsmt")  # wrong
measure_capacity("gru", "percap")  # wrong
gru.intial_state(params)  # wrong
"""


def test_a_users_code_type_checks(tmp_path):
    """Breaks if a wrong argument or a misspelt name is no error to a type checker, or right code is one."""
    (tmp_path / "user.py").write_text(USERS_CODE)
    done = subprocess.run(
        [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable, str(tmp_path / "user.py")],
        capture_output=True,
        text=True,
        check=False,
    )
    diagnostics = json.loads(done.stdout)["generalDiagnostics"]
    found = {one["range"]["start"]["line"] for one in diagnostics if one["severity"] == "error"}
    assert found == {i for i, line in enumerate(USERS_CODE.splitlines()) if line.endswith("# wrong")}


def test_types_are_published():
    """Breaks if type checkers would ignore the package's annotations."""
    assert files("capacity_jax").joinpath("py.typed").is_file()
