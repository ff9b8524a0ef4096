"""The one compiled program of a bucket, and how many members it takes at once."""

from collections.abc import Sequence
from functools import lru_cache, partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.stages import Compiled
from jaxtyping import Array, Bool, Float, Int, UInt32

from capacity_jax.checks import check_size
from capacity_jax.training.devices import Devices, default_devices
from capacity_jax.training.kernels import kernel_of
from capacity_jax.training.member import Bucket, Member, advance, draw_member, evaluate, finished, kept_bytes
from capacity_jax.training.memory import slots_that_fit
from capacity_jax.training.settings import encode, fill_defaults, hyperparameters_of


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


def prepare_population(bucket: Bucket, n_trials: int | None = None, devices: Devices | None = None) -> None:
    """Compiles what a `Population` will run for so many trials, for example while another bucket trains.

    Example:
      >>> from capacity_jax import Bucket, Network, mem_thru, rnn
      >>> from capacity_jax.training import prepare_population
      >>> prepare_population(Bucket(Network(rnn, 2, 3, 2), mem_thru(n_in=2, n_steps=2, n_evaluation=64), batch_size=16))
    """
    devices = devices or default_devices()
    compiled_chunk(bucket, _wanted(n_trials, devices), devices)


def fitting_slots(bucket: Bucket, n_trials: int | None = None, devices: Devices | None = None) -> int:
    """How many members to train at once: one for each CPU device, 256 for each GPU or TPU, but no more than trials.

    Where the devices have not the memory for so many, the largest number that fits.

    Raises:
      MemoryError: not even one member fits each device.
    """
    devices = devices or default_devices()
    programs = partial(compiled_chunk, bucket, devices=devices)
    return slots_that_fit(programs, _wanted(n_trials, devices), devices)


def slots_worth(running: Sequence[float], waiting: Sequence[float], most: int, devices: Devices) -> int:
    """How many slots trials can keep busy to the end, where those that wait begin from the longest on.

    With so many they all end with the longest one; where members train together an idle slot costs as much as a busy
    one. Each number is another program to compile, so it is `most` or three quarters of it, halved some times.

    Args:
      running: the training steps left of the trials that run.
      waiting: those of the trials that wait; there is one of either kind.
      most: slots.
      devices: of the population.

    Example:
      >>> from capacity_jax.training import default_devices
      >>> from capacity_jax.training.program import slots_worth
      >>> slots_worth([300], [100, 100, 100], most=64, devices=default_devices())
      2
    """
    steps = [*running, *waiting]
    worth = min(most, max(len(running), -(-sum(steps) // max(steps))))
    sizes = [part * most // 2**halvings for halvings in range(2, most.bit_length() + 2) for part in (3, 4)]
    return devices.round_up(min(size for size in sizes if size >= worth))


# A compiled program takes some thousand of the 65,530 memory maps that Linux gives a process.
PROGRAMS_KEPT = 8


@lru_cache(PROGRAMS_KEPT)
def compiled_chunk(bucket: Bucket, n_slots: int, devices: Devices) -> Compiled:
    """The one program of a bucket: `((n_steps, shared), members, assignment) -> (members, report)`."""
    shared = jax.eval_shape(bucket.task.shared)
    members = jax.eval_shape(lambda: idle_members(bucket, n_slots, devices))
    program = devices.over_members(partial(train_chunk, bucket, devices), gang_size(bucket, n_slots, devices))
    return program.lower((np.int32(0), shared), members, idle_assignment(bucket, n_slots)).compile()


def gang_size(bucket: Bucket, n_slots: int, devices: Devices) -> int:
    """How many members of a device the program trains at once, as `Devices.gang_size` says."""

    def kept():
        return kept_bytes(bucket, jax.eval_shape(bucket.task.shared), _encoded_defaults(bucket))

    return devices.gang_size(n_slots // len(devices.devices), kept)


def train_chunk(
    bucket: Bucket, devices: Devices, shared: tuple, member: Member, slot: Assignment
) -> tuple[Member, Report]:
    """What the program does to one member: draws it where its slot is fresh, trains it, and scores it at its end."""
    n_steps, arrays = shared
    with jax.default_matmul_precision("highest"):
        member = lax.cond(
            devices.any_member(jnp.asarray(slot.fresh)),
            lambda: jax.tree.map(partial(jnp.where, slot.fresh), draw_member(bucket, slot.seed, slot.hparams), member),
            lambda: member,
        )
        was_idle = finished(member)
        kernel = kernel_of(bucket, devices) if devices.kernel else None
        train = kernel.advance_by_kernel if kernel else advance
        member = train(bucket, devices, arrays, member, n_steps)
        now_finished = finished(member) & ~was_idle
        no_scores = jax.tree.map(jnp.zeros_like, jax.eval_shape(partial(evaluate, bucket), arrays, member))
        scores = lax.cond(devices.any_member(now_finished), lambda: evaluate(bucket, arrays, member), lambda: no_scores)
        return member, Report(now_finished, member.step, member.loss, scores)


@partial(jax.jit, static_argnums=(0, 1, 2))
def idle_members(bucket: Bucket, n_slots: int, devices: Devices) -> Member:
    """Stacked members with nothing to do: all zeros, where `train_steps` = 0 means finished."""
    member = jax.eval_shape(partial(draw_member, bucket), jnp.uint32(0), _encoded_defaults(bucket))
    zeros = jax.tree.map(lambda leaf: jnp.zeros((n_slots, *leaf.shape), leaf.dtype), member)
    return lax.with_sharding_constraint(zeros, devices.shared_out)


def idle_assignment(bucket: Bucket, n_slots: int) -> Assignment:
    """Slots without work, whose hyperparameters are the defaults."""
    hparams = {name: np.repeat(value, n_slots) for name, value in _encoded_defaults(bucket).items()}
    return Assignment(np.zeros(n_slots, bool), np.zeros(n_slots, np.uint32), hparams)


def rounded_slots(n_slots: int, devices: Devices) -> int:
    """The number of slots, rounded up to a multiple of the devices.

    Raises:
      ValueError: it is not a whole number of at least 1.
    """
    check_size("n_slots", n_slots)
    return devices.round_up(n_slots)


def _wanted(n_trials, devices):
    most = devices.members_per_device * len(devices.devices)
    return rounded_slots(most if n_trials is None else max(1, min(most, n_trials)), devices)


def _encoded_defaults(bucket):
    return encode(fill_defaults(bucket, {}), hyperparameters_of(bucket))
