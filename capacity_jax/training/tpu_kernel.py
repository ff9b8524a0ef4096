"""Training steps of many narrow members in one kernel that keeps their weights and moments on a TPU's chip.

Members lie along the lanes, examples along the sublanes: every operation is elementwise, and a product is a sum over
the inputs, on the vector unit in true 32 bits. A cell's own `step` runs on such arrays as it stands, with vectors
`[n, examples, members]` and weights as `linear` takes them.

It takes the memorization task and one layer of `CELLS`. `Devices.kernel` chooses it and is off: no device has shown yet
what it gains.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.custom_batching import custom_vmap
from jax.experimental import pallas as pl
from jax.experimental.pallas import tpu as pltpu
from jaxtyping import Array, Float, Int

from capacity_jax.cells.base import HParams, Params
from capacity_jax.cells.linear import linear
from capacity_jax.networks import Network
from capacity_jax.tasks.base import Batch, Data, Task
from capacity_jax.training.devices import Devices
from capacity_jax.training.member import N_PLACES, STEPS, Bucket, Member, advance, curve_places
from capacity_jax.training.optimizer import Coefficients, Moments, coefficients, schedule

# Products, elementwise functions and splits of the leading axis are all that these do.
CELLS = ("rnn", "irnn", "ugrnn", "gru", "lstm")
# Members of a tile, examples at once, training steps of a launch.
LANES, SUBLANES, AT_ONCE = 128, 8, 8
# The vector memory of a TPU core from v5e on, less what the compiler keeps for itself.
ON_CHIP = 100 * 2**20


class Steps(NamedTuple):
    """What each of several training steps is given, members last."""

    xs: Float[Array, "steps n_in examples members"]
    labels: Float[Array, "steps examples members"]
    weights: Float[Array, "steps examples members"]
    active: Float[Array, "steps 1 members"]
    rate: Float[Array, "steps 1 members"]
    bias_1: Float[Array, "steps 1 members"]
    bias_2: Float[Array, "steps 1 members"]
    place: Int[Array, "steps 1 members"]


class Trained(NamedTuple):
    """What training changes: leaves `[..., 1, members]`, and for each member its last loss and the steps it made."""

    params: Params
    first: Params
    second: Params
    curve: dict[str, Float[Array, "places 1 members"]]
    loss: Float[Array, "1 members"]
    made: Int[Array, "1 members"]


def launch(
    network: Network, task: Task, hparams: HParams, trained: Trained, steps: Steps, *, interpret: bool
) -> Trained:
    """Makes the steps, tile by tile; the number of members is a multiple of `LANES`, that of examples of `SUBLANES`.

    Args:
      network: of all members.
      task: of all members.
      hparams: of each member, `[1, members]`.
      trained: what goes on.
      steps: at which a member is not active, or after its loss was not finite, nothing of it changes.
      interpret: whether to run without a TPU, slowly.
    """

    def tile(leaf):
        shape = (*leaf.shape[:-1], LANES)
        return pl.BlockSpec(shape, lambda i: (*[0] * (leaf.ndim - 1), i))

    rows = {name: jnp.asarray(value) for name, value in hparams.items() if name in READ or name == "nonlinearity"}
    given = (rows, coefficients(hparams), steps, trained)
    n_members = trained.loss.shape[-1]
    of_tile = jax.tree.map(lambda leaf: jnp.zeros((*leaf.shape[:-1], LANES), leaf.dtype), trained.params)
    gradients = jax.tree.map(lambda leaf: pltpu.VMEM((*leaf.shape[:-2], SUBLANES, LANES), leaf.dtype), of_tile)
    return pl.pallas_call(
        partial(_train, network, task),
        grid=(n_members // LANES,),
        in_specs=jax.tree.map(tile, given),
        out_specs=jax.tree.map(tile, trained),
        out_shape=jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype), trained),
        scratch_shapes=[gradients],
        compiler_params=pltpu.CompilerParams(vmem_limit_bytes=ON_CHIP),
        interpret=interpret,
    )(*given)


READ = ("gradient_clip_val", "l2_decay", "weight_decay")


def _train(network, task, hparams, of_members: Coefficients, steps: Steps, before: Trained, *after_and_gradients):
    """The kernel: all steps of one tile."""
    *after, gradients = after_and_gradients
    after = Trained(*after)
    read = partial(jax.tree.map, lambda ref: ref[...])
    write = partial(jax.tree.map, lambda ref, value: ref.__setitem__(..., value))
    write(after, read(before))
    hparams, of_members = read(hparams), read(of_members)
    n_steps, _, n_examples, _ = steps.xs.shape

    def make_step(k, _):
        params = read(after.params)
        wide = jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (*leaf.shape[:-2], SUBLANES, LANES)), params)
        write(gradients, jax.tree.map(jnp.zeros_like, wide))

        def add_block(j, totals):
            rows = pl.ds(pl.multiple_of(j * SUBLANES, SUBLANES), SUBLANES)
            batch = Batch(steps.xs[k, :, rows, :], steps.labels[k, rows, :], steps.weights[k, rows, :])
            losses, pull_back, scores = jax.vjp(
                lambda wide: _loss_and_scores(network, task, wide, batch, hparams), wide, has_aux=True
            )
            (of_block,) = pull_back(jnp.ones_like(losses))
            write(gradients, jax.tree.map(jnp.add, read(gradients), of_block))
            return jax.tree.map(jnp.add, totals, scores)

        nothing = {name: jnp.zeros((SUBLANES, LANES), jnp.float32) for name in after.curve if name != STEPS}
        totals = lax.fori_loop(0, n_examples // SUBLANES, add_block, nothing)
        scores = {name: jnp.sum(total, axis=0, keepdims=True) for name, total in totals.items()}
        summed = jax.tree.map(lambda leaf: jnp.sum(leaf, axis=-2, keepdims=True), read(gradients))
        decayed = network.decayed(params)
        goes_on = (steps.active[k] > 0) & (jnp.abs(after.loss[...]) <= np.finfo(np.float32).max)
        moved = _update(params, summed, read(after.first), read(after.second), decayed, hparams, of_members, steps, k)
        for ref, new in zip((after.params, after.first, after.second), moved, strict=True):
            write(ref, jax.tree.map(lambda new, old: jnp.where(_as(goes_on, new), new, old), new, read(ref)))
        here = goes_on[None] & (lax.broadcasted_iota(jnp.int32, (N_PLACES, 1, LANES), 0) == steps.place[k][None])
        for name, score in (scores | {STEPS: jnp.ones((1, LANES), jnp.float32)}).items():
            after.curve[name][...] += jnp.where(here, score[None], 0)
        after.loss[...] = jnp.where(goes_on, scores["loss"], after.loss[...])
        after.made[...] += goes_on.astype(jnp.int32)

    lax.fori_loop(0, n_steps, make_step, None)


def _loss_and_scores(network, task, wide, batch, hparams):
    """Of each example of each member: its weighted loss, and all its weighted scores."""
    [layer], readout = wide["layers"], wide["readout"]
    step = network.with_nonlinearity(network.cell.step, jax.tree.map(lambda row: row[None], hparams))
    state, y = step(layer, network.cell.initial_state(layer), batch.xs)
    silence = np.zeros((network.n_in, 1, 1), np.float32)
    for _ in range(task.n_steps - 1):
        state, y = step(layer, state, silence)
    logits = linear(readout["W"], y) + readout["b"]
    scores = {name: value * batch.weights for name, value in task.score(logits[None], batch.targets).items()}
    return scores["loss"], scores


def _update(params, gradients, first, second, decayed, hparams, of_members: Coefficients, steps: Steps, k):
    """The rule of `optimizer`, for members on lanes: parameters and moments after the step."""
    c, rate = of_members, steps.rate[k]
    gradients = jax.tree.map(
        lambda g, p, d: g + _as(hparams["l2_decay"], g) * p if d else g, gradients, params, decayed
    )
    squares = [jnp.sum(g * g, axis=tuple(range(g.ndim - 2))) for g in jax.tree.leaves(gradients)]
    shrink = jnp.minimum(1, hparams["gradient_clip_val"] / jnp.sqrt(sum(squares)))

    def moment(decay, gain, power, m, g):
        return _as(decay, g) * m + _as(gain, g) * (_as(shrink, g) * g) ** power

    first = jax.tree.map(partial(moment, c.decay_1, c.gain_1, 1), first, gradients)
    second = jax.tree.map(partial(moment, c.decay_2, c.gain_2, 2), second, gradients)

    def moved(p, m, v, d):
        root = jnp.sqrt(v / _as(steps.bias_2[k], v) + _as(c.inside, v)) + _as(c.outside, v)
        p_decayed = p - _as(rate * hparams["weight_decay"], p) * p if d else p
        return p_decayed - _as(rate / steps.bias_1[k], m) * m / root

    return jax.tree.map(moved, params, first, second, decayed), first, second


def _as(row, leaf):
    """A row `[1, members]` as it is broadcast against a leaf."""
    return row.reshape((1,) * (leaf.ndim - 2) + row.shape)


def advance_by_kernel(
    bucket: Bucket, devices: Devices, shared: Data, member: Member, n_steps: Int[Array, ""]
) -> Member:
    """What `advance` does; under `jax.vmap` the kernel does it to all members."""

    @custom_vmap
    def alone(shared, member, n_steps):
        return advance(bucket, devices, shared, member, n_steps)

    @alone.def_vmap
    def together(n_members, mapped, shared, members, n_steps):
        del n_members, mapped
        trained = _advance(bucket, shared, members, n_steps, interpret=devices.devices[0].platform == "cpu")
        return trained, jax.tree.map(lambda _: True, trained)

    return alone(shared, member, n_steps)


def _advance(bucket, shared, members, n_steps, interpret):
    network, task, batch_size = bucket.network, bucket.task, bucket.batch_size
    n = len(members.step)
    padding = -n % LANES

    def to_lanes(leaf):
        leaf = jnp.moveaxis(jnp.pad(leaf, [(0, padding)] + [(0, 0)] * (leaf.ndim - 1)), 0, -1)
        return jnp.expand_dims(leaf, -2)

    def from_lanes(leaf):
        return jnp.moveaxis(jnp.squeeze(leaf, -2), -1, 0)[:n]

    unravel = partial(_unravel_each, members.params)
    hparams = {name: to_lanes(value) for name, value in members.hparams.items()}
    last = members.step + jnp.minimum(n_steps, members.hparams["train_steps"] - members.step)

    def batches(step):
        def of_step(member, step):
            key = jax.random.fold_in(member.key, step)
            return task.batch(shared, member.data, key, step, batch_size)

        return jax.vmap(lambda member, first: jax.vmap(partial(of_step, member))(first + jnp.arange(AT_ONCE)))(
            members, step
        )

    def unfinished(state):
        trained, step = state
        return jnp.any((step < last) & jnp.isfinite(from_lanes(trained.loss)))

    @jax.named_scope("train_step")
    def make_steps(state):
        trained, step = state
        batch = batches(step)
        weights = batch.weights / jnp.sum(batch.weights, axis=-1, keepdims=True)
        rows = jax.tree.map(lambda leaf: _steps_first(leaf, padding), (batch.xs[:, :, :, 0], batch.targets, weights))
        count = step[:, None] + lax.broadcasted_iota(jnp.int32, (n, AT_ONCE), 1)
        of_steps = jax.vmap(jax.vmap(schedule, (None, 0)))(members.hparams, count)
        active = (count < last[:, None]).astype(float)
        place = curve_places(count, members.hparams["train_steps"][:, None])
        scalars = [_steps_first(leaf[..., None], padding, examples=False) for leaf in (active, *of_steps, place)]
        steps = Steps(jnp.moveaxis(rows[0], 2, 1), rows[1], rows[2], *scalars)
        trained = launch(network, task, hparams, trained._replace(made=no_steps), steps, interpret=interpret)
        return trained, step + from_lanes(trained.made)

    no_steps = jnp.zeros((1, n + padding), jnp.int32)
    begun = Trained(
        jax.tree.map(to_lanes, members.params),
        jax.tree.map(to_lanes, unravel(members.moments.first)),
        jax.tree.map(to_lanes, unravel(members.moments.second)),
        jax.tree.map(to_lanes, members.curve),
        to_lanes(members.loss),
        no_steps,
    )
    trained, step = lax.while_loop(unfinished, make_steps, (begun, members.step))
    params, first, second, curve = (jax.tree.map(from_lanes, tree) for tree in trained[:4])
    moments = Moments(members.moments.count + step - members.step, *map(_ravel_each, (first, second)))
    return members._replace(params=params, moments=moments, step=step, loss=from_lanes(trained.loss), curve=curve)


def _steps_first(leaf, padding, examples=True):
    """`[members, steps, examples, ...]` as `[steps, examples, ..., members]`, padded to whole tiles."""
    more = -leaf.shape[2] % SUBLANES if examples else 0
    leaf = jnp.pad(leaf, [(0, padding), (0, 0), (0, more)] + [(0, 0)] * (leaf.ndim - 3))
    return jnp.moveaxis(leaf, 0, -1)


def _ravel_each(tree):
    return jnp.concatenate([leaf.reshape(len(leaf), -1) for leaf in jax.tree.leaves(tree)], axis=1)


def _unravel_each(like, flat):
    leaves, structure = jax.tree.flatten(like)
    ends = np.cumsum([leaf[0].size for leaf in leaves])[:-1]
    parts = jnp.split(flat, ends, axis=1)
    return structure.unflatten([part.reshape(leaf.shape) for part, leaf in zip(parts, leaves, strict=True)])
