"""What one call has measured: table, fit, figure, and how a terminal and a notebook show them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from capacity_jax.results.best import task_table
from capacity_jax.results.table import as_text, slopes
from capacity_jax.stats.intervals import NOTHING, Interval, mean_interval
from capacity_jax.studies.best import best_setting
from capacity_jax.studies.record import Record
from capacity_jax.studies.study import Study

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False, repr=False)
class Capacity:
    """The studies of one cell on one task, and what follows from them.

    Attributes:
      studies: each with the records of all its trials, one for each size.

    Example:
      >>> from capacity_jax import Bucket, Capacity, Network, Outcome, Study, per_cap, rnn
      >>> bucket = Bucket(Network(rnn, 4, 5, 1), per_cap(n_in=4), batch_size=8)
      >>> study = Study(bucket, space={}, initial_settings=[{"b": 100}], trials=0, seeds=2, seed=0)
      >>> scores = [{"loss": 0.1, "bits": 61 * bits, "bits_per_parameter": bits} for bits in (1.0, 1.5)]
      >>> pairs = zip(study.initial_trials(), scores)
      >>> records = [study.record(Outcome(trial, score, 50_000, False, 1.0)) for trial, score in pairs]
      >>> capacity = Capacity([(study, records)])
      >>> print(capacity.headline())
      rnn on per_cap: 1.25 bits per parameter, 95% [-1.93, 4.43] (mean over 2 seeds at 61 parameters)
      >>> capacity.to_dataframe().loc[0, "units"].item()
      5
      >>> capacity.plot().savefig("capacity.png")  # doctest: +SKIP
    """

    studies: Sequence[tuple[Study, Sequence[Record]]]

    def to_dataframe(self) -> pd.DataFrame:
        """One row for each size: network, means and 95% interval of the best setting, numbers of trials."""
        return task_table(self._task, self.records)

    @property
    def records(self) -> list[Record]:
        """The records of all studies, for figures of several capacities."""
        return [record for _, records in self.studies for record in records]

    @property
    def bits_per_parameter(self) -> Interval | None:
        """Mean stored bits per parameter at the largest size with a feasible best setting, with its 95% interval.

        The mean is over the seeds of that setting. It counts a network's fixed costs as parameters too, unlike `slope`.
        NaN where every trial diverged, None where the task does not measure bits.
        """
        if not self._measures_bits:
            return None
        best = self._largest
        return mean_interval([record.scores["bits"] / record.parameters for record in best]) if best else NOTHING

    @property
    def slope(self) -> Interval | None:
        """Slope of bits over parameters with the 95% interval that `pooled_slope_interval` gives it.

        None with fewer than three sizes, or where the task does not measure bits.
        """
        return next(iter(slopes(self.records).values()), None) if self._measures_bits else None

    def plot(self) -> "Figure":
        """The task's figure over the sizes: stored bits, recall, or the objective."""
        # A table needs no plotting library.
        from capacity_jax.results.figures import task_figure

        return task_figure(self._task, self.records)

    def headline(self) -> str:
        """The result in one line: the mean at the largest size and, over three sizes or more, the slope."""
        bucket = self.studies[0][0].bucket
        depth = f", depth {bucket.network.depth}" if bucket.network.depth > 1 else ""
        name = f"{bucket.network.cell.name}{depth} on {bucket.task.name}"
        mean, slope, best = self.bits_per_parameter, self.slope, self._largest
        if mean is None:
            return f"{name}: {bucket.task.objective.replace('_', ' ')} by number of parameters"
        how = f"mean over {len(best)} seeds at {best[0].parameters} parameters" if best else "no trial was feasible"
        line = f"{name}: {mean.value:.2f} bits per parameter, {_bounds(mean)} ({how})"
        return line if slope is None else f"{line}; slope over sizes {slope.value:.2f}, {_bounds(slope)}"

    def __repr__(self) -> str:
        return f"{self.headline()}\n{as_text(self.to_dataframe())}"

    def _repr_html_(self) -> str:
        table = self.to_dataframe().to_html(index=False, float_format=lambda value: f"{value:.4g}")
        return f"<p>{self.headline()}</p>{table}"

    @property
    def _task(self):
        return self.studies[0][0].bucket.task

    @property
    def _measures_bits(self):
        return "bits" in self._task.reported

    @property
    def _largest(self):
        """The records of the best setting at the largest size that has one."""
        by_size = sorted(self.studies, key=lambda one: -one[0].bucket.network.n_params)
        settings = (best_setting(records, self._task.maximize) for _, records in by_size)
        return next(filter(None, settings), [])


def _bounds(interval):
    return "no interval" if np.isnan(interval.low) else f"95% [{interval.low:.2f}, {interval.high:.2f}]"
