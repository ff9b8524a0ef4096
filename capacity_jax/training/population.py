"""The population: many members trained at once, each for its own number of steps, slots refilled as they finish."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from numbers import Integral
from time import perf_counter
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.sharding import NamedSharding, PartitionSpec
from jaxtyping import Array, Bool, Float, Int, UInt32

from capacity_jax.checks import check_size
from capacity_jax.training.hparams import complete, defaults, encode
from capacity_jax.training.member import Bucket, Member, advance, evaluate, finished, start
from capacity_jax.training.strategy import AXIS, any_member, members_mesh, members_per_device, over_members

# A loss at the end this many times that of guessing counts as divergence.
FAR_ABOVE_CHANCE = 2.0
# Chunks are sized to last about this long, growing at most fourfold from the first. No result depends on them.
CHUNK_SECONDS = 0.5
FIRST_CHUNK = 100
LONGEST_CHUNK = 2**20


@dataclass(frozen=True)
class Trial:
    """One training run to be made: hyperparameters by the authors' names, and a seed.

    Raises:
      ValueError: the seed is not a whole number from 0 to 2^32 − 1.

    Example:
      >>> from capacity_jax import Trial
      >>> Trial({"lr_init": 0.01, "train_steps": 1000}, seed=7).seed
      7
    """

    hparams: Mapping[str, Any]
    seed: int

    def __post_init__(self):
        if not isinstance(self.seed, Integral) or not 0 <= self.seed < 2**32:
            raise ValueError(f"seed is {self.seed!r}; it must be a whole number from 0 to 2^32 - 1")


@dataclass(frozen=True)
class Outcome:
    """What became of a trial.

    Attributes:
      trial: the trial, its hyperparameters completed with the defaults.
      scores: means over the evaluation set and what the task derives from them; NaN where the member diverged.
      steps: training steps made.
      infeasible: whether the loss was not finite, or far above chance at the end.
      seconds: wall time from the trial's start to the end of the chunk in which it finished.

    Example:
      >>> from capacity_jax import Outcome, Trial
      >>> Outcome(Trial({}, seed=7), {"loss": 0.5}, steps=1000, infeasible=False, seconds=2.0).scores["loss"]
      0.5
    """

    trial: Trial
    scores: Mapping[str, float]
    steps: int
    infeasible: bool
    seconds: float


class Assignment(NamedTuple):
    """What each slot works on; a fresh slot draws its member anew before the first step."""

    fresh: Bool[np.ndarray, " slots"]
    seed: UInt32[np.ndarray, " slots"]
    hparams: dict[str, np.ndarray]


class Report(NamedTuple):
    """What the host learns of each slot after a chunk; scores are those of members that finished in it."""

    finished: Bool[Array, " slots"]
    step: Int[Array, " slots"]
    loss: Float[Array, " slots"]
    scores: dict[str, Float[Array, " slots"]]


def train_population(
    bucket: Bucket,
    trials: Iterable[Trial],
    *,
    n_slots: int | None = None,
    on_chunk: Callable[[int], None] = lambda n_steps: None,
) -> Iterator[Outcome]:
    """Trains the trials of a bucket and yields each outcome as soon as it is known.

    An outcome depends on the trial's hyperparameters and seed alone: not on its slot, its neighbours, the chunks or
    the number of devices. A member that diverges leaves its slot and touches no other.

    Args:
      bucket: what all trials share; it compiles once.
      trials: taken one by one as slots become free.
      n_slots: members trained at once, rounded up to a multiple of the devices; by default one for each CPU
        device, 256 for each GPU or TPU.
      on_chunk: called after each chunk with the number of steps that all members together made in it.

    Raises:
      ValueError: n_slots is not a whole number of at least 1, or a trial's hyperparameters do not fit the bucket.

    Example:
      >>> from capacity_jax import Bucket, Network, Trial, build_task, rnn, train_population
      >>> task = build_task("mem_thru", n_in=2, n_steps=2, n_evaluation=64)
      >>> bucket = Bucket(Network(rnn, 2, 3, 2), task, batch_size=16)
      >>> trials = [Trial({"lr_init": rate, "train_steps": 50}, seed=0) for rate in (0.001, 0.01, 0.1)]
      >>> sorted(outcome.steps for outcome in train_population(bucket, trials))
      [50, 50, 50]
    """
    n_slots = _slots(n_slots)
    chunk = compiled_chunk(bucket, n_slots)
    members = idle_members(bucket, n_slots)
    shared = jax.device_put(bucket.task.shared(), NamedSharding(members_mesh(), PartitionSpec()))
    slots = idle_assignment(bucket, n_slots)
    trials = iter(trials)
    known = defaults(bucket)
    working: list[tuple[Trial, float] | None] = [None] * n_slots
    steps = np.zeros(n_slots, np.int64)
    n_steps = FIRST_CHUNK

    while True:
        slots.fresh[:] = False
        for slot in range(n_slots):
            if working[slot] is None and (trial := next(trials, None)) is not None:
                trial = Trial(complete(bucket, trial.hparams), trial.seed)
                working[slot] = trial, perf_counter()
                slots.fresh[slot], slots.seed[slot], steps[slot] = True, trial.seed, 0
                for name, value in encode(trial.hparams, known).items():
                    slots.hparams[name][slot] = value
        if not any(working):
            return
        began = perf_counter()
        members, report = chunk((np.int32(n_steps), shared), members, slots)
        report = jax.device_get(report)
        ended = perf_counter()
        busy = np.array([work is not None for work in working])
        on_chunk(int(np.sum((report.step - steps)[busy])))
        steps = report.step.astype(np.int64)
        n_steps = int(np.clip(n_steps * min(4.0, CHUNK_SECONDS / (ended - began)), 1, LONGEST_CHUNK))
        for slot, work in enumerate(working):
            if work is None or not report.finished[slot]:
                continue
            trial, since = work
            working[slot] = None
            scores = {name: float(values[slot]) for name, values in report.scores.items()}
            yield _outcome(bucket, trial, scores, int(steps[slot]), float(report.loss[slot]), ended - since)


def prepare_population(bucket: Bucket, *, n_slots: int | None = None) -> None:
    """Compiles what `train_population` will run, for example in another thread while another bucket trains.

    Example:
      >>> from capacity_jax import Bucket, Network, build_task, prepare_population, rnn
      >>> task = build_task("mem_thru", n_in=2, n_steps=2, n_evaluation=64)
      >>> bucket = Bucket(Network(rnn, 2, 3, 2), task, batch_size=16)
      >>> prepare_population(bucket)
    """
    compiled_chunk(bucket, _slots(n_slots))


@lru_cache
def compiled_chunk(bucket: Bucket, n_slots: int) -> Callable:
    """The one program of a bucket: `((n_steps, shared), members, assignment) -> (members, report)`."""
    shared = jax.eval_shape(bucket.task.shared)
    members = jax.eval_shape(lambda: idle_members(bucket, n_slots))
    program = over_members(partial(_chunk, bucket), members_mesh())
    return program.lower((np.int32(0), shared), members, idle_assignment(bucket, n_slots)).compile()


def _chunk(bucket: Bucket, shared: tuple, member: Member, slot: Assignment) -> tuple[Member, Report]:
    n_steps, arrays = shared
    with jax.default_matmul_precision("highest"):
        member = lax.cond(
            any_member(jnp.asarray(slot.fresh)),
            lambda: jax.tree.map(partial(jnp.where, slot.fresh), start(bucket, slot.seed, slot.hparams), member),
            lambda: member,
        )
        was_idle = finished(member)
        member = advance(bucket, arrays, member, n_steps)
        now_finished = finished(member) & ~was_idle
        no_scores = jax.tree.map(jnp.zeros_like, jax.eval_shape(partial(evaluate, bucket), arrays, member))
        scores = lax.cond(any_member(now_finished), lambda: evaluate(bucket, arrays, member), lambda: no_scores)
        return member, Report(now_finished, member.step, member.loss, scores)


@partial(jax.jit, static_argnums=(0, 1))
def idle_members(bucket: Bucket, n_slots: int) -> Member:
    """Stacked members with nothing to do: all zeros, where `train_steps` = 0 means finished."""
    known = defaults(bucket)
    hparams = jax.tree.map(jnp.asarray, encode(known, known))
    member = jax.eval_shape(partial(start, bucket), jnp.uint32(0), hparams)
    zeros = jax.tree.map(lambda leaf: jnp.zeros((n_slots, *leaf.shape), leaf.dtype), member)
    return lax.with_sharding_constraint(zeros, NamedSharding(members_mesh(), PartitionSpec(AXIS)))


def idle_assignment(bucket: Bucket, n_slots: int) -> Assignment:
    """Slots without work, whose hyperparameters are the defaults."""
    known = defaults(bucket)
    hparams = {name: np.repeat(value, n_slots) for name, value in encode(known, known).items()}
    return Assignment(np.zeros(n_slots, bool), np.zeros(n_slots, np.uint32), hparams)


def _slots(n_slots):
    n_devices = len(jax.devices())
    n_slots = members_per_device() * n_devices if n_slots is None else n_slots
    check_size("n_slots", n_slots)
    return -(-n_slots // n_devices) * n_devices


def _outcome(bucket, trial, scores, steps, loss, seconds):
    infeasible = not (np.isfinite(loss) and scores["loss"] <= FAR_ABOVE_CHANCE * bucket.task.chance)
    measures = {} if infeasible else bucket.task.measures(scores, trial.hparams, bucket.network)
    return Outcome(trial, {**scores, **measures}, steps, infeasible, seconds)
