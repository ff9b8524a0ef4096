"""The README's Python blocks run as they stand, and its commands exist."""

import re
from pathlib import Path

import pytest

README = (Path(__file__).parents[1] / "README.md").read_text()
BLOCKS = re.findall(r"^```python\n(.*?)^```", README, flags=re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.splitlines()[1])
def test_python_block_runs(block):
    """Breaks if the README shows code that no longer works."""
    exec(compile(block, "README.md", "exec"), {"__name__": "readme"})


def test_files_it_names_exist():
    """Breaks if the README points at a configuration, figure or page that is not there."""
    root = Path(__file__).parents[1]
    paths = re.findall(r"\]\((experiments/[^)]+)\)", README) + re.findall(r"--config=(\S+\.py)", README)
    paths += [f"experiments/configs/{name}" for name in re.findall(r"\| `(\w+\.py)` \|", README)]
    assert len(paths) >= 8
    assert [path for path in paths if not (root / path).exists()] == []
