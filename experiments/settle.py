"""Trains more of what a claim needs, until it is decided or the time is over."""

import math
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any

from ml_collections import ConfigDict

from capacity_jax.results.workdir import WorkdirError, open_trials, read_config
from capacity_jax.studies import Stopped
from experiments import run
from experiments.paper.folders import claims_of, with_figure
from experiments.paper.looks import look
from experiments.paper.verdict import UNDECIDED, Claim, Judgement, judge

# A claim's trials grow by so much between two looks: less tells nothing new, more may be more than it needs.
LEAST_GROWTH, MOST_GROWTH = 1.25, 2.0


def settle(directory: Path, number: int, minutes: float, show: Callable[[str], None]) -> Judgement:
    """Grows the studies of a work directory until a claim is decided; nothing that was trained is trained again.

    Args:
      directory: work directory of `experiments.run`.
      number: of the claim.
      minutes: after which no new look is taken; what is running then is saved, and the same call goes on from there.
      show: is told what is done.

    Returns:
      The claim as the last look judged it.

    Raises:
      ValueError: there is no such claim, or the directory holds no run that can be continued.
    """
    deadline = monotonic() + 60 * minutes
    config = _config(directory)
    claim = _claim(number, config.figure)
    while True:
        trials = open_trials(directory)
        judgement = judge(claim, trials, look(directory, number, len(trials)))
        if judgement.verdict != UNDECIDED:
            return judgement
        before = config[claim.grows]
        config[claim.grows] = math.ceil(before * _growth(judgement))
        show(f"claim {number} is undecided with {claim.grows}={before}; going on to {config[claim.grows]}")
        try:
            run.main(config, str(directory), stop=lambda: monotonic() > deadline)
        except Stopped:
            show("the minutes are over; what was running is saved, and the same command goes on from here")
            return judgement


def _claim(number: int, figure: str) -> Claim:
    claims = {claim.number: claim for folder in with_figure(figure) for claim in claims_of(folder)}
    if number not in claims:
        known = ", ".join(map(str, sorted(claims)))
        raise ValueError(f"settle is {number}, and there is no such claim; allowed: {known}")
    return claims[number]


def _config(directory: Path) -> Any:
    """The configuration in a work directory as it was before it was written: JSON has lists for tuples."""
    recorded = read_config(directory)
    recorded.pop("task_name", None)
    if not recorded:
        raise WorkdirError(f"workdir is {directory}, which holds no config.json; experiments.run writes it")
    return ConfigDict(_with_tuples(recorded))


def _with_tuples(value):
    if isinstance(value, dict):
        return {name: _with_tuples(one) for name, one in value.items()}
    return tuple(map(_with_tuples, value)) if isinstance(value, list) else value


def _growth(judgement):
    needed = [one.growth for one in judgement.findings if one.growth != 1]
    most = max(needed, default=MOST_GROWTH)
    return MOST_GROWTH if math.isnan(most) else min(max(most, LEAST_GROWTH), MOST_GROWTH)
