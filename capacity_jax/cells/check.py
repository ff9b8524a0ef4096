"""Whether somebody's cell is one: its functions tried on shapes alone."""

import jax
import jax.numpy as jnp

from capacity_jax.cells.base import NO_HPARAMS, Cell
from capacity_jax.cells.hyperparameters import with_defaults

PROBED_IN, PROBED_HIDDEN = 3, 5


def check_cell(cell: Cell) -> None:
    """Tries a cell of 5 units, or a multiple that it can have, on 3 inputs or, if it is square, as many; shapes alone.

    Raises:
      ValueError: a parameter cannot be trained, the output of a step is not one value for each unit, or a step changes
        the shapes of the state; one sentence says which.

    Example:
      >>> import jax.numpy as jnp
      >>> from capacity_jax import Cell
      >>> from capacity_jax.cells.check import check_cell
      >>> init = lambda key, n_in, n_hidden, hparams: {"W": jnp.ones((n_in, n_hidden))}
      >>> step = lambda params, h, x: (h, jnp.append(x @ params["W"], 1.0))
      >>> check_cell(Cell("wide", init, lambda params: jnp.zeros(()), step))
      Traceback (most recent call last):
      ValueError: the step of cell wide of 5 units puts out shape (6,); it must be (5,)
    """
    n_hidden = PROBED_HIDDEN * cell.units_multiple
    n_in = n_hidden if cell.square else PROBED_IN
    hparams = with_defaults(cell.hyperparameters, NO_HPARAMS)
    params = jax.eval_shape(lambda: cell.init(jax.random.key(0), n_in, n_hidden, hparams))
    for path, leaf in jax.tree_util.tree_leaves_with_path(params):
        if not jnp.issubdtype(leaf.dtype, jnp.floating):
            name = jax.tree_util.keystr(path)
            raise ValueError(f"params{name} of cell {cell.name} is {leaf.dtype}; it must be floating, to be trained")
    state = jax.eval_shape(lambda params: cell.initial_state(params), params)
    after, y = jax.eval_shape(cell.step, params, state, jax.ShapeDtypeStruct((n_in,), jnp.float32))
    if y.shape != (n_hidden,):
        raise ValueError(
            f"the step of cell {cell.name} of {n_hidden} units puts out shape {y.shape}; it must be {(n_hidden,)}"
        )
    before, after = (jax.tree.map(lambda leaf: leaf.shape, tree) for tree in (state, after))
    if before != after:
        raise ValueError(f"the step of cell {cell.name} turns a state of shapes {before} into {after}; both must agree")
