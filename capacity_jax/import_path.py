"""What a user has made, named by where it stands: `mypackage.cells:leaky`."""

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from capacity_jax.checks import unknown


def is_import_path(name: Any) -> bool:
    """Whether a name says where the thing stands, `module:attribute`."""
    return isinstance(name, str) and ":" in name


def import_path(function: Any) -> str:
    """Where a function, or the class of another callable, stands.

    Example:
      >>> from capacity_jax.import_path import import_path
      >>> import_path(import_path)
      'capacity_jax.import_path:import_path'
    """
    named = function if hasattr(function, "__qualname__") else type(function)
    return f"{named.__module__}:{named.__qualname__}"


def load(kind: str, path: str) -> Any:
    """What stands at `module:attribute`; the module is looked for in the current directory first, as `python -m` does.

    Args:
      kind: what it is to be, for messages: a `cell`, a `task`, a `transformation`.
      path: the module's name, a colon, and a name in the module.

    Raises:
      ValueError: there is no such module, it cannot be imported, or it has no such name.

    Example:
      >>> from capacity_jax.import_path import load
      >>> load("cell", "capacity_jax.cells:gru").name
      'gru'
    """
    module, _, name = path.partition(":")
    if not all(part.isidentifier() for part in [*module.split("."), name]):
        raise ValueError(f"{kind} is {path!r}; allowed: a name, or module:name such as mypackage.{kind}s:mine")
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.insert(0, here)
    try:
        found = import_module(module)
    except Exception as error:
        # It may be anybody's code, and fail in any way.
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise ValueError(f"{kind} is {path!r}, whose module cannot be imported: {reason}") from error
    if not hasattr(found, name):
        raise unknown(f"{kind} of {module}", name, [one for one in vars(found) if not one.startswith("_")])
    return getattr(found, name)
