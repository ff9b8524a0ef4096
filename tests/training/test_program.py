"""How many slots a population's program has, and how many programs a process keeps."""

import gc
import sys

import pytest

from capacity_jax import Bucket, Network, mem_thru, rnn
from capacity_jax.training import default_devices
from capacity_jax.training.program import PROGRAMS_KEPT, compiled_chunk, slots_worth


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


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="memory maps are read as Linux shows them")
def test_a_process_that_compiles_one_program_after_another_does_not_run_out_of_memory_maps():
    """Breaks if a run of many studies keeps all their programs: after some fifty, Linux has no maps for the next."""
    task = mem_thru(n_in=2, n_steps=2, n_evaluation=64)

    def maps_after(programs):
        for n in programs:
            compiled_chunk(Bucket(Network(rnn, 2, n, 2), task, batch_size=16), 2, default_devices())
        gc.collect()
        with open("/proc/self/maps") as opened:
            return len(opened.readlines())

    compiled_chunk.cache_clear()
    none = maps_after([])
    as_many_as_are_kept = maps_after(range(3, 3 + PROGRAMS_KEPT))
    twice_as_many = maps_after(range(3 + PROGRAMS_KEPT, 3 + 2 * PROGRAMS_KEPT))
    assert as_many_as_are_kept - none > 100 * PROGRAMS_KEPT
    assert twice_as_many - none < 1.3 * (as_many_as_are_kept - none)
