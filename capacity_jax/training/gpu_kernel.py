"""Training steps of a narrow member in one kernel that keeps its weights and moments in a GPU's registers.

Each member is one program of the kernel (Triton). Sizes are filled up with zeros to powers of two: a unit without
weights stays at zero and gets no gradient. A cell's own `step` runs as it stands, on a block of examples along the last
axis; products are in true 32 bits.

It takes the memorization task and one layer of `CELLS`: of gated cells Triton cannot put the gradients of the gates
together again. `Devices.kernel` chooses it and is off: no device has shown yet what it gains.
"""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.flatten_util
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.experimental import pallas as pl
from jax.experimental.pallas import triton
from jaxtyping import Array, Float, Int

from capacity_jax.cells.base import HParams, Params
from capacity_jax.networks import Network
from capacity_jax.tasks.base import Data, Task
from capacity_jax.training.devices import Devices
from capacity_jax.training.member import STEPS, Bucket, Member, curve_places
from capacity_jax.training.optimizer import Coefficients, Moments, coefficients, descend, schedule

CELLS = ("rnn", "irnn")
# The least side of a product; examples at once; training steps of a launch.
LEAST, EXAMPLES, AT_ONCE = 16, 64, 256
N_WARPS = 4


class Steps(NamedTuple):
    """What each of several training steps is given; n_steps of them are to be made."""

    n_steps: Int[Array, "1"]
    xs: Float[Array, "steps n_in examples"]
    labels: Float[Array, "steps examples"]
    weights: Float[Array, "steps examples"]
    rate: Float[Array, " steps"]
    bias_1: Float[Array, " steps"]
    bias_2: Float[Array, " steps"]
    place: Int[Array, " steps"]


class Trained(NamedTuple):
    """What training changes, sizes filled up; of the last two one value each."""

    params: Params
    first: Params
    second: Params
    curve: dict[str, Float[Array, " places"]]
    loss: Float[Array, "1"]
    made: Int[Array, "1"]


def advance_by_kernel(
    bucket: Bucket, devices: Devices, shared: Data, member: Member, n_steps: Int[Array, ""]
) -> Member:
    """What `capacity_jax.training.member.advance` does, `AT_ONCE` steps a launch; interpreted without a GPU, slowly."""
    task, batch_size, interpret = bucket.task, bucket.batch_size, devices.devices[0].platform == "cpu"
    unravel = partial(_unravelled, member.params)
    train_steps = member.hparams["train_steps"]
    last = member.step + jnp.minimum(n_steps, train_steps - member.step)

    def unfinished(state):
        trained, step = state
        return (step < last) & jnp.isfinite(trained.loss[0])

    @jax.named_scope("train_step")
    def make_steps(state):
        trained, step = state
        count = step + jnp.arange(AT_ONCE)
        batch = jax.vmap(lambda k: task.batch(shared, member.data, jax.random.fold_in(member.key, k), k, batch_size))(
            count
        )
        weights = batch.weights / jnp.sum(batch.weights, axis=-1, keepdims=True)
        rate, bias_1, bias_2 = jax.vmap(partial(schedule, member.hparams))(count)
        steps = Steps(
            jnp.minimum(AT_ONCE, last - step)[None],
            _filled(jnp.swapaxes(batch.xs[:, :, 0], 1, 2), (1, 2)),
            _filled(batch.targets, (1,)),
            _filled(weights, (1,)),
            rate,
            bias_1,
            bias_2,
            curve_places(count, train_steps),
        )
        trained = launch(
            bucket.network, task, member.hparams, trained._replace(made=no_steps), steps, interpret=interpret
        )
        return trained, step + trained.made[0]

    no_steps = jnp.zeros(1, jnp.int32)
    params, first, second = map(
        _fill_params, (member.params, unravel(member.moments.first), unravel(member.moments.second))
    )
    begun = Trained(params, first, second, jax.tree.map(_fill_all, member.curve), member.loss[None], no_steps)
    trained, step = lax.while_loop(unfinished, make_steps, (begun, member.step))

    def cut(filled, like):
        return jax.tree.map(lambda leaf, small: leaf[tuple(map(slice, small.shape))], filled, like)

    params, first, second = (cut(tree, member.params) for tree in trained[:3])
    moments = Moments(member.moments.count + step - member.step, *map(_ravelled, (first, second)))
    curve = cut(trained.curve, member.curve)
    return member._replace(params=params, moments=moments, step=step, loss=trained.loss[0], curve=curve)


