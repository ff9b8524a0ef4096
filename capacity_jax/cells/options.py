"""Cells with options: one cell for equal options, and a name that tells them."""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache, wraps
from inspect import Parameter, signature
from typing import Any, ParamSpec, get_args

from capacity_jax.cells.base import Cell
from capacity_jax.checks import check_size, unknown

Options = ParamSpec("Options")


def cell_with_options(build: Callable[Options, Cell]) -> Callable[Options, Cell]:
    """Makes a function that builds a cell give one object for equal options, named after those that are no defaults.

    Options that are whole numbers by default must be at least 1, and words must be among those annotated; otherwise
    the builder raises a ValueError, as it does for an option that the cell does not have.

    Example:
      >>> from capacity_jax.cells import deltanet
      >>> deltanet().name, deltanet(heads=4).name
      ('deltanet', 'deltanet(heads=4)')
      >>> deltanet(heads=4) is deltanet(4)
      True
    """
    parameters = signature(build)
    make: Callable[..., Cell] = build

    @wraps(build)
    def builder(*args: Options.args, **kwargs: Options.kwargs) -> Cell:
        for name in kwargs.keys() - parameters.parameters.keys():
            raise unknown(f"option of {build.__name__}", name, parameters.parameters)
        bound = parameters.bind(*args, **kwargs)
        bound.apply_defaults()
        for name, value in bound.arguments.items():
            _check(parameters.parameters[name], value)
        return named(tuple(bound.arguments.items()))

    @lru_cache(maxsize=None, typed=True)
    def named(options: tuple[tuple[str, Any], ...]) -> Cell:
        told = [_told(name, value) for name, value in options if value != parameters.parameters[name].default]
        return replace(make(**dict(options)), name=f"{build.__name__}({', '.join(told)})" if told else build.__name__)

    return builder


def _check(option: Parameter, value: Any) -> None:
    words = [word for word in get_args(option.annotation) if isinstance(word, str)]
    if words and value not in words:
        raise unknown(option.name, value, words)
    if isinstance(option.default, int):
        check_size(option.name, value)


def _told(name, value):
    return value.name if isinstance(value, Cell) else f"{name}={value!r}"
