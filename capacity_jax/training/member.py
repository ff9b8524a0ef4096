"""One member: a training run as a pure function of its hyperparameters and its seed."""

from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import lax
from jax.flatten_util import ravel_pytree
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int, Key

from capacity_jax.cells.base import HParams, Params
from capacity_jax.checks import check_size
from capacity_jax.networks import Network
from capacity_jax.tasks.base import Batch, Data, Task
from capacity_jax.training.devices import Devices
from capacity_jax.training.optimizer import Transformation, make_rule, optimizer


@dataclass(frozen=True)
class Bucket:
    """All that is static in a training run; members that share it share one compiled program.

    Attributes:
      network: what is trained.
      task: what it is trained on.
      batch_size: examples per training step.
      transformation: makes the update rule from a member's hyperparameters; None for `optimizer`, whose every choice is
        a hyperparameter.

    Raises:
      ValueError: batch_size is not a whole number of at least 1, network and task differ in their sizes, or
        transformation is no function.

    Example:
      >>> from capacity_jax import Bucket, Network, per_cap, rnn
      >>> task = per_cap(n_in=8)
      >>> Bucket(Network(rnn, task.n_in, 16, task.n_out), task, batch_size=64).network.n_params
      433
    """

    network: Network
    task: Task
    batch_size: int
    transformation: Transformation | None = None

    def __post_init__(self):
        check_size("batch_size", self.batch_size)
        if self.transformation is not None and not callable(self.transformation):
            raise ValueError(
                f"transformation is a {type(self.transformation).__name__}; allowed: a function from hyperparameters "
                "to an optax transformation, such as lambda hparams: optax.adam(hparams['lr_init'])"
            )
        if (self.network.n_in, self.network.n_out) != (self.task.n_in, self.task.n_out):
            raise ValueError(
                f"the network has {self.network.n_in} inputs and {self.network.n_out} outputs; "
                f"task {self.task.name} needs {self.task.n_in} and {self.task.n_out}"
            )

    def of_cell(self, hparams: HParams) -> HParams:
        """Those of a member's hyperparameters that its cell has."""
        return {name: hparams[name] for name in self.network.cell.hyperparameters}

    def decayed(self, params: Params) -> Params:
        """For each value of the parameters, 1 where decay of weights applies to it and 0 elsewhere."""
        applies = self.network.decayed(params)
        return jax.tree.map(lambda leaf, decays: jnp.full(leaf.shape, float(decays)), params, applies)


# Places of a learning curve, and the name under which it counts the steps of each.
N_PLACES, STEPS = 30, "steps"


class Member(NamedTuple):
    """The whole state of one training run: with its bucket, enough to continue it anywhere."""

    key: Key[Array, ""]
    hparams: dict[str, Array]
    data: Data
    params: Params
    moments: Any
    step: Int[Array, ""]
    loss: Float[Array, ""]
    curve: dict[str, Float[Array, " places"]]


def draw_member(bucket: Bucket, seed: Int[ArrayLike, ""], hparams: HParams) -> Member:
    """Draws the task and the initial weights of one member."""
    key, data_key, init_key = jax.random.split(jax.random.key(seed), 3)
    params = bucket.network.init(init_key, bucket.of_cell(hparams))
    return Member(
        key=key,
        hparams=dict(hparams),
        data=bucket.task.draw(data_key, hparams, bucket.batch_size),
        params=params,
        moments=update_rule(bucket, params, hparams).init(ravel_pytree(params)[0]),
        step=jnp.zeros((), jnp.int32),
        loss=jnp.zeros(()),
        curve=_empty_curve(bucket),
    )