def launch(
    network: Network, task: Task, hparams: HParams, trained: Trained, steps: Steps, *, interpret: bool
) -> Trained:
    """Makes the steps of one member; under `jax.vmap` those of all in one launch.

    Args:
      network: of the member.
      task: of the member.
      hparams: of the member.
      trained: what goes on.
      steps: none is made after the loss was not finite.
      interpret: whether to run without a GPU.
    """
    names = ("gradient_clip_val", "l2_decay", "weight_decay", *({"nonlinearity"} & hparams.keys()))
    read = {name: jnp.asarray(hparams[name])[None] for name in names}
    of_member = jax.tree.map(lambda value: value[None], coefficients(hparams))
    given = (read, of_member, steps, trained)
    leaves, structure = jax.tree.flatten(given)

    def kernel(*refs):
        n = len(leaves)
        hparams, of_member, steps, begun = structure.unflatten(refs[:n])
        ended = jax.tree.unflatten(jax.tree.structure(trained), refs[n:])
        _train(network, task, hparams, of_member, steps, begun, ended)

    made = pl.pallas_call(
        kernel,
        out_shape=[jax.ShapeDtypeStruct(leaf.shape, leaf.dtype) for leaf in jax.tree.leaves(trained)],
        compiler_params=triton.CompilerParams(num_warps=N_WARPS, num_stages=1),
        interpret=interpret,
    )(*leaves)
    return jax.tree.unflatten(jax.tree.structure(trained), made)


def _train(network, task, hparams, of_member: Coefficients, steps: Steps, before: Trained, after: Trained):
    """The kernel: all steps of one member, whose state is in registers from the first to the last."""
    hparams, of_member = jax.tree.map(lambda ref: ref[0], (hparams, of_member))
    n_examples = steps.xs.shape[-1]
    n_block = min(n_examples, EXAMPLES)
    decayed = jax.tree.map(float, network.decayed(before.params))

    def unfinished(trained):
        return (trained.made < steps.n_steps[0]) & (jnp.abs(trained.loss) <= np.finfo(np.float32).max)

    def make_step(trained):
        params, k = trained.params, trained.made

        def add_block(j, sums):
            rows = pl.ds(j * n_block, n_block)

            def share(params):
                scores = _scores(network, task, params, steps.xs[k, :, rows], steps.labels[k, rows], hparams)
                scores = {name: jnp.sum(value * steps.weights[k, rows]) for name, value in scores.items()}
                return scores["loss"], scores

            gradients, scores = jax.grad(share, has_aux=True)(params)
            return jax.tree.map(jnp.add, sums, (gradients, scores))

        nothing = (
            jax.tree.map(jnp.zeros_like, params),
            {name: jnp.float32(0) for name in trained.curve if name != STEPS},
        )
        gradients, scores = lax.fori_loop(0, n_examples // n_block, add_block, nothing)
        scheduled = steps.rate[k], steps.bias_1[k], steps.bias_2[k]
        moments = Moments(trained.made, trained.first, trained.second)
        changes, first, second = descend(of_member, scheduled, hparams, gradients, moments, params, decayed)
        here = lax.iota(jnp.int32, trained.curve[STEPS].size) == steps.place[k]
        added = scores | {STEPS: jnp.float32(1)}
        return Trained(
            jax.tree.map(jnp.add, params, changes),
            first,
            second,
            {name: sums + jnp.where(here, added[name], 0) for name, sums in trained.curve.items()},
            scores["loss"],
            k + 1,
        )

    begun = jax.tree.map(lambda ref: ref[...], before)._replace(loss=before.loss[0], made=before.made[0])
    ended: Any = lax.while_loop(unfinished, make_step, begun)
    after.loss[0], after.made[0] = ended.loss, ended.made
    for refs, values in zip(after[:4], ended[:4], strict=True):
        jax.tree.map(lambda ref, value: ref.__setitem__(..., value), refs, values)


def _scores(network, task, params, xs, labels, hparams):
    """The task's scores of each example."""
    [layer], readout = params["layers"], params["readout"]
    columns = jax.tree.map(lambda leaf: leaf[:, None] if leaf.ndim == 1 else leaf, layer)
    step = network.with_nonlinearity(network.cell.step, hparams)
    state = jax.tree.map(lambda value: jnp.broadcast_to(value, (value.shape[0], xs.shape[1])), columns["h0"])
    state, y = step(columns, state, xs)
    for _ in range(task.n_steps - 1):
        state, y = step(columns, state, jnp.zeros_like(xs))
    logits = jnp.sum(readout["W"] * y, axis=0) + readout["b"]
    return task.score(logits[None, None], labels)


def _fill_params(params):
    """Sizes filled up, but for the one output."""
    [layer], readout = params["layers"], params["readout"]
    filled = {"W": _filled(readout["W"], (0,)), "b": readout["b"]}
    return {"layers": [jax.tree.map(_fill_all, layer)], "readout": filled}


def _fill_all(leaf):
    return _filled(leaf, range(leaf.ndim))


def _filled(leaf, axes):
    sizes = [pl.next_power_of_2(max(LEAST, n)) if axis in axes else n for axis, n in enumerate(leaf.shape)]
    return jnp.pad(leaf, [(0, more - n) for more, n in zip(sizes, leaf.shape, strict=True)])


def _ravelled(tree):
    return jax.flatten_util.ravel_pytree(tree)[0]


def _unravelled(like, flat):
    return jax.flatten_util.ravel_pytree(like)[1](flat)
