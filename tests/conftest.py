"""What every test runs under: two CPU devices, no silent rank promotion, 32-bit floats by default."""

import jax
import pytest

jax.config.update("jax_num_cpu_devices", 2)
jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_enable_x64", False)


@pytest.fixture
def exact_products():
    """Matrix products in full 32 bits, which an accelerator does not do unasked."""
    with jax.default_matmul_precision("highest"):
        yield