def advance(bucket: Bucket, devices: Devices, shared: Data, member: Member, n_steps: Int[Array, ""]) -> Member:
    """Trains for n_steps, or up to the member's `train_steps`, or until its loss is not finite."""
    # Not the smaller of two sums: step + n_steps may not fit in 32 bits.
    last = member.step + jnp.minimum(n_steps, member.hparams["train_steps"] - member.step)
    # One vector of parameters, one of gradients: the update is then a few passes, not a few for each leaf.
    flat, unravel = ravel_pytree(member.params)
    transformation = update_rule(bucket, member.params, member.hparams)
    block_size = devices.block_size(bucket.batch_size)

    def unfinished(state):
        _, _, step, loss, _ = state
        return (step < last) & jnp.isfinite(loss)

    @jax.named_scope("train_step")
    def train_step(state):
        flat, moments, step, _, curve = state
        key = jax.random.fold_in(member.key, step)
        batch = bucket.task.batch(shared, member.data, key, step, bucket.batch_size)
        scores, gradients = scores_and_gradients(bucket, unravel(flat), batch, member.hparams, block_size)
        updates, moments = transformation.update(ravel_pytree(gradients)[0], moments, flat)
        # A mask, not an index: under vmap an index would make a loop over the members.
        here = jnp.arange(N_PLACES) == curve_place(step, member.hparams["train_steps"])
        added = scores | {STEPS: 1}
        curve = {name: sums + jnp.where(here, added[name], 0) for name, sums in curve.items()}
        return flat + updates, moments, step + 1, scores["loss"], curve

    state = flat, member.moments, member.step, member.loss, member.curve
    flat, moments, step, loss, curve = lax.while_loop(unfinished, train_step, state)
    return member._replace(params=unravel(flat), moments=moments, step=step, loss=loss, curve=curve)


def update_rule(bucket: Bucket, params: Params, hparams: HParams) -> optax.GradientTransformation:
    """How a member's parameters, as one vector, follow their gradients."""
    decayed = bucket.decayed(params)
    if bucket.transformation is None:
        return optimizer(hparams, ravel_pytree(decayed)[0])
    _, unravel = ravel_pytree(params)
    on_tree = make_rule(bucket.transformation, hparams, decayed)

    def init(params: Any) -> Any:
        return on_tree.init(unravel(params))

    def update(updates: Any, state: Any, params: Any = None) -> tuple[Any, Any]:
        changes, state = on_tree.update(unravel(updates), state, unravel(params))
        return ravel_pytree(changes)[0], state

    return optax.GradientTransformation(init, update)


def curve_place(step: Int[Array, "..."], train_steps: Int[Array, "..."]) -> Int[Array, "..."]:
    """The place of the learning curve to which a training step belongs."""
    return jnp.minimum(N_PLACES - 1, jnp.int32(N_PLACES * (step / train_steps)))


