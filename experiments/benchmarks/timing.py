"""Contenders timed in turn, so that what slows the machine for a while slows all of them."""

from collections.abc import Sequence
from time import perf_counter

import numpy as np

from experiments.benchmarks.machine import matmul_peak
from experiments.benchmarks.work import Contender


def interleaved(contenders: Sequence[Contender], repeats: int, seconds: float) -> tuple[np.ndarray, float]:
    """Times each contender in every repeat.

    Args:
      contenders: ready to run.
      repeats: rounds.
      seconds: about how long each runs in a round, at least one step.

    Returns:
      Run-steps per second `[repeats, contenders]`: steps of all members together; and the machine's peak at matrix
      products, in operations per second, the best that was measured between the rounds.

    Raises:
      RuntimeError: a contender diverged, so that its steps are not the work asked for.
    """
    steps = [_steps_for(contender, seconds) for contender in contenders]
    speeds, peaks = np.empty((repeats, len(contenders))), []
    for speeds_now in speeds:
        peaks.append(matmul_peak())
        for i, (contender, n) in enumerate(zip(contenders, steps, strict=True)):
            speeds_now[i] = contender.members * n / _seconds(contender, n)
    return speeds, max(peaks)


def _steps_for(contender, seconds):
    _seconds(contender, 1)
    n = 1
    while (taken := _seconds(contender, n)) < seconds / 4:
        n *= 4
    return max(1, round(n * seconds / taken))


def _seconds(contender, n):
    began = perf_counter()
    loss = contender.run(n)
    taken = perf_counter() - began
    if not np.isfinite(loss):
        raise RuntimeError(f"{contender.name} diverged: its loss is {loss}")
    return taken
