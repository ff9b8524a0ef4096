"""Recorded trials come to life again: their networks as they were trained, or the training once more."""

from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from capacity_jax.cells.base import Cell, Params
from capacity_jax.cells.registry import CellName, cell_by_name
from capacity_jax.import_path import load
from capacity_jax.networks import Network
from capacity_jax.studies import weights
from capacity_jax.studies.record import Record
from capacity_jax.tasks.base import Batch, Task
from capacity_jax.tasks.registry import TASKS
from capacity_jax.training.member import Bucket, Member, draw_member, evaluate
from capacity_jax.training.optimizer import Transformation
from capacity_jax.training.population import train_population
from capacity_jax.training.settings import encode, fill_defaults, hyperparameters_of
from capacity_jax.training.trial import Outcome, Trial, TrialKey


@dataclass(frozen=True, repr=False)
class TrainedNetwork:
    """A network as a trial has left it.

    Attributes:
      bucket: network, task, batch size and update rule.
      params: the trained parameters.
      record: the trial: hyperparameters, seed, scores, versions.
    """

    bucket: Bucket
    params: Params
    record: Record

    @property
    def network(self) -> Network:
        """The network without its parameters."""
        return self.bucket.network

    def __call__(self, xs: Float[Array, "size n_heard n_in"]) -> Float[Array, "size n_reads n_out"]:
        """The outputs for inputs stacked on a leading axis, at the steps that the task reads."""
        return _outputs(self.bucket, self.params, xs, self.encoded_hparams)

    def examples(self) -> Batch:
        """The evaluation set of this very trial, such as the inputs and labels it had to remember; padding weighs 0."""
        task, member = self.bucket.task, self._member()
        return task.evaluation(task.shared(), member.data, 0, task.n_evaluation)

    def scores(self) -> dict[str, float]:
        """What the record has as scores, computed anew."""
        task = self.bucket.task
        with jax.default_matmul_precision("highest"):
            found = jax.jit(partial(evaluate, self.bucket))(task.shared(), self._member())["evaluation"]
        scores = {name: float(value) for name, value in found.items()}
        return scores | dict(task.measures(scores, self.record.hparams, self.network))

    def __repr__(self) -> str:
        return (
            f"TrainedNetwork({self.record.study}, trial {self.record.number}, repeat {self.record.repeat}: "
            f"{self.record.score_name} {self.record.score:.4g})"
        )

    @property
    def encoded_hparams(self) -> dict[str, Array]:
        """All hyperparameters as the arrays that a member is trained under."""
        settings = fill_defaults(self.bucket, self.record.hparams)
        return {name: jnp.asarray(value) for name, value in encode(settings, hyperparameters_of(self.bucket)).items()}

    def _member(self) -> Member:
        member = _drawn(self.bucket, jnp.uint32(self.record.seed), self.encoded_hparams)
        return member._replace(params=self.params)


def load_network(
    workdir: str | Path,
    study: str,
    trial: tuple[int, int] | None = None,
    *,
    cell: Cell | None = None,
    task: Task | None = None,
    transformation: Transformation | None = None,
) -> TrainedNetwork:
    """A network that a study has kept: by default the best seed of the best setting.

    Args:
      workdir: the work directory of the run.
      study: the study's name, such as `per_cap/gru@1/600`.
      trial: number and repeat of a kept trial.
      cell: the cell, where it is not a registered one.
      task: the task, where its name does not tell how it is built.
      transformation: the update rule, where its import path does not lead to it and it has hyperparameters of its own.

    Raises:
      OSError: the study has kept no weights, or not those of that trial, or they cannot be read.
      ValueError: cell or task has to be given, or is not that of the trial.

    Example:
      >>> import tempfile
      >>> from capacity_jax import load_network, measure_capacity
      >>> with tempfile.TemporaryDirectory() as workdir:
      ...     capacity = measure_capacity("rnn", budgets=(120,), trials=0, train_steps=200, seeds=2, workdir=workdir)
      ...     trained = load_network(workdir, capacity.records[0].study)
      >>> trained(trained.examples().xs[:8]).shape
      (8, 1, 1)
    """
    kept = weights.load(Path(workdir) / "weights", study)
    wanted = kept[0][0].key if trial is None else TrialKey(*trial)
    found = {record.key: (record, named) for record, named in kept}
    if wanted not in found:
        allowed = ", ".join(str(tuple(key)) for key in found)
        raise weights.WeightsError(f"study {study} keeps no weights of trial {tuple(wanted)}; allowed: {allowed}")
    record, named = found[wanted]
    bucket = bucket_of(record, cell, task, transformation or _found_rule(record))
    like = jax.eval_shape(lambda: bucket.network.init(jax.random.key(0)))
    return TrainedNetwork(bucket, jax.tree.map(jnp.asarray, weights.unflatten(like, named)), record)


