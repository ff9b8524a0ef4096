"""Makes the notebooks of this folder from their scripts, `python colabs/build.py [NAME ...]`: executed, with outputs.

The scripts are the source; edit them and run this. It needs the extra `test`.
"""

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import jupytext
import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

COLABS = Path(__file__).parent
SCRIPTS = sorted(path for path in COLABS.glob("*.py") if path != Path(__file__))
SECONDS_PER_CELL = 600
WIDGETS = "application/vnd.jupyter.widget-view+json"


def unexecuted(script: Path) -> NotebookNode:
    """The notebook that a script stands for, without outputs."""
    notebook = jupytext.read(script)
    # Numbers in place of random names: building twice gives the same cells.
    for number, cell in enumerate(notebook.cells):
        cell.id = str(number)
    notebook.metadata.pop("jupytext")
    return notebook


def executed(script: Path, sizes: Mapping[str, Any] = MappingProxyType({})) -> NotebookNode:
    """The same with the outputs of running it top to bottom in a kernel of its own, on this checkout.

    Progress bars, which mean nothing once they have ended, are left out.

    Args:
      script: one of `SCRIPTS`.
      sizes: values in place of those that the script gives to names in capitals.

    Raises:
      ValueError: the script has no line that gives a value to one of these names.
      CellExecutionError: a cell fails.
    """
    notebook = unexecuted(script)
    for name, value in sizes.items():
        _set(notebook, name, value)
    path = os.pathsep.join(filter(None, [str(COLABS.parent), os.environ.get("PYTHONPATH")]))
    client = NotebookClient(
        notebook, timeout=SECONDS_PER_CELL, record_timing=False, resources={"metadata": {"path": COLABS}}
    )
    client.execute(env=os.environ | {"PYTHONPATH": path})
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if WIDGETS not in output.get("data", {})]
    return notebook


def _set(notebook, name, value):
    for cell in notebook.cells:
        cell.source, n_changed = re.subn(rf"^{name} = .*$", f"{name} = {value!r}", cell.source, flags=re.MULTILINE)
        if n_changed:
            return
    raise ValueError(f"no cell gives a value to {name}")


def main(names: list[str]) -> None:
    """Writes the notebooks of these names, or all."""
    for script in SCRIPTS:
        if not names or script.stem in names:
            nbformat.write(executed(script), script.with_suffix(".ipynb"))


if __name__ == "__main__":
    main(sys.argv[1:])
