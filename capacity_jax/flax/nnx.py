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

from functools import cache
from typing import Any, ClassVar, cast

import jax
import jax.numpy as jnp
from flax import nnx
from flax.typing import Dtype, Initializer
from jax.nn.initializers import zeros
from jaxtyping import Array, Float

from capacity_jax.cells import gru, intersection, irnn, lstm, rnn, ugrnn
from capacity_jax.cells.base import NO_HPARAMS, Cell, HParams, Params, State
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


class PureCell(nnx.RNNCellBase):
    """A pure cell as an nnx module: the base of the six, and of the classes that `nnx_cell` makes."""

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
        carry_init: Initializer | None = None,
        learned_initial_state: bool = False,
        rngs: nnx.Rngs,
    ):
        """Draws the parameters.

        Args:
          in_features: number of inputs.
          hidden_features: number of units.
          hparams: hyperparameters of the pure cell (`pure.hyperparameters` lists them): scales, the kind of
            initial matrices, `forget_gate_bias_hack`, and the words `nonlinearity="tanh"` or `"relu"`.
          kernel_init: draws `W_x`, gate by gate, in place of the cell.
          recurrent_kernel_init: draws `W_h`, gate by gate, in place of the cell.
          bias_init: draws `b` (and `b_h`), gate by gate, in place of the cell.
          dtype: of the computation; None infers it from inputs, carry and parameters.
          param_dtype: of the parameters and of a carry that `initialize_carry` makes.
          carry_init: draws the carry, by default zeros, or the initial value of the learned initial state, by
            default as the cell does.
          learned_initial_state: whether the parameters that only the initial state reads (`h0`, of the LSTM also
            `c0`) are parameters of the module; without it they are drawn by `carry_init` for each carry.
          rngs: its `params` stream draws the parameters.

        Raises:
          ValueError: a size is not a whole number of at least 1, hparams holds a name the cell does not have, the
            sizes differ where the cell needs them equal, an initialiser is given for a parameter it does not
            have, or its parameters are not a dict of trained arrays with names that are free.
        """
        check_size("in_features", in_features)
        check_size("hidden_features", hidden_features)
        self.in_features, self.hidden_features = in_features, hidden_features
        self.dtype, self.param_dtype = dtype, param_dtype
        self.carry_init = carry_init
        self.learned_initial_state = learned_initial_state
        self.nonlinearity = nonlinearity_of(self.pure, hparams)
        options = {
            "kernel_init": kernel_init,
            "recurrent_kernel_init": recurrent_kernel_init,
            "bias_init": bias_init,
        }
        drawn = draw_parameters(
            self.pure,
            rngs.params(),
            in_features,
            hidden_features,
            hparams=hparams,
            inits=initialisers(self.pure, options),
            carry_init=carry_init,
            dtype=param_dtype,
        )
        for name in self.held:
            if hasattr(self, name):
                raise ValueError(f"{self.pure.name} has a parameter {name!r}, which is a name of nnx modules")
            setattr(self, name, nnx.data(jax.tree.map(nnx.Param, drawn[name])))

    @property
    def held(self) -> list[str]:
        """Names of the pure cell's parameters that the module holds."""
        names = abstract_parameters(self.pure, self.in_features, self.hidden_features)
        return [name for name in names if self.learned_initial_state or name not in roles(self.pure).initial]

    def values(self) -> Params:
        """The parameters as arrays, by name."""
        return {name: jax.tree.map(nnx.Param.get_value, getattr(self, name), is_leaf=is_param) for name in self.held}

    def __call__(
        self, carry: State, inputs: Float[Array, "*batch in_features"]
    ) -> tuple[State, Float[Array, "*batch hidden_features"]]:
        """One step of time: the new carry and the output."""
        n_hidden = self.hidden_features
        return step_on_batch(self.pure, self.nonlinearity, self.values(), carry, inputs, n_hidden, self.dtype)

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
          The carry, arrays of an example's state behind the batch axes.

        Raises:
          ValueError: rngs is None and the initialiser is not zeros.
        """
        init = carry_init or self.carry_init or zeros

        def draw(like):
            if like and rngs is None and init is not zeros:
                raise ValueError("rngs is None; a carry_init other than zeros needs an nnx.Rngs or nnx.RngStream")
            stream = rngs.carry if isinstance(rngs, nnx.Rngs) else rngs
            key = jax.random.key(0) if stream is None else stream()
            return drawn_like(init, key, like, batch, self.param_dtype)

        batch, read = input_shape[:-1], self.values()
        n_in, n_hidden = self.in_features, self.hidden_features
        return initial_carry(self.pure, n_in, n_hidden, read, batch, draw, self.param_dtype)

    @property
    def num_feature_axes(self) -> int:
        """One: an example's input is a vector."""
        return 1


@cache
def nnx_cell(cell: Cell) -> type[PureCell]:
    """The nnx class of any pure cell.

    Args:
      cell: its parameters are a dict, of arrays or of trees of them, floating or complex. The state may be any
        tree, whole numbers included.

    Returns:
      A subclass of `PureCell`, the same for the same cell, with an `nnx.Param` for each array under the cell's names
      and nesting. `nnx_to_pure` and `pure_to_nnx` convert them.

    Example:
      >>> import jax.numpy as jnp
      >>> from flax import nnx
      >>> from capacity_jax.cells import gru_reset_after
      >>> from capacity_jax.flax import nnx_cell
      >>> layer = nnx.RNN(nnx_cell(gru_reset_after)(3, 4, rngs=nnx.Rngs(0)))
      >>> layer(jnp.ones((2, 5, 3))).shape
      (2, 5, 4)
    """
    members = {"pure": cell, "__doc__": f"The cell {cell.name!r} as an nnx module.", "__module__": __name__}
    return cast(Any, type(PureCell))(class_name(cell), (PureCell,), members)


def is_param(leaf: Any) -> bool:
    """Whether a leaf of a tree is a parameter, within which the tree ends."""
    return isinstance(leaf, nnx.Param)


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
