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
from typing import Any, ClassVar

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
    GATE_PARAMETERS,
    draw_weights,
    initial_leaves,
    nonlinearity_of,
    state_names,
    step_on_batch,
)


class PureCell(nn.RNNCellBase):
    """A pure cell as a linen module: the base of the six, and of any whose class sets `pure`.

    A pure cell fits if its weights are those that `capacity_jax.cells.weights.init_gates` draws and its other
    parameters are its learned initial state, n_hidden values each.

    Attributes:
      features: number of units.
      hparams: hyperparameters of the pure cell (`pure.hyperparameters` lists them): scales, the kind of
        initial matrices, `forget_gate_bias_hack`, and the words `nonlinearity="tanh"` or `"relu"`.
      kernel_init: draws the input matrix of each gate, in place of what hparams say.
      recurrent_kernel_init: draws the recurrent matrix of each gate, in place of what hparams say.
      bias_init: draws the bias of each gate, in place of what hparams say.
      dtype: of the computation; None infers it from inputs, carry and parameters.
      param_dtype: of the parameters and of a carry that `initialize_carry` makes.
      carry_init: draws the carry, or the initial value of the learned initial state.
      learned_initial_state: whether sequences start from parameters `h0` (and `c0`) in place of a drawn
        carry.

    Raises:
      ValueError: features is not a whole number of at least 1, or hparams holds a name the cell does not
        have.
    """

    features: int
    hparams: Mapping[str, Any] = FrozenDict()
    kernel_init: Initializer | None = None
    recurrent_kernel_init: Initializer | None = None
    bias_init: Initializer | None = None
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    carry_init: Initializer = zeros
    learned_initial_state: bool = False

    pure: ClassVar[Cell]

    def __post_init__(self):
        check_size("features", self.features)
        nonlinearity_of(self.pure, self.hparams)  # which checks them
        # A module hashes its fields, and a plain dict has no hash.
        object.__setattr__(self, "hparams", FrozenDict(self.hparams))
        super().__post_init__()

    def setup(self):
        """Declares the learned initial state."""
        # Here and not in __call__: nn.RNN asks for the carry before it first calls the cell.
        if self.learned_initial_state:
            self.initial = {
                name: self.param(name, self.carry_init, (self.features,), self.param_dtype)
                for name in state_names(self.pure)
            }

    @nn.compact
    def __call__(
        self, carry: State, inputs: Float[Array, "*batch n_in"]
    ) -> tuple[State, Float[Array, "*batch features"]]:
        """One step of time: the new carry and the output."""
        inits = (self.kernel_init, self.recurrent_kernel_init, self.bias_init)
        weights = {
            name: self.param(
                name,
                draw_weights,
                self.pure,
                name,
                jnp.shape(inputs)[-1],
                self.features,
                self.hparams,
                init,
                self.param_dtype,
            )
            for name, init in zip(GATE_PARAMETERS, inits, strict=True)
        }
        return step_on_batch(self.pure, nonlinearity_of(self.pure, self.hparams), weights, carry, inputs, self.dtype)

    @nn.nowrap
    def initialize_carry(self, rng: Key[Array, ""], input_shape: tuple[int, ...]) -> State:
        """The state before the first step, arrays `[*batch, features]`; input_shape is `(*batch, n_in)`.

        A learned initial state is read from the parameters, so the module must be bound: it is inside
        `nn.RNN` and inside any module that calls this from its own methods; elsewhere use
        `cell.apply(variables, rng, input_shape, method="initialize_carry")`.

        Raises:
          ValueError: the initial state is learned and the module is not bound to parameters.
        """
        shape = (*input_shape[:-1], self.features)
        if not self.learned_initial_state:
            return self.pure.initial_state(initial_leaves(self.pure, rng, self.carry_init, shape, self.param_dtype))
        if self.scope is None:
            raise ValueError(
                "learned_initial_state is True but the module is unbound, without parameters to read it; "
                "allowed: initialize_carry within a module, cell.apply or cell.init_with_output, or False"
            )
        return self.pure.initial_state({name: jnp.broadcast_to(leaf, shape) for name, leaf in self.initial.items()})

    @property
    def num_feature_axes(self) -> int:
        """One: an example's input is a vector."""
        return 1


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
