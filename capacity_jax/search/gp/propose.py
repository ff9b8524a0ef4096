"""The settings to try next, given the trials so far."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import scipy
from optuna.distributions import BaseDistribution
from optuna.trial import FrozenTrial, TrialState

from capacity_jax.search.gp.ascent import Moves
from capacity_jax.search.gp.candidates import N_SAMPLES, Search, add, begin, draw, learn_labels, optima
from capacity_jax.search.gp.encoding import Array, Encoding
from capacity_jax.search.gp.process import Data, fit
from capacity_jax.search.gp.standardized import infeasible, informative, standardized_objectives

# Until so many trials have finished, settings are spread over the space.
N_STARTUP_TRIALS = 10

# Observations and pending points are padded to one of these, so that a growing history rarely compiles anew.
SIZES = (64, 128, 256, 384, 512, 768, 1024, 1152, 1280, 1536, 2048, 2560, 3072, 4096, 5120, 6144, 8192)

# The kernel is fitted to at most so many trials: half of them the best, half others.
MOST_FITTED = 256

# Candidates all over the space, and trials around which there are more.
N_POINTS = 1024
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

    Gaussian processes are fitted once: to the objectives of feasible trials, seen from near and from afar (see
    `standardized_objectives`), and to which trials are feasible. Each setting is where expected improvement times the
    probability to be feasible is largest, given samples of what the pending ones and those before it may return. Until
    n_startup_trials have finished, or while all are infeasible, settings follow a scrambled Sobol sequence.

    Args:
      trials: finished ones are learned from, running ones are pending; those outside the space are passed over. A trial
        is infeasible if its user attribute `infeasible` is true or it is complete with a value that is not finite.
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
    return list(settings_one_by_one(trials, space, n, maximize=maximize, seed=seed, n_startup_trials=n_startup_trials))


def settings_one_by_one(
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
    inside = [trial for trial in trials if encoding.holds(trial.params)]
    finished = [trial for trial in inside if informative(trial)]
    pending = [trial for trial in inside if trial.state == TrialState.RUNNING]
    if len(finished) < n_startup_trials or all(map(infeasible, finished)):
        yield from map(encoding.decode, _spread_out(encoding, len(inside), n, seed))
        return

    rng = np.random.default_rng((seed, len(finished), len(pending)))
    known = encoding.encode([trial.params for trial in finished])
    waiting = encoding.encode([trial.params for trial in pending])
    n_new = len(waiting) + n
    z = scipy.special.ndtri(scipy.stats.qmc.Sobol(n_new, rng=rng).random(N_SAMPLES)).T
    searches = _searches(encoding, finished, known, n_new, maximize, rng)
    n_feasible = len(finished) - sum(map(infeasible, finished))
    seen = {point.tobytes() for point in known}
    for row in range(n_new):
        if row < len(waiting):
            point = waiting[row]
        else:
            # In turn from near and from afar; in a small space all that either finds may be known.
            with exact():
                found = encoding.snap(optima(searches[(len(known) + row) % len(searches)]))
            choices = [*found, *encoding.spread(rng.random((N_ELSEWHERE, len(encoding.searched))))]
            point = next((point for point in choices if point.tobytes() not in seen), choices[0])
            yield encoding.decode(point)
        with exact():
            searches = [add(search, n_feasible + row, point, z[row]) for search in searches]
        seen.add(point.tobytes())


def _searches(
    encoding: Encoding, trials: list[FrozenTrial], x: Array, n_new: int, maximize: bool, rng: np.random.Generator
) -> list[Search]:
    """A search for each view of the objectives of finished trials at x, with room for n_new points."""
    feasible = np.array([not infeasible(trial) for trial in trials])
    labels = np.where(feasible, 1.0, -1.0)
    centred = labels - labels.mean()
    with exact():
        kernel = fit(_data(encoding, *_telling(x, centred, rng)))
        known_labels = learn_labels(kernel, _data(encoding, x, centred), labels.mean())
    searches = []
    x = x[feasible]
    for y in standardized_objectives([trial for trial in trials if not infeasible(trial)], maximize):
        best = x[np.argsort(-y, kind="stable")[np.arange(N_PARENTS) % len(y)]]
        points = draw(encoding, scipy.stats.qmc.Sobol(len(encoding.searched), rng=rng).random(N_POINTS), best, rng)
        with exact():
            kernel = fit(_data(encoding, *_telling(x, y, rng)))
            length = np.minimum(1.0, 1 / np.sqrt(kernel.weights))[encoding.dimension]
            moves = Moves(encoding.continuous, np.asarray(length), *encoding.moves)
            searches.append(begin(kernel, _data(encoding, x, y, n_new), known_labels, points, moves))
    return searches


@contextmanager
def exact():
    """64-bit floats on one CPU device, in this thread alone."""
    with jax.enable_x64(True), jax.default_device(jax.local_devices(backend="cpu")[0]):
        yield


def _spread_out(encoding, n_before, n, seed):
    """Rows n_before and following of a scrambled Sobol sequence."""
    sequence = scipy.stats.qmc.Sobol(len(encoding.searched), rng=np.random.default_rng(seed))
    uniform = sequence.random_base2((n_before + n - 1).bit_length())
    return encoding.spread(uniform[n_before : n_before + n])


def _telling(x: Array, y: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """The trials that the kernel is fitted to."""
    if len(x) <= MOST_FITTED:
        return x, y
    order, half = np.argsort(-y, kind="stable"), MOST_FITTED // 2
    kept = np.concatenate([order[:half], rng.choice(order[half:], half, replace=False)])
    return x[kept], y[kept]


def _data(encoding: Encoding, x: Array, y: Array, n_new: int = 0) -> Data:
    """The observations, padded so that n_new more find room."""
    n = len(x) + n_new
    size = next((size for size in SIZES if size >= n), None)
    if size is None:
        raise ValueError(f"{n} trials are too many for the Gaussian process; at most {SIZES[-1]}")
    pad = size - len(x)
    padded = np.pad(x, ((0, pad), (0, 0))), np.pad(y, (0, pad)), np.pad(np.ones(len(x)), (0, pad))
    return Data(*map(jnp.asarray, (*padded, encoding.dimension)))
