"""The public names: sorted, documented, with examples that run, and typed for those who import them."""

import ast
import doctest
import importlib
import pkgutil
import re
import sys
from importlib.resources import files
from pathlib import Path

import jax
import pytest

import capacity_jax
import capacity_jax.flax
import capacity_jax.interchange

MODULES = [name for _, name, _ in pkgutil.walk_packages(capacity_jax.__path__, "capacity_jax.")]
PACKAGES = [
    capacity_jax,
    *(importlib.import_module(name) for name in MODULES if "__all__" in dir(sys.modules.get(name))),
]


def documentation(name):
    """The docstring of a public name; that of a constant or a cell is its file's."""
    thing = getattr(capacity_jax, name)
    if callable(thing):
        return thing.__doc__
    for path in Path(capacity_jax.__path__[0]).rglob("*.py"):
        if re.search(rf"^{name}\b[^\n(]* = ", path.read_text(), re.MULTILINE):
            return ast.get_docstring(ast.parse(path.read_text()))
    return None


def examples():
    found = {}
    for module in map(importlib.import_module, MODULES):
        for test in doctest.DocTestFinder(exclude_empty=True).find(sys.modules[module.__name__]):
            if test.examples:
                found[test.name] = test
    return found


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)
def test_public_names_are_sorted_and_there(package):
    """Breaks if a name is exported twice, out of order or without being there."""
    # Ruff's order: constants, then classes, then functions.
    kinds = [(0 if name.isupper() else 1 if name[0].isupper() else 2, name) for name in package.__all__]
    assert kinds == sorted(set(kinds))
    assert all(hasattr(package, name) for name in package.__all__)


def test_everything_imported_is_exported():
    """Breaks if a name comes into the package unannounced."""
    imported = {
        alias.name
        for node in ast.parse(Path(capacity_jax.__file__).read_text()).body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert imported == set(capacity_jax.__all__)


@pytest.mark.parametrize("name", [*capacity_jax.flax.__all__, *capacity_jax.interchange.__all__])
def test_every_conversion_is_documented_with_an_example(name):
    """Breaks if a way between our cells and others' has no docstring, or none that shows its use."""
    thing = getattr(capacity_jax.flax, name, None) or getattr(capacity_jax.interchange, name)
    assert "Example:\n" in thing.__doc__


@pytest.mark.parametrize("name", capacity_jax.__all__)
def test_every_name_is_documented_with_an_example(name):
    """Breaks if a public name has no docstring, or none that shows its use."""
    text = documentation(name)
    assert text
    assert re.search(r"^ *Example:\n(.*\n)*? *>>> ", text, re.MULTILINE)


@pytest.mark.parametrize("name", sorted(examples()))
def test_every_example_runs(name):
    """Breaks if an example of a docstring fails, or gives something else than it says."""
    report = []
    # Examples show the library as users meet it, who have not asked that rank promotion raise.
    with jax.numpy_rank_promotion("allow"):
        result = doctest.DocTestRunner(verbose=False).run(examples()[name], out=report.append)
    assert result.attempted
    assert not result.failed, "".join(report)


def test_types_are_published():
    """Breaks if type checkers would ignore the package's annotations."""
    assert files("capacity_jax").joinpath("py.typed").is_file()
