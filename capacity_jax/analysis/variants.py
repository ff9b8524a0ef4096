"""A trained network in many variants at once: one compiled program for all of them, and for all networks of a kind."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from capacity_jax.cells.base import Params
from capacity_jax.networks import Network
from capacity_jax.studies.trained import TrainedNetwork

# (network, params, value) -> network, params.
Variant = Callable[[Network, Params, Any], tuple[Network, Params]]


def outputs_of_variants(
    trained: TrainedNetwork, variant: Variant, values: Any
) -> Float[Array, "values examples n_reads n_out"]:
    """The outputs of a trained network for its own examples, in one variant for each value.

    Args:
      trained: the network; others of equal bucket share the compiled program.
      variant: `(network, params, value) -> network, params`, a function that is given again for the same program.
      values: what the variants differ in: an array, or a tree of arrays of one length.

    Example:
      >>> import jax.numpy as jnp, tempfile
      >>> from capacity_jax import load_network, measure_capacity
      >>> from capacity_jax.analysis import outputs_of_variants, quantize_params
      >>> with tempfile.TemporaryDirectory() as workdir:
      ...     capacity = measure_capacity("rnn", budgets=(120,), trials=0, train_steps=200, seeds=1, workdir=workdir)
      ...     trained = load_network(workdir, capacity.records[0].study)
      >>> def quantized(network, params, bits):
      ...     return network, quantize_params(params, bits)
      >>> outputs = outputs_of_variants(trained, quantized, jnp.arange(1, 9))
      >>> outputs.shape[0], outputs.shape[2:]
      (8, (1, 1))
    """
    examples = trained.examples()
    return _outputs(trained.bucket, variant, trained.params, trained.encoded_hparams, examples.xs, values)


@partial(jax.jit, static_argnums=(0, 1))
def _outputs(bucket, variant, params, hparams, xs, values):
    task, of_cell = bucket.task, bucket.of_cell(hparams)

    def outputs(value):
        network, changed = variant(bucket.network, params, value)
        with jax.default_matmul_precision("highest"):
            found = network.apply(changed, jnp.moveaxis(xs, 0, -1), of_cell, n_steps=task.n_steps, n_reads=task.n_reads)
        return jnp.moveaxis(found, 1, 0)

    return jax.vmap(outputs)(values)
