"""A search space as columns between 0 and 1, and back: what the Gaussian process sees of a setting.

A number is one column, logarithmic where its distribution is; a categorical dimension is one column per choice, as far
from each other as the two ends of a number are. Dimensions of a single value have no column.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

# Grids of at most so many values are searched value by value; finer ones as if continuous, then rounded.
MOST_LEVELS = 16

# Two choices differ in two columns: their squared distance is 1.
HOT = np.sqrt(0.5)

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Encoding:
    """The columns of a space."""

    space: Mapping[str, BaseDistribution]

    @cached_property
    def searched(self) -> dict[str, slice]:
        """The columns of each dimension that has more than one value."""
        places, at = {}, 0
        for name, distribution in self.space.items():
            if not distribution.single():
                width = len(distribution.choices) if isinstance(distribution, CategoricalDistribution) else 1
                places[name] = slice(at, at + width)
                at += width
        return places

    @cached_property
    def dimension(self) -> NDArray[np.int32]:
        """Which searched dimension each column belongs to, [columns]."""
        widths = [place.stop - place.start for place in self.searched.values()]
        return np.repeat(np.arange(len(widths), dtype=np.int32), widths)

    @cached_property
    def continuous(self) -> NDArray[np.bool_]:
        """The columns a gradient may move, [columns]."""
        return np.concatenate(
            [
                np.full(place.stop - place.start, _levels(self.space[name]) is None)
                for name, place in self.searched.items()
            ]
            or [np.zeros(0, bool)]
        )

    @cached_property
    def moves(self) -> tuple[Array, Array]:
        """Every value of every discrete dimension: the columns kept and the columns set, both [moves, columns]."""
        n = len(self.dimension)
        kept, put = [np.ones(n)], [np.zeros(n)]
        for name, place in self.searched.items():
            for value in _levels(self.space[name]) or ():
                kept.append(np.ones(n))
                kept[-1][place] = 0.0
                put.append(np.zeros(n))
                put[-1][place] = _columns(self.space[name], value)
        return np.array(kept), np.array(put)

    def holds(self, params: Mapping[str, Any]) -> bool:
        """Whether the params are a point of the space; they may have further names."""
        return all(name in params and _inside(self.space[name], params[name]) for name in self.searched)

    def encode(self, settings: Sequence[Mapping[str, Any]]) -> Array:
        """The columns of each setting, [settings, columns]."""
        columns = np.zeros((len(settings), len(self.dimension)))
        for row, params in zip(columns, settings, strict=True):
            for name, place in self.searched.items():
                row[place] = _columns(self.space[name], params[name])
        return columns

    def decode(self, columns: Array) -> dict[str, Any]:
        """The setting nearest to a row of columns."""
        return {
            name: _value(distribution, columns[self.searched[name]] if name in self.searched else np.zeros(1))
            for name, distribution in self.space.items()
        }

    def snap(self, columns: Array) -> Array:
        """Rows moved onto settings that exist."""
        return self.encode([self.decode(row) for row in columns])

    def spread(self, uniform: Array) -> Array:
        """Settings from points of a unit cube with one axis per searched dimension, [points, columns].

        Whole numbers and choices own equal shares of their axis, or equal shares of its logarithm.
        """
        columns = np.zeros((len(uniform), len(self.dimension)))
        for u, (name, place) in zip(uniform.T, self.searched.items(), strict=True):
            distribution = self.space[name]
            if isinstance(distribution, CategoricalDistribution):
                n = len(distribution.choices)
                columns[:, place] = HOT * np.eye(n)[np.minimum((u * n).astype(int), n - 1)]
            else:
                columns[:, place] = _spread(distribution, u)[:, None]
        return columns


def _levels(distribution):
    """The values of a dimension that is searched value by value; None if it is not."""
    if isinstance(distribution, CategoricalDistribution):
        return distribution.choices
    if distribution.step is None:
        return None
    n = round((distribution.high - distribution.low) / distribution.step) + 1
    return [distribution.low + i * distribution.step for i in range(n)] if n <= MOST_LEVELS else None


def _columns(distribution, value):
    if isinstance(distribution, CategoricalDistribution):
        return HOT * (np.arange(len(distribution.choices)) == distribution.to_internal_repr(value))
    low, high = _ends(distribution)
    return (_scaled(distribution, value) - low) / (high - low)


def _value(distribution, columns):
    if isinstance(distribution, CategoricalDistribution):
        return distribution.choices[int(np.argmax(columns))]
    low, high = _ends(distribution)
    value = low + (high - low) * float(columns[0])
    value = float(np.exp(value)) if distribution.log else value
    if distribution.step is not None:
        value = distribution.low + round((value - distribution.low) / distribution.step) * distribution.step
    value = min(max(value, distribution.low), distribution.high)
    return int(value) if isinstance(distribution, IntDistribution) else float(value)


def _inside(distribution, value):
    try:
        number = distribution.to_internal_repr(value)
    except ValueError:
        return False
    return isinstance(distribution, CategoricalDistribution) or bool(distribution.low <= number <= distribution.high)


def _scaled(distribution, value):
    return np.log(value) if distribution.log else float(value)


def _ends(distribution):
    return _scaled(distribution, distribution.low), _scaled(distribution, distribution.high)


def _spread(distribution, u):
    """Columns of one numeric dimension; a value of a grid owns half a step on either side of it."""
    low, high = distribution.low, distribution.high
    half = 0.0 if distribution.step is None else distribution.step / 2
    ends = FloatDistribution(low - half, high + half, log=distribution.log)
    bottom, top = _ends(ends)
    values = bottom + (top - bottom) * u
    values = np.exp(values) if distribution.log else values
    if half:
        values = low + np.round((values - low) / distribution.step) * distribution.step
    values = np.clip(values, low, high)
    bottom, top = _ends(distribution)
    return ((np.log(values) if distribution.log else values) - bottom) / (top - bottom)
