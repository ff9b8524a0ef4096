"""The population: many members trained at once, each for its own number of steps, slots refilled as they finish."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from numbers import Integral
from time import perf_counter, sleep
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.sharding import NamedSharding, PartitionSpec
from jax.stages import Compiled
from jaxtyping import Array, Bool, Float, Int, UInt32

from capacity_jax.checks import check_size
from capacity_jax.training.settings import complete, defaults, encode
from capacity_jax.training.member import Bucket, Member, advance, evaluate, finished, start
from capacity_jax.training.memory import slots_that_fit
from capacity_jax.training.devices import AXIS, any_member, members_mesh, members_per_device, over_members

# A loss at the end this many times that of guessing counts as divergence.
FAR_ABOVE_CHANCE = 2.0
# Chunks are sized to last about this long, growing at most fourfold from the first. No result depends on them.
CHUNK_SECONDS = 0.5
FIRST_CHUNK = 100
LONGEST_CHUNK = 2**20
# Seconds until trials are asked for again when there is none at the moment.
IDLE_SECONDS = 0.05

_END = object()


class Snapshot(NamedTuple):
    """What training has changed of a member: with its trial, enough to continue it anywhere.

    Attributes:
      step: training steps made.
      seconds: wall time spent on them.
      leaves: parameters, moments, step and loss, as `jax.tree.leaves` orders them.
    """

    step: int
    seconds: float
    leaves: list[np.ndarray]


@dataclass(frozen=True)
class Trial:
    """One training run to be made: hyperparameters by the authors' names, and a seed.

    Attributes:
      hparams: hyperparameters; those left out take their defaults.
      seed: from it follow data, weights and batches.
      number: which trial of its study it is.
      snapshot: where to continue it, as `Chunk.running` gave it; None begins it anew.

    Raises:
      ValueError: the seed is not a whole number from 0 to 2^32 − 1.

    Example:
      >>> from capacity_jax import Trial
      >>> Trial({"lr_init": 0.01, "train_steps": 1000}, seed=7).seed
      7
    """

    hparams: Mapping[str, Any]
    seed: int
    number: int = 0
    snapshot: Snapshot | None = field(default=None, compare=False, repr=False)

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
      seconds: wall time spent on the trial, to the end of the chunk in which it finished.
      validation: as scores, over the validation set, by which settings are chosen; the same where the task has one set.
      train_loss: loss of the last training batch.

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
    validation: Mapping[str, float] = field(default_factory=dict)
    train_loss: float = float("nan")

    def __post_init__(self):
        if not self.validation:
            object.__setattr__(self, "validation", self.scores)


class Chunk(NamedTuple):
    """What happened between two looks of the host.

    Attributes:
      steps: the training steps that each trial made.
      running: gives the trials that go on, each with the snapshot that continues it from here.
    """

    steps: list[tuple[Trial, int]]
    running: Callable[[], list[tuple[Trial, Snapshot]]]


class Assignment(NamedTuple):
    """What each slot works on; a fresh slot draws its member anew before the first step."""

    fresh: Bool[np.ndarray, " slots"]
    seed: UInt32[np.ndarray, " slots"]
    hparams: dict[str, np.ndarray]


class Report(NamedTuple):
    """What the host learns of each slot after a chunk; scores, by set, are those of members that finished in it."""

    finished: Bool[Array, " slots"]
    step: Int[Array, " slots"]
    loss: Float[Array, " slots"]
    scores: dict[str, dict[str, Float[Array, " slots"]]]


def train_population(
    bucket: Bucket,
    trials: Iterable[Trial | None],
    *,
    n_slots: int | None = None,
    on_chunk: Callable[[Chunk], None] = lambda chunk: None,
) -> Iterator[Outcome]:
    """Trains the trials of a bucket and yields each outcome as soon as it is known.

    An outcome depends on the trial's hyperparameters and seed alone: not on its slot, its neighbours, the chunks or
    the number of devices. A member that diverges leaves its slot and touches no other.

    Args:
      bucket: what all trials share; it compiles once.
      trials: taken one by one as slots become free; None means that there is none at the moment.
      n_slots: members trained at once, rounded up to a multiple of the devices; by default `fitting_slots`.
      on_chunk: called after each chunk, when its outcomes have been yielded, and while there is nothing to train. An
        exception that it raises ends the population.

    Raises:
      ValueError: n_slots is not a whole number of at least 1, a trial's hyperparameters do not fit the bucket, or its
        snapshot is that of another bucket.
      MemoryError: the devices have not the memory for one member each; raised only where n_slots is not given.

    Example:
      >>> from capacity_jax import Bucket, Network, Trial, build_task, rnn, train_population
      >>> task = build_task("mem_thru", n_in=2, n_steps=2, n_evaluation=64)
      >>> bucket = Bucket(Network(rnn, 2, 3, 2), task, batch_size=16)
      >>> trials = [Trial({"lr_init": rate, "train_steps": 50}, seed=0) for rate in (0.001, 0.01, 0.1)]
      >>> sorted(outcome.steps for outcome in train_population(bucket, trials))
      [50, 50, 50]
    """
    n_slots = fitting_slots(bucket) if n_slots is None else _rounded(n_slots)
    program = compiled_chunk(bucket, n_slots)
    members = idle_members(bucket, n_slots)
    shared = jax.device_put(bucket.task.shared(), NamedSharding(members_mesh(), PartitionSpec()))
    slots = idle_assignment(bucket, n_slots)
    trials = iter(trials)
    known = defaults(bucket)
    working: dict[int, tuple[Trial, float]] = {}
    steps = np.zeros(n_slots, np.int64)
    n_steps = FIRST_CHUNK
    trial: object = None

    while True:
        slots.fresh[:] = False
        for slot in sorted(set(range(n_slots)) - working.keys()):
            trial = next(trials, _END)
            if not isinstance(trial, Trial):
                break
            trial = replace(trial, hparams=complete(bucket, trial.hparams))
            working[slot] = trial, perf_counter() - (trial.snapshot.seconds if trial.snapshot else 0.0)
            slots.fresh[slot], slots.seed[slot], steps[slot] = True, trial.seed, 0
            for name, value in encode(trial.hparams, known).items():
                slots.hparams[name][slot] = value
        if not working:
            if trial is _END:
                return
            on_chunk(Chunk([], list))
            sleep(IDLE_SECONDS)
            continue
        snapshots = {slot: working[slot][0].snapshot for slot in map(int, np.flatnonzero(slots.fresh))}
        if any(snapshots.values()):
            # The program itself draws what a snapshot leaves out: another one might round it differently.
            members, _ = program((np.int32(0), shared), members, slots)
            members = _continued(members, snapshots)
            steps = np.array(members.step, np.int64)
            slots.fresh[:] = False
        began = perf_counter()
        members, report = program((np.int32(n_steps), shared), members, slots)
        report = jax.device_get(report)
        ended = perf_counter()
        made = [(working[slot][0], int(report.step[slot] - steps[slot])) for slot in working]
        steps = report.step.astype(np.int64)
        n_steps = int(np.clip(n_steps * min(4.0, CHUNK_SECONDS / (ended - began)), 1, LONGEST_CHUNK))
        for slot in [slot for slot in working if report.finished[slot]]:
            trial, since = working.pop(slot)
            yield _outcome(
                bucket, trial, jax.tree.map(lambda leaf, slot=slot: leaf[slot].item(), report), ended - since
            )
        on_chunk(Chunk(made, partial(_running, members, working)))


def prepare_population(bucket: Bucket, n_trials: int | None = None) -> None:
    """Compiles what `train_population` will run for so many trials, for example while another bucket trains.

    Example:
      >>> from capacity_jax import Bucket, Network, build_task, prepare_population, rnn
      >>> task = build_task("mem_thru", n_in=2, n_steps=2, n_evaluation=64)
      >>> bucket = Bucket(Network(rnn, 2, 3, 2), task, batch_size=16)
      >>> prepare_population(bucket)
    """
    compiled_chunk(bucket, _wanted(n_trials))


def fitting_slots(bucket: Bucket, n_trials: int | None = None) -> int:
    """How many members to train at once: one for each CPU device, 256 for each GPU or TPU, but no more than trials.

    Where the devices have not the memory for so many, the largest number that fits.

    Raises:
      MemoryError: not even one member fits each device.
    """
    return slots_that_fit(partial(compiled_chunk, bucket), _wanted(n_trials))


@lru_cache
def compiled_chunk(bucket: Bucket, n_slots: int) -> Compiled:
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


def _wanted(n_trials):
    most = members_per_device() * len(jax.devices())
    return _rounded(most if n_trials is None else max(1, min(most, n_trials)))


def _rounded(n_slots):
    check_size("n_slots", n_slots)
    n_devices = len(jax.devices())
    return -(-n_slots // n_devices) * n_devices


def _changing(members: Member) -> list:
    return jax.tree.leaves((members.params, members.moments, members.step, members.loss))


def _running(members, working):
    leaves = jax.device_get(_changing(members))
    steps = jax.device_get(members.step)
    return [
        (trial, Snapshot(int(steps[slot]), perf_counter() - since, [np.array(leaf[slot]) for leaf in leaves]))
        for slot, (trial, since) in working.items()
    ]


def _continued(members, snapshots):
    changing = members.params, members.moments, members.step, members.loss
    leaves, structure = jax.tree.flatten(changing)
    stacked = [np.array(leaf) for leaf in leaves]
    for slot, snapshot in snapshots.items():
        if snapshot is None:
            continue
        if [leaf.shape for leaf in snapshot.leaves] != [leaf.shape[1:] for leaf in stacked]:
            raise ValueError("the snapshot of a trial is that of a network of another shape")
        for of_all, leaf in zip(stacked, snapshot.leaves, strict=True):
            of_all[slot] = leaf
    restored = [jax.device_put(new, old.sharding) for new, old in zip(stacked, leaves, strict=True)]
    params, moments, step, loss = jax.tree.unflatten(structure, restored)
    return members._replace(params=params, moments=moments, step=step, loss=loss)


def _outcome(bucket, trial, report, seconds):
    loss = report.scores["evaluation"]["loss"]
    infeasible = not (np.isfinite(report.loss) and loss <= FAR_ABOVE_CHANCE * bucket.task.chance)

    def with_measures(scores):
        return scores | ({} if infeasible else dict(bucket.task.measures(scores, trial.hparams, bucket.network)))

    scores = {name: with_measures(of_set) for name, of_set in report.scores.items()}
    return Outcome(
        trial=replace(trial, snapshot=None),
        scores=scores["evaluation"],
        steps=report.step,
        infeasible=infeasible,
        seconds=seconds,
        validation=scores.get("validation", {}),
        train_loss=report.loss,
    )
