"""The one type every task is: what is drawn, what is asked, what is scored."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial, wraps
from inspect import signature
from typing import Any, NamedTuple, ParamSpec

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int, Key

from capacity_jax.cells.base import HParams
from capacity_jax.cells.hyperparameters import Hyperparameter, declared
from capacity_jax.networks import Network

Data = Any
Settings = Mapping[str, Any]
Arguments = ParamSpec("Arguments")


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


# (shared, data, i, size) -> batch.
HeldOutBatch = Callable[[Data, Data, ArrayLike, int], Batch]


@dataclass(frozen=True)
class Task:
    """A task as a bundle of pure functions; the examples of a batch are scored one by one.

    Attributes:
      name: the name under which results report it.
      n_in: number of inputs per step.
      n_out: number of outputs per step.
      n_steps: steps of time the network runs.
      n_reads: outputs are read at the last n_reads steps.
      draw: `(key, hparams, size) -> data` that one member holds fixed, such as the labels it is to remember, for
        batches of `size` examples.
      batch: `(shared, data, key, step, size) -> Batch`, the training batch of a step, whose key and number it is given.
      evaluation: `(shared, data, i, size) -> Batch`, the rows from `i * size` on of the set that results report, which
        does not change while training. They depend on their places alone; rows past the end weigh nothing.
      n_evaluation: number of examples in it.
      score: `(outputs, target) -> scalars` by name of ONE example, from outputs `[n_reads, n_out]`. Training descends
        the weighted mean of `loss`, which is one of them; evaluation reports the weighted mean of every entry.
      measures: `(scores, hparams, network) -> numbers` by name that a result reports besides, computed on the host.
      chance: loss of the best constant answer, or of guessing.
      objective: the score or measure that a search is told, on the validation set, and that results report.
      reported: the scores and measures that tables show; the objective is added where it is missing.
      maximize: whether a larger objective is better.
      shared: `() -> arrays` that all members read and none holds, such as a corpus; made once for a population.
      hyperparameters: the entries of `hparams` that the task reads; a bare value is a default.
      validation: as `evaluation`, another set of the same size, which a search is told of; None where the task is to
        remember what it was shown, and there is one set only.
      expand: `(network, settings) -> settings`, or changes to a search space, written for networks of any size, with
        the task's own names in place of derived ones; by default they stay as they are.
      fit: `(network, settings) -> Task` whose arrays are large enough for every setting and range among several; None
        where no setting asks for another size.
      initial_settings: settings known to be good for the task, as `expand` takes them.
      space: changes to the ranges of a search for short runs of the task, as `expand` takes them.
      builder: the name of the function that built it, where `one_for_equal_arguments` knows.
      arguments: that function's; with them the task can be built again.

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
    draw: Callable[[Key[Array, ""], HParams, int], Data]
    batch: Callable[[Data, Data, Key[Array, ""], ArrayLike, int], Batch]
    evaluation: HeldOutBatch
    n_evaluation: int
    score: Callable[[Float[Array, "n_reads n_out"], Any], Mapping[str, Array]]
    measures: Callable[[Mapping[str, float], HParams, Network], Mapping[str, float]]
    chance: float
    objective: str = "loss"
    reported: tuple[str, ...] = ()
    maximize: bool = False
    shared: Callable[[], Data] = lambda: ()
    hyperparameters: Mapping[str, Hyperparameter] = field(default_factory=dict, hash=False)
    validation: HeldOutBatch | None = None
    expand: Callable[[Network, Settings], Settings] = lambda network, settings: settings
    fit: Callable[[Network, Sequence[Settings]], "Task"] | None = None
    initial_settings: tuple[Settings, ...] = field(default=(), hash=False)
    space: Settings = field(default_factory=dict, hash=False)
    builder: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self):
        complete = {name: declared(name, given) for name, given in self.hyperparameters.items()}
        object.__setattr__(self, "hyperparameters", complete)
        if self.objective not in self.reported:
            object.__setattr__(self, "reported", (*self.reported, self.objective))


def fit_task(task: Task, network: Network, settings: Sequence[Settings]) -> Task:
    """The task sized for a network and for every setting and range among `settings`."""
    return task.fit(network, settings) if task.fit else task


def one_for_equal_arguments(build: Callable[Arguments, Task]) -> Callable[Arguments, Task]:
    """Makes a builder give one object for equal arguments: it is then compiled once, and reads its data once."""
    parameters = signature(build)

    @lru_cache(maxsize=None, typed=True)
    def built(**arguments):
        task = build(**arguments)  # pyright: ignore[reportCallIssue]
        return task if task.builder else replace(task, builder=build.__name__, arguments=arguments)

    @wraps(build)
    def builder(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Task:
        bound = parameters.bind(*args, **kwargs)
        bound.apply_defaults()
        try:
            hash(tuple(bound.arguments.values()))
        except TypeError:
            # An argument of a wrong kind, which the builder refuses in its own words.
            return build(*args, **kwargs)
        return built(**bound.arguments)

    return builder


def row_keys(
    key: Key[Array, ""], first: int, i: ArrayLike, size: int
) -> tuple[Int[Array, " size"], Key[Array, " size"]]:
    """The i-th rows of a set, and a key for each: the set is then the same whatever the size of its batches."""
    rows = jnp.asarray(i) * size + jnp.arange(size)
    return rows, jax.vmap(partial(jax.random.fold_in, key))(first + rows)
