"""How many slots a population's program has."""

import pytest

from capacity_jax.training import default_devices
from capacity_jax.training.program import slots_worth


@pytest.mark.parametrize(
    ("running", "waiting", "slots"),
    [
        # 600 steps in all, the longest 300: on two slots all end together.
        ([], [300, 100, 100, 100], 2),
        ([300] * 64, [], 64),
        ([300] * 33, [], 48),
        ([300] * 32, [], 32),
        # What runs keeps its slot, however short.
        ([300] + [10] * 39, [], 48),
        ([300] + [10] * 15, [10] * 300, 16),
        ([], [300] * 1000, 64),
    ],
)
def test_slots_are_as_many_as_trials_keep_busy_to_the_end(running, waiting, slots):
    """Breaks if trials wait although slots would end sooner, or slots idle until the longest trial ends."""
    assert slots_worth(running, waiting, 64, default_devices()) == slots
