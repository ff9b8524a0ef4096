"""The README's Python blocks run as they stand, and its commands exist."""

import re
from pathlib import Path

import pytest

import capacity_jax

README = (Path(__file__).parents[1] / "README.md").read_text()
BLOCKS = re.findall(r"^```python\n(.*?)^```", README, flags=re.DOTALL | re.MULTILINE)


# What takes long and can fail in no other way than what stands in its place.
SMALLER = {"budgets=(300, 600, 900)": "budgets=(300,)", "range(200)": "range(20)", "losses[-1] < 2.4": "losses[-1] < 3"}


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.splitlines()[1])
@pytest.mark.parametrize("small", [True, pytest.param(False, marks=pytest.mark.slow)], ids=["small", "full"])
def test_python_block_runs(block, small):
    """Breaks if the README shows code that no longer works."""
    for shown, smaller in SMALLER.items() if small else ():
        assert shown in README
        block = block.replace(shown, smaller)
    exec(compile(block, "README.md", "exec"), {"__name__": "readme"})


def test_files_it_names_exist():
    """Breaks if the README points at a configuration, figure or page that is not there."""
    root = Path(__file__).parents[1]
    paths = re.findall(r"\]\((experiments/[^)]+)\)", README) + re.findall(r"--config=(\S+\.py)", README)
    paths += [f"experiments/configs/{name}" for name in re.findall(r"\| `(\w+\.py)` \|", README)]
    assert len(paths) >= 8
    assert [path for path in paths if not (root / path).exists()] == []


def test_whoever_cites_it_cites_this_version():
    """Breaks if the version moves on and the entry for the software does not."""
    assert re.findall(r"version = \{(.*)\}", README) == [capacity_jax.__version__]
