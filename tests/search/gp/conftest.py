"""What tests of the Gaussian process share."""

import jax
import pytest


@pytest.fixture
def double():
    """64-bit floats."""
    with jax.enable_x64(True):
        yield
