"""Accelerators that are not there: their compilers come as packages and compile for devices they describe."""

import os
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from threading import Lock

import jax
from jax.experimental import topologies

from capacity_jax.training import Devices

# What XLA publishes of an H100: https://github.com/openxla/xla, backends/gpu/target_config/specs/h100_sxm.txtpb.
H100 = """
gpu_device_info {
  threads_per_block_limit: 1024
  threads_per_warp: 32
  shared_memory_per_block: 49152
  shared_memory_per_core: 233472
  shared_memory_per_block_optin: 232448
  threads_per_core_limit: 2048
  core_count: 132
  fpus_per_core: 128
  block_dim_limit_x: 2147483647
  block_dim_limit_y: 65535
  block_dim_limit_z: 65535
  memory_bandwidth: 3352320000000
  l2_cache_size: 52428800
  clock_rate_ghz: 1.98
  device_memory_size: 84929347584
  registers_per_core_limit: 65536
  registers_per_block_limit: 65536
  cuda_compute_capability { major: 9 }
}
platform_name: "CUDA"
runtime_version { major: 13 }
dnn_version_info { major: 9 }
device_description_str: "NVIDIA H100 80GB HBM3"
"""

# A compiler that two threads load at once fails.
LOADING = Lock()


@dataclass(frozen=True)
class Target:
    """A kind of accelerator, and what its maker says of one core.

    Attributes:
      name: as the table calls it.
      platform: `tpu` or `gpu`.
      topology: what its compiler calls the devices.
      n_devices: how many of these train.
      clock: cycles per second that the compiler's cycles are turned into seconds with: an assumption.
      peak: products in 32 bits (`highest`), operations per second: on a TPU a sixth of the peak in bfloat16.
      bandwidth: of the main memory, bytes per second.
      memory: bytes.
    """

    name: str
    platform: str
    topology: str
    n_devices: int
    clock: float
    peak: float
    bandwidth: float
    memory: float

    @property
    def missing(self) -> str:
        """Which extra brings its compiler, where that is not installed; else empty."""
        package, extra = {"tpu": ("libtpu", "aot-tpu"), "gpu": ("jax_cuda13_plugin", "aot-gpu")}[self.platform]
        return "" if find_spec(package) else extra

    @property
    def devices(self) -> Devices:
        """Devices to compile for, on which nothing can run.

        Raises:
          RuntimeError: the compiler cannot be loaded.
        """
        with LOADING:
            described = _described(self.platform, self.topology)
        return Devices(described[: self.n_devices], in_turn=False)


V5E = Target("v5e", "tpu", "v5e:2x2", 1, 1.5e9, 197e12 / 6, 819e9, 16e9)
TARGETS = (
    V5E,
    Target("v6e", "tpu", "v6e:2x2", 1, 1.75e9, 918e12 / 6, 1640e9, 32e9),
    Target("v5e:4x4", "tpu", "v5e:4x4", 16, 1.5e9, 197e12 / 6, 819e9, 16e9),
    Target("H100", "gpu", "1x1x1", 1, 1.98e9, 67e12, 3.35e12, 80e9),
)


@cache
def _described(platform: str, topology: str) -> tuple[jax.Device, ...]:  # pyright: ignore[reportInvalidTypeForm]
    if platform == "tpu":
        # Without it libtpu asks the network for a TPU that is not there.
        os.environ.setdefault("TPU_SKIP_MDS_QUERY", "1")
        # Whatever other process has loaded it, such as one that looks for a device: none is there to be shared.
        os.environ.setdefault("ALLOW_MULTIPLE_LIBTPU_LOAD", "1")
        return tuple(topologies.get_topology_desc(platform="tpu", topology_name=topology).devices)
    return tuple(topologies.get_topology_desc(platform="cuda", topology=topology, target_config=H100).devices)
