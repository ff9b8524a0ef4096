"""Our cells as `flax.nnx` modules, for `nnx.RNN`, `nnx.Bidirectional` and a user's own modules.

The parameters of a module have the names and shapes of the pure cell's: `W_x [in_features,
n_gates·hidden_features]`, `W_h [hidden_features, n_gates·hidden_features]`, `b [n_gates·hidden_features]`
and, where the initial state is learned, `h0 [hidden_features]` (of the LSTM also `c0`).

    >>> import jax.numpy as jnp
    >>> from flax import nnx
    >>> from capacity_jax.flax.nnx import UGRNNCell
    >>> layer = nnx.RNN(UGRNNCell(5, 32, learned_initial_state=True, rngs=nnx.Rngs(0)))
    >>> layer(jnp.ones((8, 20, 5))).shape  # batch, time, inputs
    (8, 20, 32)
"""

from typing import ClassVar

import jax.numpy as jnp
from flax import nnx
from flax.typing import Dtype, Initializer
from jax.nn.initializers import zeros
from jaxtyping import Array, Float

from capacity_jax.cells import gru, intersection, irnn, lstm, rnn, ugrnn
from capacity_jax.cells.base import NO_HPARAMS, Cell, HParams, State
from capacity_jax.checks import check_size
from capacity_jax.flax.adapter import (
    GATE_PARAMETERS,
    draw_weights,
    initial_leaves,
    nonlinearity_of,
    state_names,
    step_on_batch,
)


class PureCell(nnx.RNNCellBase):
    """A pure cell as an nnx module: the base of the six, and of any whose class sets `pure`.

    A pure cell fits if its weights are those that `capacity_jax.cells.weights.init_gates` draws and its other
    parameters are its learned initial state, n_hidden values each.
    """

    pure: ClassVar[Cell]

    def __init__(
        self,
        in_features: int,
        hidden_features: int,
        *,
        hparams: HParams = NO_HPARAMS,
        kernel_init: Initializer | None = None,
        recurrent_kernel_init: Initializer | None = None,
        bias_init: Initializer | None = None,
        dtype: Dtype | None = None,
        param_dtype: Dtype = jnp.float32,
        carry_init: Initializer = zeros,
        learned_initial_state: bool = False,
        rngs: nnx.Rngs,
    ):
        """Draws the parameters.

        Args:
          in_features: number of inputs.
          hidden_features: number of units.
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
          rngs: its `params` stream draws the parameters.

        Raises:
          ValueError: a size is not a whole number of at least 1, hparams holds a name the cell does not have,
            or the sizes differ where the cell needs them equal.
        """
        check_size("in_features", in_features)
        check_size("hidden_features", hidden_features)
        self.in_features, self.hidden_features = in_features, hidden_features
        self.dtype, self.param_dtype = dtype, param_dtype
        self.carry_init = carry_init
        self.learned_initial_state = learned_initial_state
        self.nonlinearity = nonlinearity_of(self.pure, hparams)
        inits = (kernel_init, recurrent_kernel_init, bias_init)
        for name, init in zip(GATE_PARAMETERS, inits, strict=True):
            drawn = draw_weights(
                rngs.params(), self.pure, name, in_features, hidden_features, hparams, init, param_dtype
            )
            setattr(self, name, nnx.Param(drawn))
        if learned_initial_state:
            leaves = initial_leaves(self.pure, rngs.params(), carry_init, (hidden_features,), param_dtype)
            for name, leaf in leaves.items():
                setattr(self, name, nnx.Param(leaf))

    def __call__(
        self, carry: State, inputs: Float[Array, "*batch in_features"]
    ) -> tuple[State, Float[Array, "*batch hidden_features"]]:
        """One step of time: the new carry and the output."""
        weights = {name: getattr(self, name)[...] for name in GATE_PARAMETERS}
        return step_on_batch(self.pure, self.nonlinearity, weights, carry, inputs, self.dtype)

    def initialize_carry(
        self,
        input_shape: tuple[int, ...],
        rngs: nnx.Rngs | nnx.RngStream | None = None,
        carry_init: Initializer | None = None,
    ) -> State:
        """The state before the first step.

        Args:
          input_shape: `(*batch, in_features)`.
          rngs: for an initialiser that draws; its `carry` stream if it has several. None serves the default,
            zeros.
          carry_init: in place of the cell's own initialiser; a learned initial state has no use for either.

        Returns:
          The carry, arrays `[*batch, hidden_features]`.

        Raises:
          ValueError: rngs is None and the initialiser is not zeros.
        """
        shape = (*input_shape[:-1], self.hidden_features)
        if self.learned_initial_state:
            leaves = {name: jnp.broadcast_to(getattr(self, name)[...], shape) for name in state_names(self.pure)}
            return self.pure.initial_state(leaves)
        init = self.carry_init if carry_init is None else carry_init
        if rngs is None and init is not zeros:
            raise ValueError("rngs is None; a carry_init other than zeros needs an nnx.Rngs or nnx.RngStream")
        stream = rngs.carry if isinstance(rngs, nnx.Rngs) else rngs
        key = None if stream is None else stream()
        return self.pure.initial_state(initial_leaves(self.pure, key, init, shape, self.param_dtype))

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
    """The +RNN, for `in_features == hidden_features`; see `capacity_jax.cells.intersection`."""

    pure = intersection
