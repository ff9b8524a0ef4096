"""What one call has measured: table, fit, figure, and how a terminal and a notebook show them."""

import json
import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from capacity_jax.results.best import measurements, task_table
from capacity_jax.results.table import as_text, slopes
from capacity_jax.stats.intervals import NOTHING, Interval, mean_difference, mean_interval
from capacity_jax.studies.record import Record, from_json, to_json

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False, repr=False)
class Capacity:
    """The trials of one cell on one task, and what follows from them.

    Attributes:
      records: of all trials at all sizes.
      measure: measures again, with more, as `more` asks it to; None where that is not known, as after loading.

    Example:
      >>> from capacity_jax import Bucket, Capacity, Network, Outcome, Study, per_cap, rnn
      >>> bucket = Bucket(Network(rnn, 4, 5, 1), per_cap(n_in=4), batch_size=8)
      >>> study = Study(bucket, space={}, initial_settings=[{"b": 100}], trials=0, seeds=2, seed=0)
      >>> scores = [{"loss": 0.1, "bits": 61 * bits, "bits_per_parameter": bits} for bits in (1.0, 1.5)]
      >>> pairs = zip(study.initial_trials(), scores)
      >>> capacity = Capacity([study.record(Outcome(trial, score, 50_000, False, 1.0)) for trial, score in pairs])
      >>> print(capacity.headline())
      rnn on per_cap: 1.25 bits per parameter, 95% [-1.93, 4.43] (mean over 2 seeds at 61 parameters)
      >>> capacity.to_dataframe().loc[0, "units"].item()
      5
      >>> capacity.plot().savefig("capacity.png")  # doctest: +SKIP
    """

    records: Sequence[Record]
    measure: Callable[..., "Capacity"] | None = None

    def to_dataframe(self) -> pd.DataFrame:
        """One row for each size: network, means and 95% interval of the best setting, numbers of trials."""
        return task_table(self.records)

    @property
    def bits_per_parameter(self) -> Interval | None:
        """Mean stored bits per parameter at the largest size with a feasible best setting, with its 95% interval.

        The mean is over the seeds of that setting. It counts a network's fixed costs as parameters too, unlike `slope`.
        NaN where every trial diverged, None where the task does not measure bits.
        """
        if not self._measures_bits:
            return None
        sizes = self._bits_by_size()
        return mean_interval(sizes[max(sizes)]) if sizes else NOTHING

    @property
    def slope(self) -> Interval | None:
        """Slope of bits over parameters with the 95% interval that `pooled_slope_interval` gives it.

        None with fewer than three sizes, or where the task does not measure bits.
        """
        return next(iter(slopes(self.records).values()), None) if self._measures_bits else None

    def compare(self, other: "Capacity") -> Interval:
        """By how many bits per parameter this one stores more than another, with a 95% interval.

        The mean over the budgets that both were measured at of the differences of their means over seeds; its variance
        is that of the seeds at each size, with the degrees of freedom of Satterthwaite (1946).

        Raises:
          ValueError: a task does not measure bits, or the two have no budget in common where both are feasible.
        """
        if not (self._measures_bits and other._measures_bits):
            raise ValueError("capacities are compared by bits per parameter; allowed: tasks that measure bits")
        ours, theirs = self._bits_by_size("budget"), other._bits_by_size("budget")
        common = sorted(ours.keys() & theirs.keys())
        if not common:
            raise ValueError(
                f"budgets are {sorted(ours)} and {sorted(theirs)}; a comparison needs one that both were measured at"
            )
        return mean_difference([ours[size] for size in common], [theirs[size] for size in common])

    def more(self, *, trials: int = 0, seeds: int = 0, budgets: Sequence[int] = ()) -> "Capacity":
        """The measurement continued: what is there stays, the rest is added, as if all had been asked for at once.

        Args:
          trials: so many more settings tried at each budget.
          seeds: so many more measurements of each initial setting and of the best one.
          budgets: further sizes.

        Raises:
          ValueError: the capacity was loaded from a file, or its cell or task cannot be pickled and it was: call
            `measure_capacity` again, with the same `workdir` and more trials.
        """
        if not isinstance(budgets, Sequence):
            raise ValueError(f"budgets is {budgets!r}; allowed: numbers of parameters, such as (3000,)")
        if self.measure is None:
            raise ValueError(
                "this capacity does not know how it was measured; allowed: measure_capacity again with its workdir and "
                "larger trials, seeds or budgets"
            )
        return self.measure(more_trials=trials, more_seeds=seeds, more_budgets=tuple(budgets))

    def save(self, path: str | Path) -> None:
        """Writes all records to a file of JSON, which `load` reads."""
        Path(path).write_text(json.dumps([to_json(record) for record in self.records], allow_nan=False))

    @classmethod
    def load(cls, path: str | Path) -> "Capacity":
        """The capacity that `save` has written; it knows all but how to measure `more`.

        Raises:
          OSError: the file cannot be read.
          ValueError: it holds no capacity, or one of a newer version of this package.
        """
        try:
            records = [from_json(row) for row in json.loads(Path(path).read_text())]
        except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
            raise ValueError(f"{path} holds no capacity: {type(error).__name__}: {error}") from error
        if not records:
            raise ValueError(f"{path} holds no capacity: it has no records")
        return cls(records)

    def plot(self) -> "Figure":
        """The task's figure over the sizes: stored bits, recall, or the objective."""
        # A table needs no plotting library.
        from capacity_jax.results.figures import task_figure

        return task_figure(self.records)

    def headline(self) -> str:
        """The result in one line: the mean at the largest size and, over three sizes or more, the slope."""
        first, mean, slope = self.records[0], self.bits_per_parameter, self.slope
        depth = f", depth {first.depth}" if first.depth > 1 else ""
        name = f"{first.cell}{depth} on {first.task}"
        best = measurements(self.records)
        learning = int(best["still_learning"].to_numpy(bool).sum())
        remark = f"; {learning} of {len(best)} runs were still learning" if learning else ""
        if mean is None:
            return f"{name}: {first.score_name.replace('_', ' ')} by number of parameters{remark}"
        sizes = self._bits_by_size()
        how = (
            f"mean over {len(sizes[max(sizes)])} seeds at {max(sizes)} parameters" if sizes else "no trial was feasible"
        )
        line = f"{name}: {mean.value:.2f} bits per parameter, {_bounds(mean)} ({how})"
        if slope is not None:
            line += f"; slope over sizes {slope.value:.2f}, {_bounds(slope)}"
        return line + remark

    def __repr__(self) -> str:
        return f"{self.headline()}\n{as_text(self.to_dataframe())}"

    def _repr_html_(self) -> str:
        table = self.to_dataframe().to_html(index=False, float_format=lambda value: f"{value:.4g}")
        return f"<p>{self.headline()}</p>{table}"

    def __getstate__(self) -> dict[str, Any]:
        try:
            pickle.dumps(self.measure)
        except Exception:
            # A user's function, say; the records are what counts.
            return {"records": self.records, "measure": None}
        return dict(self.__dict__)

    @property
    def _measures_bits(self):
        return "bits" in self.records[0].reported

    def _bits_by_size(self, size="parameters") -> dict[int, list[float]]:
        """Bits per parameter of the best setting's seeds, by size."""
        found: dict[int, list[float]] = {}
        for row in measurements(self.records).dropna(subset=size).to_dict("records"):
            found.setdefault(int(row[size]), []).append(row["bits"] / row["parameters"])
        return found


def _bounds(interval):
    return "no interval" if np.isnan(interval.low) else f"95% [{interval.low:.2f}, {interval.high:.2f}]"
