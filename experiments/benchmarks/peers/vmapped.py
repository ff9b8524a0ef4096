"""What the peers in JAX share: stacked members under plain `jax.vmap`, optax's Adam, one program on one device."""

from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax

from capacity_jax.cells.base import Params
from capacity_jax.tasks.base import Batch
from capacity_jax.training import default_devices
from experiments.benchmarks.machine import program_bytes
from experiments.benchmarks.work import LEARNING_RATE, N_LABELS, Contender, Work

# Where members are small they share the overhead of a step: at small batches more members are faster, beyond them the
# fewest.
MORE = 8
SMALL_BATCH = 256
ADAM = optax.adam(LEARNING_RATE)

Loss = Callable[[Params, Batch], jax.Array]


class State(NamedTuple):
    """What a step changes."""

    params: Params
    moments: Any
    step: jax.Array
    loss: jax.Array


def train_step(work: Work, loss: Loss, state: State, examples: Batch) -> State:
    """One step of one member."""
    key = jax.random.fold_in(jax.random.key(0), state.step)
    start = (jax.random.bits(key, (), jnp.uint32) % N_LABELS).astype(jnp.int32)
    batch = jax.tree.map(lambda rows: lax.dynamic_slice_in_dim(rows, start, work.batch), examples)
    value, grads = jax.value_and_grad(loss)(state.params, batch)
    updates, moments = ADAM.update(grads, state.moments)
    return State(optax.apply_updates(state.params, updates), moments, state.step + 1, value)


def loop_in_python(step: Callable, state: State, examples: Batch) -> tuple[jax.stages.Compiled, Callable]:
    """A compiled step, and `(state, examples, n) -> state` that calls it n times."""
    program = jax.jit(step, donate_argnums=0).lower(state, examples).compile()

    def advance(state, examples, n):
        for _ in range(n):
            state = program(state, examples)
        return state

    return program, advance


def loop_in_program(step: Callable, state: State, examples: Batch) -> tuple[jax.stages.Compiled, Callable]:
    """A compiled loop, and `(state, examples, n) -> state` that calls it once."""

    def steps(state, examples, n):
        return lax.fori_loop(0, n, lambda _, state: step(state, examples), state)

    program = jax.jit(steps, donate_argnums=0).lower(state, examples, np.int32(1)).compile()
    return program, lambda state, examples, n: program(state, examples, np.int32(n))


def vmapped(name: str, work: Work, params: Params, loss: Loss, loop: Callable) -> Contender:
    """The contender, with as many members as the population trains, at small batches eight times as many.

    Args:
      name: its name in the table.
      work: what it trains.
      params: of one model, at its start.
      loss: `(params, batch) -> loss` of one model.
      loop: one of the two above.
    """
    devices = default_devices()
    members = devices.members_per_device * len(devices.devices) * (MORE if work.batch <= SMALL_BATCH else 1)

    first = State(params, ADAM.init(params), jnp.int32(0), jnp.float32(0)), work.start[1]
    # Copies of one member take as long as different ones.
    state, examples = jax.tree.map(lambda leaf: jnp.stack([leaf] * members), first)
    n_params = sum(leaf.size for leaf in jax.tree.leaves(params))
    began = perf_counter()
    with jax.default_matmul_precision("highest"):
        program, advance = loop(jax.vmap(partial(train_step, work, loss)), state, examples)
    compile_seconds = perf_counter() - began

    def run(n):
        nonlocal state
        state = advance(state, examples, n)
        return float(jnp.max(state.loss))

    return Contender(name, members, n_params, run, compile_seconds, lambda: program_bytes(program))
