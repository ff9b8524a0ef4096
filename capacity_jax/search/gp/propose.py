"""The settings to try next, given the trials so far."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray
from optuna.distributions import BaseDistribution
from optuna.trial import FrozenTrial, TrialState
from scipy.stats import norm, qmc

from capacity_jax.search.gp.ascent import Moves
from capacity_jax.search.gp.candidates import Labels, Search, add, begin, draw, learn_labels, optima
from capacity_jax.search.gp.encoding import Array, Encoding
from capacity_jax.search.gp.merits import infeasible, informative, merits
from capacity_jax.search.gp.process import Data, fit

# Until so many trials have finished, settings are spread over the space.
N_STARTUP_TRIALS = 10

# Observations and pending points are padded to one of these, so that a growing history rarely compiles anew.
SIZES = (64, 128, 256, 384, 512, 768, 1024, 1152, 1280, 1536, 2048, 2560, 3072, 4096, 5120, 6144, 8192)

# The kernel is fitted to at most so many trials: half of them the best, half others.
MOST_FITTED = 384

# Samples of what pending trials will return, points all over the space, and trials whose neighbourhood is searched.
N_SAMPLES = 32
N_POINTS = 2048
N_PARENTS = 16

# Points drawn where the search finds only what is known or pending.
N_ELSEWHERE = 64


def propose(
    trials: Sequence[FrozenTrial],
    space: Mapping[str, BaseDistribution],
    n: int,
    *,
    maximize: bool,
    seed: int,
    n_startup_trials: int = N_STARTUP_TRIALS,
) -> list[dict[str, Any]]:
    """The next n settings to try: the same for the same arguments.

    A Gaussian process is fitted once; each setting is where the expected improvement is largest, given samples of what
    the pending ones and those before it may return. Until n_startup_trials have finished, or while all are infeasible,
    settings follow a scrambled Sobol sequence.

    Args:
      trials: finished ones are learned from, running ones are pending; those outside the space are passed over. A
        trial is infeasible if its user attribute `infeasible` is true or it is complete with a value that is not
        finite.
      space: the dimensions, of any kind Optuna has; those of a single value are fixed.
      n: how many settings.
      maximize: whether large values are good.
      seed: of the samples and the starts of searches.
      n_startup_trials: how many trials must have finished before the process is used.

    Returns:
      One setting of all dimensions each.

    Example:
      >>> from optuna.distributions import FloatDistribution
      >>> space = {"lr_init": FloatDistribution(1e-4, 1e-1, log=True)}
      >>> [setting] = propose([], space, 1, maximize=False, seed=0)
      >>> 1e-4 <= setting["lr_init"] <= 1e-1
      True
    """
    settings = proposals(trials, space, n, maximize=maximize, seed=seed, n_startup_trials=n_startup_trials)
    return list(islice(settings, n))


def proposals(
    trials: Sequence[FrozenTrial],
    space: Mapping[str, BaseDistribution],
    n: int,
    *,
    maximize: bool,
    seed: int,
    n_startup_trials: int = N_STARTUP_TRIALS,
) -> Iterator[dict[str, Any]]:
    """The settings of `propose` one by one, each computed when it is asked for."""
    encoding = Encoding(space)
    if not encoding.searched:
        yield from (encoding.decode(np.zeros(0)) for _ in range(n))
        return
    known = [trial for trial in trials if encoding.holds(trial.params)]
    finished = [trial for trial in known if informative(trial)]
    pending = [trial for trial in known if trial.state == TrialState.RUNNING]
    if len(finished) < n_startup_trials or all(map(infeasible, finished)):
        yield from map(encoding.decode, _spread_out(encoding, len(known), n, seed))
        return

    rng = np.random.default_rng((seed, len(finished), len(pending)))
    feasible = np.array([not infeasible(trial) for trial in finished])
    everything = encoding.encode([trial.params for trial in finished])
    x = everything[feasible]
    waiting = encoding.encode([trial.params for trial in pending])
    z = norm.ppf(qmc.Sobol(len(waiting) + n, rng=rng).random(N_SAMPLES)).T
    labels = _labels(encoding, everything, feasible, rng)
    scales = merits([trial for trial in finished if not infeasible(trial)], maximize)
    searches = [_begin(encoding, x, y, labels, len(waiting) + n, rng) for y in scales]

    def wait_for(row, point):
        with exact():
            searches[:] = [(add(search, len(x) + row, point, z[row]), moves) for search, moves in searches]
        seen.add(point.tobytes())

    seen = {point.tobytes() for point in everything}
    for row, point in enumerate(waiting):
        wait_for(row, point)
    for row in range(len(waiting), len(waiting) + n):
        with exact():
            # In turn from near and from afar.
            found = encoding.snap(np.asarray(optima(*searches[(len(everything) + row) % len(searches)])))
        # In a small space all of these may be known.
        choices = [*found, *encoding.spread(rng.random((N_ELSEWHERE, len(encoding.searched))))]
        point = next((point for point in choices if point.tobytes() not in seen), choices[0])
        wait_for(row, point)
        yield encoding.decode(point)


def _labels(encoding: Encoding, x: Array, feasible: NDArray[np.bool_], rng: np.random.Generator) -> Labels:
    y = np.where(feasible, 1.0, -1.0)
    centred = y - y.mean()
    with exact():
        kernel = fit(_data(*_telling(x, centred, rng), encoding))
        return learn_labels(kernel, _data(x, centred, encoding), y.mean())


def _begin(
    encoding: Encoding, x: Array, y: Array, labels: Labels, n: int, rng: np.random.Generator
) -> tuple[Search, Moves]:
    """The search with room for n more points, its process fitted to merits y at x, and how to move in it."""
    best = x[np.argsort(-y, kind="stable")[np.arange(N_PARENTS) % len(y)]]
    points = draw(encoding, qmc.Sobol(len(encoding.searched), rng=rng).random(N_POINTS), best, rng)
    with exact():
        kernel = fit(_data(*_telling(x, y, rng), encoding))
        search = begin(kernel, _data(x, y, encoding, len(x) + n), labels, points, np.zeros(N_SAMPLES))
        length = np.minimum(1.0, 1 / np.sqrt(kernel.weights))[encoding.dimension]
        moves = Moves(*map(jnp.asarray, (encoding.continuous, length, *encoding.moves)))
    return search, moves


@contextmanager
def exact():
    """64-bit floats on one CPU device, in this thread alone."""
    with jax.enable_x64(True), jax.default_device(jax.local_devices(backend="cpu")[0]):
        yield


def _spread_out(encoding, n_before, n, seed):
    """Rows n_before and following of a scrambled Sobol sequence."""
    sequence = qmc.Sobol(len(encoding.searched), rng=np.random.default_rng(seed))
    uniform = sequence.random_base2((n_before + n - 1).bit_length())
    return encoding.spread(uniform[n_before : n_before + n])


def _telling(x: Array, y: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """The trials that the kernel is fitted to."""
    if len(x) <= MOST_FITTED:
        return x, y
    order, half = np.argsort(-y, kind="stable"), MOST_FITTED // 2
    kept = np.concatenate([order[:half], rng.choice(order[half:], half, replace=False)])
    return x[kept], y[kept]


def _data(x, y, encoding, n_rows=0):
    size = next((size for size in SIZES if size >= max(len(x), n_rows)), None)
    if size is None:
        raise ValueError(f"{max(len(x), n_rows)} trials are too many for the Gaussian process; at most {SIZES[-1]}")
    pad = size - len(x)
    padded = np.pad(x, ((0, pad), (0, 0))), np.pad(y, (0, pad)), np.pad(np.ones(len(x)), (0, pad))
    return Data(*map(jnp.asarray, (*padded, encoding.dimension)))
