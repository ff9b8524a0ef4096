"""Our cells as `flax.linen` modules, for `nn.RNN`, `nn.Bidirectional`, `nn.scan` and a user's own modules.

The parameters of a module have the names and shapes of the pure cell's: `W_x [n_in, n_gates·features]`,
`W_h [features, n_gates·features]`, `b [n_gates·features]` and, where the initial state is learned, `h0
[features]` (of the LSTM also `c0`).

    >>> import jax, jax.numpy as jnp
    >>> from flax import linen as nn
    >>> from capacity_jax.flax.linen import UGRNNCell
    >>> layer = nn.RNN(UGRNNCell(features=32, learned_initial_state=True))
    >>> xs = jnp.ones((8, 20, 5))  # batch, time, inputs
    >>> variables = layer.init(jax.random.key(0), xs)
    >>> layer.apply(variables, xs).shape
    (8, 20, 32)
"""

from collections.abc import Mapping
from functools import cache, partial
from typing import Any, ClassVar, cast

import jax.numpy as jnp
from flax import linen as nn
from flax.core import FrozenDict
from flax.typing import Dtype, Initializer
from jax.nn.initializers import zeros
from jaxtyping import Array, Float, Key

from capacity_jax.cells import gru, intersection, irnn, lstm, rnn, ugrnn
from capacity_jax.cells.base import Cell, State
from capacity_jax.checks import check_size
from capacity_jax.flax.adapter import (
    abstract_parameters,
    class_name,
    draw_parameters,
    drawn_like,
    initial_carry,
    initialisers,
    nonlinearity_of,
    roles,
    step_on_batch,
)


class PureCell(nn.RNNCellBase):
    """A pure cell as a linen module: the base of the six, and of the classes that `linen_cell` makes.

    Attributes:
      features: number of units.
      hparams: hyperparameters of the pure cell (`pure.hyperparameters` lists them): scales, the kind of
        initial matrices, `forget_gate_bias_hack`, and the words `nonlinearity="tanh"` or `"relu"`.
      kernel_init: draws `W_x`, gate by gate, in place of the cell.
      recurrent_kernel_init: draws `W_h`, gate by gate, in place of the cell.
      bias_init: draws `b` (and `b_h`), gate by gate, in place of the cell.
      dtype: of the computation; None infers it from inputs, carry and parameters.
      param_dtype: of the parameters and of a carry that `initialize_carry` makes.
      carry_init: draws the carry, by default zeros, or the initial value of the learned initial state, by default
        as the cell does.
      learned_initial_state: whether the parameters that only the initial state reads (`h0`, of the LSTM also
        `c0`) are parameters of the module; without it they are drawn by `carry_init` for each carry.

    Raises:
      ValueError: features is not a whole number of at least 1, hparams holds a name the cell does not have, an
        initialiser is given for a parameter it does not have, or its parameters are not a dict of trained arrays.
    """

    features: int
    hparams: Mapping[str, Any] = FrozenDict()
    kernel_init: Initializer | None = None
    recurrent_kernel_init: Initializer | None = None
    bias_init: Initializer | None = None
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    carry_init: Initializer | None = None
    learned_initial_state: bool = False

    pure: ClassVar[Cell]

    def __post_init__(self):
        check_size("features", self.features)
        nonlinearity_of(self.pure, self.hparams)  # which checks them
        self._inits()
        # A module hashes its fields, and a plain dict has no hash.
        object.__setattr__(self, "hparams", FrozenDict(self.hparams))
        super().__post_init__()

    @nn.compact
    def __call__(
        self, carry: State, inputs: Float[Array, "*batch n_in"]
    ) -> tuple[State, Float[Array, "*batch features"]]:
        """One step of time: the new carry and the output."""
        n_in = jnp.shape(inputs)[-1]
        held = abstract_parameters(self.pure, n_in, self.features)
        if not self.learned_initial_state:
            held = [name for name in held if name not in roles(self.pure).initial]
        params = self._parameters(held, n_in)
        nonlinearity = nonlinearity_of(self.pure, self.hparams)
        return step_on_batch(self.pure, nonlinearity, params, carry, inputs, self.features, self.dtype)

    @nn.nowrap
    def initialize_carry(self, rng: Key[Array, ""], input_shape: tuple[int, ...]) -> State:
        """The state before the first step, behind the batch axes; input_shape is `(*batch, n_in)`.

        A learned initial state is read from the parameters, so the module must be bound: it is inside
        `nn.RNN` and inside any module that calls this from its own methods; elsewhere use
        `cell.apply(variables, rng, input_shape, method="initialize_carry")`.

        Raises:
          ValueError: the initial state reads parameters and the module is not bound to them.
        """
        *batch, n_in = input_shape
        initial, shared = roles(self.pure)
        needed = (*initial, *shared) if self.learned_initial_state else shared
        if needed and self.scope is None:
            instead = "" if shared else ", or learned_initial_state=False"
            raise ValueError(
                f"the initial state of {self.pure.name} reads {', '.join(needed)} but the module is unbound, without "
                f"parameters; allowed: initialize_carry within a module, cell.apply or cell.init_with_output{instead}"
            )
        read = self._parameters(needed, n_in) if needed else {}
        draw = partial(drawn_like, self.carry_init or zeros, rng, batch=tuple(batch), dtype=self.param_dtype)
        return initial_carry(self.pure, n_in, self.features, read, tuple(batch), draw, self.param_dtype)

    @property
    def num_feature_axes(self) -> int:
        """One: an example's input is a vector."""
        return 1

    @nn.nowrap
    def _inits(self):
        options = ("kernel_init", "recurrent_kernel_init", "bias_init")
        return initialisers(self.pure, {option: getattr(self, option) for option in options})

    @nn.nowrap
    def _parameters(self, names, n_in):
        """The named parameters, drawn together where they are missing.

        Through the scope, because nn.RNN asks for the carry before it first calls the cell, and a module may
        declare parameters in `setup` or in that call alone.
        """
        scope = self.scope
        assert scope is not None

        def draw(key):
            return draw_parameters(
                self.pure,
                key,
                n_in,
                self.features,
                hparams=self.hparams,
                inits=self._inits(),
                carry_init=self.carry_init,
                dtype=self.param_dtype,
            )

        missing = any(not scope.has_variable("params", name) for name in names)
        drawn = draw(scope.make_rng("params")) if missing and scope.is_mutable_collection("params") else None

        def value(name):
            if scope.name_reserved(name, "params"):
                return nn.unbox(scope.get_variable("params", name))
            return scope.param(name, lambda key: (drawn or draw(key))[name])

        return {name: value(name) for name in names}