def retrain(
    record: Record,
    *,
    cell: Cell | None = None,
    task: Task | None = None,
    transformation: Transformation | None = None,
) -> Outcome:
    """Makes a recorded trial again: on the same kind of device, with the same versions, the same to the last bit.

    Args:
      record: of the trial, as `read_records` or `Capacity.records` gives it.
      cell: the cell, where it is not a registered one.
      task: the task, where its name does not tell how it is built.
      transformation: the update rule, where its import path does not lead to it. Weights kept by older versions have
        records without that path.

    Raises:
      ValueError: cell, task or transformation has to be given, or cell or task is not that of the trial.

    Example:
      >>> from capacity_jax import measure_capacity, retrain
      >>> [record, _] = measure_capacity("rnn", budgets=(120,), trials=0, train_steps=200, seeds=1).records
      >>> retrain(record).scores == record.scores
      True
    """
    transformation = transformation or _found_rule(record)
    if record.transformation and transformation is None:
        raise ValueError(
            f"transformation {record.transformation!r} of study {record.study} cannot be found; give it as "
            "transformation"
        )
    trial = Trial(record.hparams, record.seed, *record.key, rungs=record.rungs)
    [outcome] = train_population(bucket_of(record, cell, task, transformation), [trial])
    return outcome


def bucket_of(
    record: Record,
    cell: Cell | None = None,
    task: Task | None = None,
    transformation: Transformation | None = None,
) -> Bucket:
    """Network, task and batch size of a recorded trial, with an update rule.

    Raises:
      ValueError: cell or task has to be given, or is not that of the trial.
    """
    if cell is None:
        try:
            cell = cell_by_name(cast(CellName, record.cell))
        except ValueError:
            message = f"cell {record.cell!r} of study {record.study} is not registered; give it as cell"
            raise ValueError(message) from None
    if task is None and record.task_builder not in TASKS:
        raise ValueError(f"task {record.task!r} of study {record.study} is not registered; give it as task")
    task = task or cast(Any, TASKS[record.task_builder])(**record.task_args)
    assert task is not None
    network = Network(cell, record.n_in, record.units, task.n_out, record.depth)
    if (network.n_params, task.name) != (record.parameters, record.task):
        raise ValueError(
            f"the network has {network.n_params} parameters and the task is {task.name}; study {record.study} has "
            f"{record.parameters} and {record.task}"
        )
    return Bucket(network, task, record.batch_size, transformation)


def _found_rule(record):
    """The update rule to which its import path leads; a path to a class does not tell which of its rules it was."""
    if record.transformation:
        with suppress(ValueError):
            rule = load("transformation", record.transformation)
            return None if isinstance(rule, type) else rule
    return None


_drawn = jax.jit(draw_member, static_argnums=0)


@partial(jax.jit, static_argnums=0)
def _outputs(bucket, params, xs, hparams):
    task = bucket.task
    with jax.default_matmul_precision("highest"):
        outputs = bucket.network.apply(
            params, jnp.moveaxis(xs, 0, -1), bucket.of_cell(hparams), n_steps=task.n_steps, n_reads=task.n_reads
        )
    return jnp.moveaxis(outputs, 1, 0)
