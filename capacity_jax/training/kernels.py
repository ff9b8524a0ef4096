"""Which kernel can train a bucket's members on which devices."""

from types import ModuleType

from capacity_jax.cells import CELLS
from capacity_jax.training.devices import Devices
from capacity_jax.training.member import Bucket

# Sums over the units are unrolled, or fill the registers of a program.
WIDEST = 32


def kernel_of(bucket: Bucket, devices: Devices) -> ModuleType | None:
    """The module whose kernel can train such members on such devices, if there is one."""
    # Imported here, for kernels are off: Pallas adds a tenth to the time that importing the trainer takes.
    from capacity_jax.training import gpu_kernel, tpu_kernel

    kernel = gpu_kernel if devices.devices[0].platform == "gpu" else tpu_kernel
    return kernel if takes(bucket, kernel.CELLS) else None


def takes(bucket: Bucket, cells: tuple[str, ...]) -> bool:
    """Whether a kernel for these cells can train such members: narrow ones of one layer, on the memorization task."""
    network, cell, task = bucket.network, bucket.network.cell, bucket.task
    narrow = max(network.n_in, network.n_hidden) <= WIDEST
    known = cell.name in cells and cell is CELLS[cell.name]
    ours = bucket.transformation is None
    return known and ours and narrow and network.depth == 1 and task.name == "per_cap"