def first_step(place: int, train_steps: int) -> int:
    """The first training step that belongs to a place of the learning curve, or to one after it."""
    return -(-place * train_steps // N_PLACES)


def curve_places(steps: Int[Array, "..."], train_steps: Int[Array, "..."]) -> Int[Array, "..."]:
    """Those of several steps of a member, rounded as one step's is: XLA would divide by one number in another way."""
    return curve_place(steps, lax.optimization_barrier(jnp.broadcast_to(train_steps, steps.shape)))


def finished(member: Member) -> Array:
    """Whether the member has made all its steps or has diverged."""
    return (member.step >= member.hparams["train_steps"]) | ~jnp.isfinite(member.loss)


def scores_and_gradients(
    bucket: Bucket, params: Params, batch: Batch, hparams: HParams, block_size: int
) -> tuple[dict[str, Float[Array, ""]], Params]:
    """Weighted means of the task's scores over a batch, and the gradients of the loss, summed over blocks of it."""
    total = jnp.sum(batch.weights)

    def of_block(block):
        def share(params):
            sums, _ = _summed_scores(bucket, params, block, hparams)
            shares = {name: value / total for name, value in sums.items()}
            return shares["loss"], shares

        gradients, shares = jax.grad(share, has_aux=True)(params)
        return shares, gradients

    if block_size == bucket.batch_size:
        return of_block(batch)
    padding = -bucket.batch_size % block_size
    padded = jax.tree.map(lambda rows: jnp.pad(rows, [(0, padding)] + [(0, 0)] * (rows.ndim - 1)), batch)
    # Features lead before the loop, or every block would be transposed.
    padded = padded._replace(xs=jnp.moveaxis(padded.xs, 0, -1))

    def add_block(sums, first):
        xs = lax.dynamic_slice_in_dim(padded.xs, first, block_size, axis=-1)
        block = jax.tree.map(lambda rows: lax.dynamic_slice_in_dim(rows, first, block_size), padded._replace(xs=()))
        return jax.tree.map(jnp.add, sums, of_block(block._replace(xs=jnp.moveaxis(xs, -1, 0)))), None

    scores, _ = jax.eval_shape(partial(_summed_scores, bucket), params, batch, hparams)
    zeros = jax.tree.map(jnp.zeros_like, (scores, params))
    return lax.scan(add_block, zeros, jnp.arange(0, bucket.batch_size, block_size))[0]


def kept_bytes(bucket: Bucket, shared: Data, hparams: HParams) -> int:
    """What the forward pass of a training step keeps for the backward pass, before a compiler has thought it over."""

    def kept(shared):
        member = draw_member(bucket, 0, hparams)
        batch = bucket.task.batch(shared, member.data, member.key, 0, bucket.batch_size)
        _, pull_back = jax.vjp(
            lambda params: _summed_scores(bucket, params, batch, member.hparams)[0]["loss"], member.params
        )
        return jax.tree.leaves(pull_back)

    return sum(leaf.size * leaf.dtype.itemsize for leaf in jax.eval_shape(kept, shared))


def evaluate(bucket: Bucket, shared: Data, member: Member) -> dict[str, dict[str, Float[Array, ""]]]:
    """Weighted means of the task's scores over its evaluation set and, if it has one of its own, its validation set."""
    task = bucket.task
    sets = {"evaluation": task.evaluation} | ({"validation": task.validation} if task.validation else {})
    n_batches = -(-task.n_evaluation // bucket.batch_size)

    def scores_of(of_set, i):
        # One program scores the batches of both sets: that is what takes long to compile.
        draws = [
            lambda i, batch_of=batch_of: batch_of(shared, member.data, i, bucket.batch_size)
            for batch_of in sets.values()
        ]
        return _summed_scores(bucket, member.params, lax.switch(of_set, draws, i), member.hparams)

    places = jnp.divmod(jnp.arange(len(sets) * n_batches), n_batches)
    sums, weights = lax.map(lambda place: scores_of(*place), places)
    means = {
        name: jnp.sum(values.reshape(-1, n_batches), 1) / jnp.sum(weights.reshape(-1, n_batches), 1)
        for name, values in sums.items()
    }
    return {of_set: {name: values[k] for name, values in means.items()} for k, of_set in enumerate(sets)}


def _summed_scores(bucket, params, batch, hparams):
    task = bucket.task
    xs = jnp.moveaxis(batch.xs, 0, -1)
    outputs = bucket.network.apply(params, xs, bucket.of_cell(hparams), n_steps=task.n_steps, n_reads=task.n_reads)
    scores = jax.vmap(task.score, in_axes=(1, 0))(outputs, batch.targets)
    sums = {name: jnp.sum(values * batch.weights) for name, values in scores.items()}
    return sums, jnp.sum(batch.weights)


def _empty_curve(bucket):
    return {name: jnp.zeros(N_PLACES) for name in (STEPS, *_score_names(bucket.task))}


@lru_cache
def _score_names(task):
    def scores():
        key = jax.random.key(0)
        hparams = {name: one.encode(one.default) for name, one in task.hyperparameters.items()}
        batch = task.batch(task.shared(), task.draw(key, hparams, 1), key, 0, 1)
        return task.score(jnp.zeros((task.n_reads, task.n_out)), jax.tree.map(lambda rows: rows[0], batch.targets))

    return sorted(jax.eval_shape(scores))
