"""What every test runs under: two CPU devices, no silent rank promotion, 32-bit floats, no text8, one program cache."""

import gc
import os
from tempfile import TemporaryDirectory

# What one process has compiled no other compiles again, neither a worker of this run nor a child of a test. It has to
# be said before JAX is imported; workers and children find it said.
if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
    _programs = TemporaryDirectory(prefix="capacity_jax-programs-", ignore_cleanup_errors=True)
    os.environ |= {
        "JAX_COMPILATION_CACHE_DIR": _programs.name,
        # What compiles faster is not worth writing.
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.2",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }

# Programs of tests run for moments; what takes long to compile and pays in long runs is switched off.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false")

# Where in the source an operation stands is told to nobody here, and takes a tenth of the time to lower it.
os.environ.setdefault("JAX_TRACEBACK_IN_LOCATIONS_LIMIT", "0")

# Whatever text lies at hand, tests read the stand-in.
os.environ.pop("CAPACITY_JAX_DATA", None)

import jax
import pytest

# Traces are millions of objects that live on: looking through them again and again takes a twentieth of the time.
gc.set_threshold(100_000, 20, 50)

jax.config.update("jax_num_cpu_devices", 2)
jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_enable_x64", False)


@pytest.fixture
def exact_products():
    """Matrix products in full 32 bits, which an accelerator does not do unasked."""
    with jax.default_matmul_precision("highest"):
        yield
