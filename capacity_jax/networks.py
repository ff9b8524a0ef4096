"""Cells stacked, fed and read out; the width that a budget of parameters buys."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import pairwise
from math import isqrt, sqrt

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Key

from capacity_jax.cells.base import NO_HPARAMS, Cell, HParams, Params
from capacity_jax.cells.hyperparameters import with_defaults
from capacity_jax.cells.linear import linear, rows_times_columns
from capacity_jax.cells.weights import chosen_nonlinearity, normal_matrix
from capacity_jax.checks import check_size

# A short scan is unrolled: on CPU the loop and its copies cost more than the steps of a narrow layer.
UNROLL_UP_TO = 12


@dataclass(frozen=True)
class Network:
    """A stack of equal cells with a linear readout, on ONE sequence.

    Attributes:
      cell: the cell of every layer.
      n_in: number of inputs. A square cell hears them through a projection to n_hidden.
      n_hidden: units per layer.
      n_out: number of outputs.
      depth: number of layers.

    Raises:
      ValueError: a size is not a whole number of at least 1, or the cell cannot have so many units.

    Example:
      >>> import jax, jax.numpy as jnp
      >>> from capacity_jax import Network, lstm
      >>> network = Network(lstm, n_in=8, n_hidden=16, n_out=3, depth=2)
      >>> params = network.init(jax.random.key(0))
      >>> network.apply(params, jnp.ones((20, 8))).shape
      (20, 3)
      >>> network.n_params
      3827
    """

    cell: Cell
    n_in: int
    n_hidden: int
    n_out: int
    depth: int = 1

    def __post_init__(self):
        for name in ("n_in", "n_hidden", "n_out", "depth"):
            check_size(name, getattr(self, name))
        self.cell.check_units(self.n_hidden)

    def init(self, key: Key[Array, ""], hparams: HParams = NO_HPARAMS) -> Params:
        """Draws `{"layers": [...], "readout": {"W", "b"}}`, and for a square cell `"projection"`: `W`, or `{"W", "b"}`.

        All layers share the hyperparameters. Matrices of readout and projection start at variance 1/inputs, the
        readout's bias at 0, the projection's at variance 1, which is what inputs of −1 and 1 bring.

        Raises:
          ValueError: hparams hold a name that the cell does not have, or a value that is not allowed.
        """
        hparams = with_defaults(self.cell.hyperparameters, hparams)
        *layer_keys, projection_key, readout_key = jax.random.split(key, self.depth + 2)
        widths = [self.n_hidden if self.cell.square else self.n_in] + [self.n_hidden] * (self.depth - 1)
        params = {
            "layers": [
                self.cell.init(layer_key, width, self.n_hidden, hparams)
                for layer_key, width in zip(layer_keys, widths, strict=True)
            ],
            "readout": {"W": normal_matrix(readout_key, self.n_hidden, self.n_out), "b": jnp.zeros(self.n_out)},
        }
        if self.cell.square:
            W = normal_matrix(projection_key, self.n_in, self.n_hidden)
            params["projection"] = W
            if self.cell.input_bias:
                bias = jax.random.normal(jax.random.fold_in(projection_key, 1), (self.n_hidden,))
                params["projection"] = {"W": W, "b": bias}
        return params

    def apply(
        self,
        params: Params,
        xs: Float[Array, "n_heard n_in *batch"],
        hparams: HParams = NO_HPARAMS,
        *,
        n_steps: int | None = None,
        n_reads: int | None = None,
    ) -> Float[Array, "n_reads *batch n_out"]:
        """Runs the network over a sequence, or over a batch of them stacked on a trailing axis.

        Args:
          params: as `init` draws them.
          xs: the input; after its end the network hears zeros.
          hparams: those that choose the nonlinearity, for a cell that has the choice.
          n_steps: steps to run, by default as many as xs has.
          n_reads: outputs are read at the last n_reads steps, by default at all.

        Returns:
          The outputs of the last n_reads steps.

        Raises:
          ValueError: n_steps or n_reads is not a whole number of at least 1, or does not fit xs.
        """
        n_heard = len(xs)
        n_steps = n_heard if n_steps is None else n_steps
        n_reads = n_steps if n_reads is None else n_reads
        check_size("n_steps", n_steps)
        check_size("n_reads", n_reads)
        if n_steps < n_heard or n_steps < n_reads:
            raise ValueError(
                f"n_steps is {n_steps} and n_reads {n_reads}; allowed: n_steps of at least {n_heard}, the "
                "length of xs, and 1 to n_steps reads"
            )
        if xs.ndim > 2 and not self.cell.batch_last:
            one = partial(self.apply, params, hparams=hparams, n_steps=n_steps, n_reads=n_reads)
            return jax.vmap(one, -1, 1)(xs)
        params = {**params, "layers": [self.cell.without_frozen_gradients(layer) for layer in params["layers"]]}
        if xs.ndim > 2:
            heard = {name: params[name] for name in params if name != "readout"}
            columns = jax.tree.map(lambda leaf: leaf[:, None] if leaf.ndim == 1 else leaf, heard)
            params = {**params, **columns}
        # The steps after the end of the input, which cost next to nothing, are most of a short sequence.
        if n_steps <= UNROLL_UP_TO:
            run = self._in_short if self.cell.short_scan else self._step_by_step
        else:
            # A core gains nothing from doing more work side by side: matrix states take it up to seven times as long.
            in_parallel = self.cell.scan and not rows_times_columns.value
            run = self._layer_by_layer if in_parallel else self._step_by_step
        outputs = run(params, xs, hparams, n_steps, n_reads)
        return jnp.broadcast_to(outputs, (n_reads, *xs.shape[2:], self.n_out))

    def decayed(self, params: Params) -> Params:
        """For each leaf of the parameters, whether it is a weight, to which L2 decay applies."""
        return {
            "layers": [self.cell.decayed(layer) for layer in params["layers"]],
            "readout": {"W": True, "b": False},
            **({"projection": {"W": True, "b": False} if self.cell.input_bias else True} if self.cell.square else {}),
        }

    def with_nonlinearity(self, function: Callable | None, hparams: HParams) -> Callable:
        """A cell's step or scan under the nonlinearity that hparams choose, where it has the choice."""
        assert function is not None
        if "nonlinearity" not in self.cell.hyperparameters:
            return function
        nonlinearity = chosen_nonlinearity(hparams)
        return lambda params, state, x: function(params, state, x, nonlinearity)

    def _layer_by_layer(self, params, xs, hparams, n_steps, n_reads):
        """Each layer over the whole sequence, as a cell with a parallel form does it."""
        ys = jnp.pad(xs, [(0, n_steps - len(xs))] + [(0, 0)] * (xs.ndim - 1))
        if self.cell.square:
            ys = jax.vmap(partial(self._project, params))(ys)
        scan = self.with_nonlinearity(self.cell.scan, hparams)
        for layer in params["layers"]:
            ys = scan(layer, self.cell.initial_state(layer), ys)
        return jax.vmap(partial(_read, params["readout"]))(ys[n_steps - n_reads :])

    def _in_short(self, params, xs, hparams, n_steps, n_reads):
        """Each layer over a few steps together, as a cell does it that offers so."""
        silence = np.zeros((self.n_in, 1)[: xs.ndim - 1], xs.dtype)
        ys = [*xs, *[silence] * (n_steps - len(xs))]
        if self.cell.square:
            ys = [self._project(params, y) for y in ys]
        short_scan = self.with_nonlinearity(self.cell.short_scan, hparams)
        for layer in params["layers"]:
            ys = short_scan(layer, self.cell.initial_state(layer), ys)
        return jnp.stack([_read(params["readout"], y) for y in ys[n_steps - n_reads :]])

    def _step_by_step(self, params, xs, hparams, n_steps, n_reads):
        """All layers within each step of time."""
        n_heard, first_read = len(xs), n_steps - n_reads
        states = [self.cell.initial_state(layer) for layer in params["layers"]]
        silence = np.zeros((self.n_in, 1)[: xs.ndim - 1], xs.dtype)
        step = self.with_nonlinearity(self.cell.step, hparams)

        def advance(states, x):
            x = silence if x is None else x
            y = self._project(params, x) if self.cell.square else x
            new_states = []
            for layer, state in zip(params["layers"], states, strict=True):
                state, y = step(layer, state, y)
                new_states.append(state)
            return new_states, y

        def advance_and_read(states, x):
            states, y = advance(states, x)
            return states, _read(params["readout"], y)

        outputs = []
        # Steps that hear nothing or are not read go apart, so that their products are never computed; so does the
        # first one, whose recurrent product is then the same for a whole batch and computed once.
        for start, stop in pairwise(sorted({0, 1, n_heard, first_read, n_steps})):
            heard = xs[start:stop] if start < n_heard else None
            step_over = advance_and_read if start >= first_read else advance
            states, ys = _scan(step_over, states, heard, stop - start, unroll=n_steps <= UNROLL_UP_TO)
            if start >= first_read:
                outputs.append(ys)
        return jnp.concatenate(outputs)

    def _project(self, params, x):
        """What the first layer of square cells hears."""
        if not self.cell.input_bias:
            return linear(params["projection"], x)
        return linear(params["projection"]["W"], x) + params["projection"]["b"]

    @property
    def n_params(self) -> int:
        """Number of trained values: weights, biases, learned initial states, readout; not what stays as it is drawn."""
        return _count(self)


