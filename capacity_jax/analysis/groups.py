"""The parameters of a network by what they do."""

from typing import Any

import jax

from capacity_jax.cells.base import Params, leaves_read
from capacity_jax.networks import Network

GROUPS = ("recurrent", "input", "biases", "initial state", "readout", "other")


def parameter_groups(network: Network, params: Params) -> Any:
    """For each leaf of the parameters the group that it belongs to, one of `GROUPS`.

    Recurrent weights are those named `W_h…`, input weights those named `W_x…` and the projection; biases are vectors of
    a layer, unless an initial state is read from them; the readout has its bias with it.

    Example:
      >>> import jax
      >>> from capacity_jax import Network, rnn
      >>> from capacity_jax.analysis import parameter_groups
      >>> network = Network(rnn, 2, 3, 1)
      >>> parameter_groups(network, network.init(jax.random.key(0)))["layers"]
      [{'W_h': 'recurrent', 'W_x': 'input', 'b': 'biases', 'h0': 'initial state'}]
    """

    def of_layer(layer):
        read = leaves_read(network.cell.initial_state, layer)
        return jax.tree_util.tree_map_with_path(_group, layer, read)

    def outside(name):
        return jax.tree.map(lambda _: "readout" if name == "readout" else "input", params[name])

    groups = {name: outside(name) for name in params if name != "layers"}
    return groups | {"layers": [of_layer(layer) for layer in params["layers"]]}


def _group(path, leaf, read_by_initial_state):
    name = str(getattr(path[-1], "key", ""))
    if read_by_initial_state:
        return "initial state"
    if leaf.ndim < 2:
        return "biases"
    return "recurrent" if name.startswith("W_h") else "input" if name.startswith("W_x") else "other"
