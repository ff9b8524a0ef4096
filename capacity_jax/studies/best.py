"""Which setting of a study is the best, and which trials that asks for: decided here for all who search or report."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from capacity_jax.studies.record import Record
from capacity_jax.training.trial import TrialKey


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
    ranked = ranked_settings(records, maximize)
    return ranked[0] if ranked else []


def ranked_settings(records: Iterable[Any], maximize: bool) -> list[list[Any]]:
    """The feasible trials of every setting that has some, the best setting first, as `best_setting` judges them."""
    settings: dict[tuple, list] = {}
    # In the order of their seeds, not of their ends: ties and rounding then do not depend on speed.
    for record in sorted(records, key=lambda record: record.seed):
        settings.setdefault(tuple(sorted(record.hparams.items())), []).append(record)

    def rank(setting):
        objectives = [record.objective for record in setting if not record.infeasible]
        return len(objectives) == len(setting), (1 if maximize else -1) * np.mean(objectives)

    some_feasible = [setting for setting in settings.values() if not all(record.infeasible for record in setting)]
    ranked = sorted(some_feasible, key=rank, reverse=True)
    return [[record for record in setting if not record.infeasible] for setting in ranked]


def keys_of_study(
    records: Mapping[TrialKey, Record], n_initial: int, trials: int, seeds: int, *, maximize: bool
) -> Iterator[TrialKey]:
    """All trials of a study in their order: initial settings, proposals, and what is measured again.

    After the planned ones the best setting is measured until it has its seeds; where another one is then better, that
    one is, and so on. Records of other trials, which a study has kept from a time when it was smaller, do not count.

    Args:
      records: what is known.
      n_initial: initial settings, each measured `seeds` times.
      trials: settings proposed after them, each measured once.
      seeds: measurements of the best setting.
      maximize: whether a larger objective is better.

    Raises:
      KeyError: what comes next depends on a record that is missing.
    """
    known = planned_keys(n_initial, trials, seeds)
    yield from known
    while best := best_setting([records[key] for key in known], maximize):
        same = [key for key in known if records[key].hparams == best[0].hparams]
        n_missing = seeds - len(same)
        if n_missing <= 0:
            return
        first = same[0].number
        made = sum(key.number == first for key in same)
        again = [TrialKey(first, made + i) for i in range(n_missing)]
        yield from again
        known += again


def planned_keys(n_initial: int, trials: int, seeds: int) -> list[TrialKey]:
    """The trials of a study that are known beforehand, as `keys_of_study` begins."""
    initial = [TrialKey(number, repeat) for number in range(n_initial) for repeat in range(seeds)]
    return initial + [TrialKey(n_initial + number) for number in range(trials)]