def _read(readout, y):
    # Outputs of one example side by side, as a task's score reads them.
    outputs = lax.dot_general(y, readout["W"], (((0,), (0,)), ((), ())))
    return outputs + jnp.broadcast_to(readout["b"], outputs.shape)


def _scan(advance, states, xs, length, unroll):
    if length > 1:
        return lax.scan(advance, states, xs, length, unroll=length if unroll else 1)
    states, y = advance(states, None if xs is None else xs[0])
    return states, y[None]


@cache
def _count(network: Network) -> int:
    if network.depth > 2:
        # Layers from the second on are alike, and tracing them takes long.
        one, two = (_count(replace(network, depth=depth)) for depth in (1, 2))
        return one + (network.depth - 1) * (two - one)
    params = jax.eval_shape(lambda: network.init(jax.random.key(0)))
    frozen = sum(
        leaf.size
        for layer in params["layers"]
        for leaf, trains in zip(jax.tree.leaves(layer), jax.tree.leaves(network.cell.trained(layer)), strict=True)
        if not trains
    )
    return sum(leaf.size for leaf in jax.tree.leaves(params)) - frozen


def units_for_budget(max_params: int, cell: Cell, n_in: int, n_out: int, depth: int = 1) -> int:
    """The largest number of units per layer whose network has at most max_params parameters.

    Raises:
      ValueError: the budget does not pay for one unit; the message says what does.

    Example:
      >>> from capacity_jax import gru, units_for_budget
      >>> units_for_budget(10_000, gru, n_in=32, n_out=1)
      43
    """
    check_size("max_params", max_params)

    def cost(n_hidden: int) -> int:
        return Network(cell, n_in, n_hidden, n_out, depth).n_params

    # In units that the cell can have.
    least = cell.units_multiple
    if cost(least) > max_params:
        raise ValueError(
            f"max_params is {max_params}; the smallest {cell.name} network of depth {depth} with {n_in} inputs and "
            f"{n_out} outputs has {cost(least)} parameters"
        )
    # Each count traces the whole network. Parameters grow with the square of the width: three narrow networks, none of
    # which saves a projection by being as wide as the input, tell where to look, and two more mostly settle it.
    narrow = [n for n in range(1, 5) if least * n != n_in][:3]
    growth = np.polyfit(narrow, [cost(least * n) for n in narrow], 2) - [0, 0, max_params]
    guess = max(1, int(min((root.real for root in np.roots(growth) if root.real > 0), default=1) + 1e-6))
    enough, too_many = 1, isqrt(max_params) // least + 2
    for n in (guess + 1, guess):
        enough, too_many = (max(n, enough), too_many) if cost(least * n) <= max_params else (enough, n)
    while cost(least * too_many) <= max_params:
        enough, too_many = too_many, 2 * too_many
    while too_many - enough > 1:
        low, high = sqrt(cost(least * enough)), sqrt(cost(least * too_many))
        guess = enough + int((too_many - enough) * (sqrt(max_params) - low) / (high - low))
        middle = min(max(guess, enough + 1), too_many - 1)
        enough, too_many = (middle, too_many) if cost(least * middle) <= max_params else (enough, middle)
    return least * enough
