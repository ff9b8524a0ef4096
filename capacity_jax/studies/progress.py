"""The progress bar of a run, in a terminal or a notebook: trials done, best objective so far, time left."""

import sys
from collections.abc import Iterable, Sequence

import numpy as np
from tqdm.auto import tqdm

from capacity_jax.studies.record import Record
from capacity_jax.studies.study import Study

# What a step costs beside its products, in parameters times batch size.
OVERHEAD = 150_000


class Progress:
    """Trials weigh what they are expected to cost, so that large networks count for more."""

    def __init__(self, studies: Sequence[Study]):
        self.cost = {study.name: _cost(study) for study in studies}
        self.expected = {study.name: study.n_planned for study in studies}
        self.finished = dict.fromkeys(self.expected, 0)
        self.best: tuple[str, float] | None = None
        # Its own total never changes: a notebook's bar would not follow.
        self.bar = tqdm(
            total=1.0, bar_format="{percentage:3.0f}%|{bar}| {desc} [{elapsed}<{remaining}]", file=sys.stderr
        )

    def resume(self, study: Study, records: Iterable[Record]) -> None:
        """What was finished before; the time left is reckoned from there."""
        for record in records:
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
        self.bar.set_description_str(text)

    def expect(self, study: Study, n_trials: int) -> None:
        """How many trials a study has after all, repeats of its best setting included."""
        self.expected[study.name] = n_trials
        self.running(study, 0.0)

    def close(self) -> None:
        """Ends the bar."""
        self.bar.close()


def _cost(study):
    """What a trial of the study is expected to cost."""
    if "train_steps" in study.space:
        ends = study.space["train_steps"]
        n_steps = np.sqrt(ends.low * ends.high) if ends.log else (ends.low + ends.high) / 2
    else:
        n_steps = np.mean([trial.hparams["train_steps"] for trial in study.initial_trials()])
    return n_steps * (OVERHEAD + study.bucket.network.n_params * study.bucket.batch_size)
