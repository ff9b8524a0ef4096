"""Tables of trials with known answers."""

from types import SimpleNamespace

import pytest
from trial_tables import table


@pytest.fixture(scope="session")
def synthetic():
    """Makers of tables of trials."""
    return SimpleNamespace(table=table)
