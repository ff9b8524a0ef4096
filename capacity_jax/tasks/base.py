"""The one type every task is: what is drawn, what is asked, what is scored."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from jaxtyping import Array, Float

from capacity_jax.cells.base import HParams

Data = Any


class Batch(NamedTuple):
    """Examples stacked on a leading axis.

    Attributes:
      xs: inputs `[size, n_heard, n_in]`; after n_heard steps the network hears zeros.
      targets: what `Task.score` compares the outputs with; any pytree with a leading axis of `size`.
      weights: `[size]`, the weight of each example in means; 0 marks padding.

    Example:
      >>> import jax.numpy as jnp
      >>> from capacity_jax import Batch
      >>> Batch(xs=jnp.zeros((16, 1, 32)), targets=jnp.ones(16), weights=jnp.ones(16)).xs.shape
      (16, 1, 32)
    """

    xs: Float[Array, "size n_heard n_in"]
    targets: Any
    weights: Float[Array, " size"]


@dataclass(frozen=True)
class Task:
    """A task as a bundle of pure functions; the examples of a batch are scored one by one.

    Attributes:
      name: the name under which results report it.
      n_in: number of inputs per step.
      n_out: number of outputs per step.
      n_steps: steps the network runs.
      n_reads: outputs are read at the last n_reads steps.
      draw: `(key, hparams, size) -> data`, what one member holds fixed, for batches of that size.
      batch: `(shared, data, key, step, size) -> Batch`, the training batch of a step.
      evaluation: `(shared, data, i, size) -> Batch`, the i-th batch of the evaluation set.
      n_evaluation: number of examples that the evaluation batches must cover.
      score: `(outputs[n_reads, n_out], target) -> {"loss": ..., ...}` for ONE example; training descends the
        weighted mean of "loss", evaluation reports the weighted mean of every entry.
      measures: `(scores, hparams, network) -> dict` of what a result reports besides, computed on the host.
      columns: names of the scores and measures that tables report; the last is the objective of a search.
      maximize: whether a larger objective is better.
      shared: `() -> arrays` that all members read and none holds, such as a corpus; made once for a population.
      chance: loss of the best constant answer, or of guessing.
      check: `(hparams)`, raises ValueError for hyperparameters the task cannot take.
      hyperparameters: the entries of `hparams` that the task reads, with their defaults.
      validation: as `evaluation`, another set of the same size, which a search is told of; None where the task is to
        remember what it was shown, and there is one set only.

    Example:
      The sum of three numbers, heard one after another:

      >>> import jax, jax.numpy as jnp
      >>> from capacity_jax import Batch, Task
      >>> def batch(shared, data, key, step, size):
      ...     xs = jax.random.normal(key, (size, 3, 1))
      ...     return Batch(xs, xs.sum((1, 2)), jnp.ones(size))
      >>> task = Task(
      ...     name="sum",
      ...     n_in=1,
      ...     n_out=1,
      ...     n_steps=3,
      ...     n_reads=1,
      ...     draw=lambda key, hparams, size: key,
      ...     batch=batch,
      ...     evaluation=lambda shared, key, i, size: batch(shared, (), jax.random.fold_in(key, i), 0, size),
      ...     n_evaluation=1024,
      ...     score=lambda outputs, target: {"loss": (outputs[-1, 0] - target) ** 2},
      ...     measures=lambda scores, hparams, network: {},
      ...     chance=3.0,
      ... )
      >>> task.batch(task.shared(), (), jax.random.key(0), 0, 8).xs.shape
      (8, 3, 1)
    """

    name: str
    n_in: int
    n_out: int
    n_steps: int
    n_reads: int
    draw: Callable[..., Data]
    batch: Callable[..., Batch]
    evaluation: Callable[..., Batch]
    n_evaluation: int
    score: Callable[..., Mapping[str, Array]]
    measures: Callable[..., Mapping[str, float]]
    chance: float
    columns: tuple[str, ...] = ("loss",)
    maximize: bool = False
    shared: Callable[[], Data] = lambda: ()
    check: Callable[[HParams], None] = lambda hparams: None
    hyperparameters: HParams = field(default_factory=dict, hash=False)
    validation: Callable[..., Batch] | None = None
