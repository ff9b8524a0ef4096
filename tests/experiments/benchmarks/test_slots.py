"""The share of busy slots, simulated."""

from dataclasses import replace

import pytest

from experiments.benchmarks.slots import Slots, busy_chips, fixed, simulated
from experiments.paper.fig1.config import get_config
from experiments.plan import studies


@pytest.fixture(scope="module")
def study():
    """The smallest of Figure 1 at the extent of a GPU."""
    config = get_config("gpu")
    config.cells, config.budgets = "rnn", (1000,)
    (found,) = studies(config)
    return found


def test_a_small_study_by_hand(study):
    """Breaks if trials begin in another order, a slot is counted twice, or a step of an idle slot is not counted."""
    settings = [{"train_steps": steps} for steps in (100, 300, 100, 100)]
    by_hand = replace(study, initial_settings=settings, trials=0, seeds=1)
    assert simulated(by_hand, 4) == Slots(busy=600, all=2 * 300, steps=300)
    assert fixed(by_hand, 4) == Slots(busy=600, all=4 * 300, steps=300)


def test_figure_1_keeps_the_slots_of_a_gpu_busy(study):
    """Breaks if slots idle while proposals, the last trials or repeats of the best setting are waited for."""
    now, before = simulated(study, 256), fixed(study, 256)
    assert now.busy == before.busy
    assert now.busy > 0.9 * now.all
    assert before.busy < 0.3 * before.all


def test_chips_take_the_next_study_by_hand():
    """Breaks if a chip waits while a study is free, or chips that have none at the end count as busy."""
    assert busy_chips([3, 1, 1, 1, 3], 2) == 9 / (2 * 6)
    assert busy_chips([5, 2], 1) == 1
