"""What `python -m experiments.run --help` prints: the configurations, and the fields of one of them."""

import ast
from pathlib import Path
from textwrap import fill

from ml_collections import ConfigDict

from experiments.configs.common import ABOUT, base_config

ROOT = Path(__file__).parent
USAGE = """python -m experiments.run --config=FILE[:EXTENT] [--config.FIELD=VALUE ...] [--workdir=DIR] [...]

  --workdir   where results go; by default runs/, then the configuration's name
  --storage   Optuna storage of the trials; by default CAPACITY_JAX_STORAGE of the environment, or else studies.db in
              the workdir
  --dry_run   prints studies, trials, FLOPs and the hours expected on this machine, and trains nothing

Configurations; :laptop is the default extent of most, :smoke takes a minute or two, those of the paper also have
:overnight, :gpu and :paper; each file's docstring tells its own:
"""


def help_text(config: ConfigDict | None = None) -> str:
    """How the command is used, what configurations there are, and the fields of `config`, or those of all."""
    files = [*sorted(ROOT.glob("configs/*.py")), *sorted(ROOT.glob("paper/*/config.py"))]
    first_lines = {file.relative_to(ROOT.parent): _first_line(file) for file in files if file.name != "common.py"}
    width = max(len(str(file)) for file in first_lines)
    configurations = "\n".join(f"  {file!s:{width}}  {line}" for file, line in first_lines.items())
    shown = (config or base_config("", "per_cap", "laptop")).to_dict()
    fields = "\n".join(_field(name, about, shown[name]) for name, about in ABOUT.items())
    whose = "with its values" if config else "with their defaults; a configuration's own values: --config=FILE --help"
    return f"{USAGE}{configurations}\n\nFields, {whose}:\n{fields}"


def _first_line(file):
    return (ast.get_docstring(ast.parse(file.read_text())) or "").partition("\n")[0]


def _field(name, about, value):
    return f"  --config.{name}\n{fill(f'{about} ({value!r})', 116, initial_indent=' ' * 6, subsequent_indent=' ' * 6)}"
