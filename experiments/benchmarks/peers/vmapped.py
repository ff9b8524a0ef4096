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
from capacity_jax.tasks.base import Batch, Data
from capacity_jax.training.strategy import members_per_device
from experiments.benchmarks.machine import program_bytes
from experiments.benchmarks.work import LEARNING_RATE, Contender, Work

# At small batches eight times the population's members may be faster, which share the overhead of a step; beyond them
# they never were (1, 2, 8 and 16 members, RNN and LSTM, 16 units, one core).
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


def train_step(work: Work, loss: Loss, state: State, data: Data) -> State:
    """One step of one member."""
    key = jax.random.fold_in(jax.random.key(0), state.step)
    batch = work.bucket.task.batch((), data, key, state.step, work.batch)
    value, grads = jax.value_and_grad(loss)(state.params, batch)
    updates, moments = ADAM.update(grads, state.moments)
    return State(optax.apply_updates(state.params, updates), moments, state.step + 1, value)


def loop_in_python(step: Callable, state: State, data: Data) -> tuple[jax.stages.Compiled, Callable]:
    """A compiled step, and `(state, data, n) -> state` that calls it n times."""
    program = jax.jit(step, donate_argnums=0).lower(state, data).compile()

    def advance(state, data, n):
        for _ in range(n):
            state = program(state, data)
        return state

    return program, advance


def loop_in_program(step: Callable, state: State, data: Data) -> tuple[jax.stages.Compiled, Callable]:
    """A compiled loop, and `(state, data, n) -> state` that calls it once."""

    def steps(state, data, n):
        return lax.fori_loop(0, n, lambda _, state: step(state, data), state)

    program = jax.jit(steps, donate_argnums=0).lower(state, data, np.int32(1)).compile()
    return program, lambda state, data, n: program(state, data, np.int32(n))


def fastest(name: str, work: Work, init: Callable[[jax.Array], Params], loss: Loss, loop: Callable) -> Contender:
    """The contender at the number of members that suits it.

    Args:
      name: its name in the table.
      work: what it trains.
      init: `key -> params` of one model.
      loss: `(params, batch) -> loss` of one model.
      loop: one of the two above.
    """
    members = members_per_device() * len(jax.devices())
    few = _contender(name, work, init, loss, loop, members)
    if work.batch > SMALL_BATCH:
        return few
    many = _contender(name, work, init, loss, loop, MORE * members)
    return min((few, many), key=_seconds_of_a_step)


def _contender(name, work, init, loss, loop, members):
    @jax.jit
    @jax.vmap
    def start(seed):
        params = init(jax.random.key(seed))
        return State(params, ADAM.init(params), jnp.int32(0), jnp.float32(0)), work.data(seed)

    state, data = start(np.arange(members))
    n_params = sum(leaf.size for leaf in jax.tree.leaves(state.params)) // members
    began = perf_counter()
    with jax.default_matmul_precision("highest"):
        program, advance = loop(jax.vmap(partial(train_step, work, loss)), state, data)
    compile_seconds = perf_counter() - began

    def run(n):
        nonlocal state
        state = advance(state, data, n)
        return float(jnp.max(state.loss))

    return Contender(name, members, n_params, run, compile_seconds, program_bytes(program))


def _seconds_of_a_step(contender):
    contender.run(1)
    began = perf_counter()
    contender.run(1)
    n = max(1, int(0.1 / (perf_counter() - began)))
    began = perf_counter()
    contender.run(n)
    return (perf_counter() - began) / n / contender.members
