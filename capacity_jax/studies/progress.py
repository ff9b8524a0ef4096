"""The progress of a run: trials done, best objective so far, time left.

A bar in a terminal or a notebook, elsewhere a line a minute.
"""

import sys
from collections.abc import Mapping, Sequence
from io import StringIO
from time import monotonic

from tqdm.auto import tqdm
from tqdm.notebook import tqdm as notebook_tqdm

from capacity_jax.studies.cost import mean_cost
from capacity_jax.studies.record import Record
from capacity_jax.studies.study import Study
from capacity_jax.training.trial import TrialKey

SECONDS_BETWEEN_LINES = 60.0


class Progress:
    """Trials weigh what they are expected to cost, so that large networks count for more."""

    def __init__(self, studies: Sequence[Study]):
        self.cost = {study.name: mean_cost(study.plan()) for study in studies}
        self.expected = {study.name: study.n_planned for study in studies}
        self.finished = dict.fromkeys(self.expected, 0)
        self.best: tuple[str, float] | None = None
        self.in_lines = not sys.stderr.isatty() and not issubclass(tqdm, notebook_tqdm)
        self.last_line = monotonic()
        bar = "" if self.in_lines else "|{bar}|"
        # Its own total never changes: a notebook's bar would not follow.
        self.bar = tqdm(
            total=1.0,
            bar_format=f"{{percentage:3.0f}}%{bar} {{desc}} [{{elapsed}}<{{remaining}}]",
            file=StringIO() if self.in_lines else sys.stderr,
        )

    def cost_left(self, study: Study) -> float:
        """What the trials of a study that have not finished are expected to cost, as far as this process knows."""
        return self.cost[study.name] * (self.expected[study.name] - self.finished[study.name])

    def resume(self, study: Study, records: Mapping[TrialKey, Record]) -> None:
        """What was finished before; the time left is reckoned from there."""
        self.expected[study.name] = study.n_known(records)
        for record in records.values():
            self.ended(study, record)
        self.bar.initial = self.bar.n

    def ended(self, study: Study, record: Record) -> None:
        """A trial that has finished."""
        self.finished[study.name] += 1
        if not record.infeasible:
            better = max if record.maximize else min
            best = better(record.objective, self.best[1]) if self.best else record.objective
            self.best = record.score_name.replace("_", " "), best
        self.running(study, 0.0)

    def running(self, study: Study, n_trials: float) -> None:
        """How many trials' worth of work is done on those of a study that are not finished."""
        done = self.finished | {study.name: self.finished[study.name] + n_trials}
        # Whole numbers: a bar that ends a rounding error short of its total is shown as failed.
        cost = sum(round(self.cost[name] * min(n, self.expected[name])) for name, n in done.items())
        share = cost / sum(round(self.cost[name] * n) for name, n in self.expected.items())
        # Never below where it began, where more is expected than was: the time left would be negative.
        self.bar.n = max(share, self.bar.initial)
        text = f"{sum(self.finished.values())}/{sum(self.expected.values())} trials"
        if self.best:
            text += f", best {self.best[0]} {self.best[1]:.2f}"
        self.bar.set_description_str(text, refresh=not self.in_lines)
        if self.in_lines and monotonic() - self.last_line >= SECONDS_BETWEEN_LINES:
            self._print_line()

    def expect(self, study: Study, n_trials: int) -> None:
        """How many trials a study has after all, repeats of its best setting included."""
        self.expected[study.name] = n_trials
        self.running(study, 0.0)

    def close(self) -> None:
        """Ends the bar."""
        if self.in_lines and self.bar.n > self.bar.initial:
            self._print_line()
        self.bar.close()

    def _print_line(self):
        print(f"capacity_jax: {str(self.bar).strip()}", file=sys.stderr, flush=True)
        self.last_line = monotonic()
