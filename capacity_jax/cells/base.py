"""The one type every cell is: pure functions on a single example."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, Protocol

import jax
import jax.numpy as jnp
from jax import lax
from jax.interpreters.partial_eval import dce_jaxpr
from jaxtyping import Array, Float, Key

from capacity_jax.cells.hyperparameters import Hyperparameter, declared

Params = Any
State = Any
HParams = Mapping[str, Any]

NO_HPARAMS: HParams = MappingProxyType({})


class Init(Protocol):
    """Draws a cell's parameters, a tree whose floating leaves are trained."""

    def __call__(self, key: Key[Array, ""], n_in: int, n_hidden: int, hparams: HParams) -> Params:
        """The parameters for `n_in` inputs and `n_hidden` units."""
        ...


@dataclass(frozen=True)
class Cell:
    """A recurrent cell as a bundle of pure functions on ONE example, without a batch axis.

    Batches, members and time come from `jax.vmap` and `jax.lax.scan` outside.

    Attributes:
      name: the name under which results report it.
      init: see `Init`.
      initial_state: `(params) -> state` before the first step, which is learned if it is read from the parameters.
      step: `(params, state, x) -> (state, y)`, one step of time, from an input `[n_in]` to an output `[n_hidden]`. A
        cell that lists `nonlinearity` among its hyperparameters takes the function as a fourth argument, `jnp.tanh` by
        default.
      hyperparameters: the entries of `hparams` that `init` and `step` read; a bare value is the default of one that
        may be any number of its type.
      square: whether inputs must have n_hidden values; a network then projects its input first.
      input_bias: whether that projection has a bias.
      batch_last: whether `step` (and `scan`) also take a batch on a trailing axis: x `[n_in, batch]`, state and biases
        `[n_hidden, batch]` or `[n_hidden, 1]`. They do if all matrix products are by `linear` and all else is
        elementwise or a split of the leading axis. Other cells are mapped over the batch.
      scan: `(params, state, xs) -> ys`, all steps at once, `[n_steps, n_in]` to `[n_steps, n_hidden]`: what a cell with
        a parallel form offers beside `step`, and equal to it. A network then runs long sequences layer by layer,
        but where a population trains on CPUs, whose cores take the steps in turn.
      short_scan: `(params, state, xs) -> ys`, from a list of a few inputs to one of outputs, equal to the steps: what a
        cell offers that computes a few steps at less cost together. A network then runs short sequences by it.
      weights: names of the parameters that are weights, to which L2 decay applies, as they stand in the tree's paths.
        By default all matrices from whose values no initial state is read.
      frozen: names of the parameters that stay as they are drawn, as they stand in the tree's paths. No gradient
        reaches them in a `Network`, no decay applies to them, and they do not count as parameters.
      units_multiple: the number of units must be a multiple of this, such as the number of heads.
      family: what the cell is nonlinear in, where known. R: its state, at every step. G: its input, once, through a
        gate or an activation. B: not even that, but for products of linear terms. L: linear and time-invariant.

    Example:
      >>> import jax, jax.numpy as jnp
      >>> from capacity_jax import Cell
      >>> leaky = Cell(
      ...     name="leaky",
      ...     init=lambda key, n_in, n_hidden, hparams: {"W": jax.random.normal(key, (n_in, n_hidden))},
      ...     initial_state=lambda params: jnp.zeros(params["W"].shape[1]),
      ...     step=lambda params, h, x: (0.9 * h + x @ params["W"],) * 2,
      ... )
      >>> leaky.state_size(n_hidden=16)
      16
    """

    name: str
    init: Init
    initial_state: Callable[[Params], State]
    step: Callable[..., tuple[State, Float[Array, " n_hidden"]]]
    hyperparameters: Mapping[str, Hyperparameter] = field(default_factory=dict, hash=False)
    square: bool = False
    input_bias: bool = False
    batch_last: bool = False
    scan: Callable[..., Float[Array, "n_steps n_hidden"]] | None = None
    short_scan: Callable[..., list[Float[Array, " n_hidden"]]] | None = None
    weights: tuple[str, ...] | None = None
    frozen: tuple[str, ...] = ()
    units_multiple: int = 1
    family: Literal["R", "G", "B", "L"] | None = None

    def __post_init__(self):
        complete = {name: declared(name, given) for name, given in self.hyperparameters.items()}
        object.__setattr__(self, "hyperparameters", complete)

    def state_size(self, n_hidden: int) -> int:
        """Number of real values the cell carries from one step to the next at width n_hidden."""
        state = jax.eval_shape(lambda: self.initial_state(self.init(jax.random.key(0), n_hidden, n_hidden, {})))
        return sum(leaf.size * (2 if jnp.iscomplexobj(leaf) else 1) for leaf in jax.tree.leaves(state))

    def check_units(self, n_hidden: int) -> None:
        """Raises ValueError unless the cell can have so many units."""
        if n_hidden % self.units_multiple:
            raise ValueError(f"n_hidden is {n_hidden}; {self.name} needs a multiple of {self.units_multiple}")

    def decayed(self, params: Params) -> Any:
        """For each leaf of the parameters, whether it is a weight, to which L2 decay applies."""
        trained = self.trained(params)
        if self.weights is not None:
            return jax.tree.map(lambda named, trains: named and trains, _named(params, self.weights), trained)
        return jax.tree.map(
            lambda leaf, read, trains: leaf.ndim > 1 and not read and trains,
            params,
            leaves_read(self.initial_state, params),
            trained,
        )

    def trained(self, params: Params) -> Any:
        """For each leaf of the parameters, whether it is trained."""
        return jax.tree.map(lambda frozen: not frozen, _named(params, self.frozen))

    def without_frozen_gradients(self, params: Params) -> Params:
        """The parameters, from which no gradient reaches those that are frozen."""
        return jax.tree.map(
            lambda leaf, trains: leaf if trains else lax.stop_gradient(leaf), params, self.trained(params)
        )


def leaves_read(function: Callable[[Params], Any], params: Params) -> Any:
    """For each leaf of the parameters, whether what a function of them gives depends on its values.

    Example:
      >>> import jax.numpy as jnp
      >>> from capacity_jax.cells.base import leaves_read
      >>> leaves_read(lambda params: params["h0"] + len(params["W"]), {"h0": jnp.ones(2), "W": jnp.ones((2, 2))})
      {'W': False, 'h0': True}
    """
    closed = jax.make_jaxpr(function)(params)
    _, read = dce_jaxpr(closed.jaxpr, [True] * len(closed.out_avals))
    return jax.tree.structure(params).unflatten(read)


def _named(params, names):
    """For each leaf, whether one of the names stands in its path."""
    return jax.tree_util.tree_map_with_path(lambda path, _: not set(names).isdisjoint(_keys(path)), params)


def _keys(path):
    return [getattr(entry, "key", getattr(entry, "name", None)) for entry in path]
