"""The progress bar of a run, in a terminal or a notebook: trials done, best objective so far, time left."""

import sys
from collections.abc import Iterable, Sequence

from tqdm.auto import tqdm

from capacity_jax.search.study import Study
from capacity_jax.training.member import Bucket
from capacity_jax.training.population import Outcome, Trial

# What a step costs beside its products, in parameters times batch size (measured: 16 and 32 units, 2 to 4 cores).
OVERHEAD = 150_000


class Progress:
    """Counts trials, and work in units of a training step's cost, so that large networks weigh more."""

    def __init__(self, studies: Sequence[Study]):
        trials = [(study.bucket, study.trials()) for study in studies]
        self.n_trials = sum(len(some) for _, some in trials)
        self.n_done = 0
        self.best = None
        self.bar = tqdm(
            total=sum(_work(bucket, some) for bucket, some in trials),
            bar_format="{percentage:3.0f}%|{bar}| {desc} [{elapsed}<{remaining}]",
            file=sys.stderr,
        )
        self._show()

    def add(self, bucket: Bucket, trials: Iterable[Trial]) -> None:
        """Trials that were not foreseen."""
        trials = list(trials)
        self.n_trials += len(trials)
        self.bar.total += _work(bucket, trials)

    def steps(self, bucket: Bucket, n_steps: int) -> None:
        """Steps that were made."""
        self.bar.update(n_steps * _cost(bucket))

    def outcome(self, bucket: Bucket, outcome: Outcome) -> None:
        """A trial that has finished; the steps a diverged one leaves undone count as done."""
        self.n_done += 1
        self.steps(bucket, outcome.trial.hparams["train_steps"] - outcome.steps)
        if not outcome.infeasible:
            value = outcome.scores[bucket.task.columns[-1]]
            better = max if bucket.task.maximize else min
            self.best = value if self.best is None else better(self.best, value)
        self._show(bucket.task.columns[-1])

    def close(self) -> None:
        """Ends the bar."""
        self.bar.close()

    def _show(self, objective=""):
        text = f"{self.n_done}/{self.n_trials} trials"
        if self.best is not None:
            text += f", best {objective.replace('_', ' ')} {self.best:.2f}"
        self.bar.set_description_str(text)


def _cost(bucket):
    # Whole numbers: a bar that ends a rounding error short of its total is shown as failed.
    return OVERHEAD + bucket.network.n_params * bucket.batch_size


def _work(bucket, trials):
    return sum(trial.hparams["train_steps"] for trial in trials) * _cost(bucket)
