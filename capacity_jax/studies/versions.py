"""What a result was made with: recorded with every trial."""

import os
import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import jax

PACKAGES = ("capacity_jax", "jax", "jaxlib", "flax", "optax", "optuna", "numpy", "scipy", "pandas")


@cache
def versions() -> dict[str, str]:
    """Of Python and the packages that a result depends on, and the devices and the processor that made it."""
    devices = jax.local_devices()
    return {
        "Python": platform.python_version(),
        **{package: _version(package) for package in PACKAGES},
        "devices": f"{len(devices)} × {devices[0].device_kind} ({devices[0].platform})",
        "processor": f"{_processor()}, {os.cpu_count()} cores, {platform.system()}",
    }


def _version(package):
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _processor():
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
