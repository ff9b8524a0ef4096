"""Compiles training by a kernel for a device that is not there, and prints what became of it; in its own process."""

import json
import sys
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from capacity_jax.cells import CELLS
from capacity_jax.networks import Network
from capacity_jax.tasks import per_cap
from capacity_jax.training import Bucket
from capacity_jax.training.kernels import kernel_of
from capacity_jax.training.member import draw_member
from capacity_jax.training.settings import encode, fill_defaults, hyperparameters_of
from experiments.benchmarks.hlo import Program
from experiments.benchmarks.targets import TARGETS

N_MEMBERS = 256


def main(device: str, cell: str, units: int, batch: int) -> None:
    """The program that advances all members by the kernel."""
    (target,) = [one for one in TARGETS if one.name == device]
    bucket = Bucket(Network(CELLS[cell], units, units, 1), per_cap(n_in=units, b_max=1024), batch)
    kernel, devices = kernel_of(bucket, target.devices), target.devices
    assert kernel
    hparams = encode(fill_defaults(bucket, {}), hyperparameters_of(bucket))
    member = jax.eval_shape(partial(draw_member, bucket), jnp.uint32(0), hparams)
    mesh = Mesh(np.array(devices.devices[:1]), ("one",), axis_types=(AxisType.Auto,))
    sharding = NamedSharding(mesh, PartitionSpec())
    members = jax.tree.map(
        lambda leaf: jax.ShapeDtypeStruct((N_MEMBERS, *leaf.shape), leaf.dtype, sharding=sharding), member
    )
    advance = jax.vmap(lambda member: kernel.advance_by_kernel(bucket, devices, (), member, jnp.int32(1000)))
    with jax.default_matmul_precision("highest"):
        text = jax.jit(advance).lower(members).compile().as_text() or ""
    step = Program(text).step
    print(json.dumps({"kernels_per_step": step.kernels / kernel.AT_ONCE, "loops": len(step.loops)}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