@cache
def linen_cell(cell: Cell) -> type[PureCell]:
    """The linen class of any pure cell.

    Args:
      cell: its parameters are a dict, of arrays or of trees of them, floating or complex. The state may be any
        tree, whole numbers included.

    Returns:
      A subclass of `PureCell`, the same for the same cell, whose parameters have the cell's names, shapes and
      nesting. `linen_to_pure` and `pure_to_linen` convert them.

    Example:
      >>> import jax, jax.numpy as jnp
      >>> from flax import linen as nn
      >>> from capacity_jax.cells import gru_reset_after
      >>> from capacity_jax.flax import linen_cell
      >>> layer = nn.RNN(linen_cell(gru_reset_after)(features=4))
      >>> variables = layer.init(jax.random.key(0), jnp.ones((5, 3)))
      >>> sorted(variables["params"]["cell"])
      ['W_h', 'W_x', 'b', 'b_h']
    """
    members = {"pure": cell, "__doc__": f"The cell {cell.name!r} as a linen module.", "__module__": __name__}
    return cast(type[PureCell], type(class_name(cell), (PureCell,), members))


class RNNCell(PureCell):
    """The vanilla network, h' = s(W_h h + W_x x + b); see `capacity_jax.cells.rnn`."""

    pure = rnn


class IRNNCell(PureCell):
    """The ReLU network that starts from the identity; see `capacity_jax.cells.irnn`."""

    pure = irnn


class UGRNNCell(PureCell):
    """The update gate network; see `capacity_jax.cells.ugrnn`."""

    pure = ugrnn


class GRUCell(PureCell):
    """The gated recurrent unit, reset before the product, unlike Flax's; see `capacity_jax.cells.gru`."""

    pure = gru


class LSTMCell(PureCell):
    """Long short-term memory with the carry (c, h), as Flax's; see `capacity_jax.cells.lstm`."""

    pure = lstm


class IntersectionRNNCell(PureCell):
    """The +RNN, for inputs of `features` values; see `capacity_jax.cells.intersection`."""

    pure = intersection
