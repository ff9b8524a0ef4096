"""Which setting of a study is the best: the one place that decides it, for whatever is searched or reported."""

from collections.abc import Iterable
from typing import Any

import numpy as np


def best_setting(records: Iterable[Any], maximize: bool) -> list[Any]:
    """The feasible trials of the setting whose objective is best in the mean over its seeds, in the seeds' order.

    A setting is a study's trials with equal hyperparameters. One that diverged with some seed comes after all that
    never did, however well its other seeds ended.

    Args:
      records: the trials of one study: a `Record` each, or a row of a table of trials.
      maximize: whether a larger objective is better.

    Returns:
      Trials of one setting; none where every trial diverged.

    Example:
      >>> import pandas as pd
      >>> from capacity_jax.studies import best_setting
      >>> trials = pd.DataFrame({"hparams": [{"lr_init": 0.1}, {"lr_init": 0.01}], "objective": [0.5, 0.2]})
      >>> best_setting(trials.assign(seed=[1, 2], infeasible=False).itertuples(), maximize=False)[0].hparams
      {'lr_init': 0.01}
    """
    settings: dict[tuple, list] = {}
    # In the order of their seeds, not of their ends: ties and rounding then do not depend on speed.
    for record in sorted(records, key=lambda record: record.seed):
        settings.setdefault(tuple(sorted(record.hparams.items())), []).append(record)

    def rank(setting):
        objectives = [record.objective for record in setting if not record.infeasible]
        return len(objectives) == len(setting), (1 if maximize else -1) * np.mean(objectives)

    some_feasible = [setting for setting in settings.values() if not all(record.infeasible for record in setting)]
    best = max(some_feasible, key=rank, default=[])
    return [record for record in best if not record.infeasible]
