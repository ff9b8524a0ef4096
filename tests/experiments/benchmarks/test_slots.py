"""The share of busy slots, simulated."""

from dataclasses import replace

import pytest

from experiments.benchmarks.slots import Slots, fixed, resized
from experiments.paper.fig1.config import get_config
from experiments.plan import studies


@pytest.fixture(scope="module")
def study():
    """The smallest of Figure 1 at the extent of a GPU."""
    config = get_config("gpu")
    config.cells, config.budgets = "rnn", (1000,)
    (found,) = studies(config)
    return found


def by_hand(study, *steps):
    """A study whose trials ask for so many training steps each."""
    return replace(study, initial_settings=[{"train_steps": one} for one in steps], trials=0, seeds=1)


def test_a_small_study_by_hand(study):
    """Breaks if trials begin in another order, a slot is counted twice, or a step of an idle slot is not counted."""
    small = by_hand(study, 100, 300, 100, 100)
    assert resized([small], 4) == Slots(busy=600, all=2 * 300, at_work=300, steps=300)
    assert fixed([small], 4) == Slots(busy=600, all=4 * 300, at_work=300, steps=300)


def test_figure_1_keeps_the_slots_of_a_gpu_busy(study):
    """Breaks if slots idle while proposals, the last trials or repeats of the best setting are waited for."""
    now, before = resized([study], 256), fixed([study], 256)
    assert now.busy == before.busy
    assert now.busy > 0.9 * now.all
    assert before.busy < 0.3 * before.all


def test_chips_take_the_next_study_by_hand(study):
    """Breaks if a chip waits while a study is free, or chips that have none at the end count as busy."""
    of_one_trial = [by_hand(study, steps) for steps in (300, 100, 100, 100, 300)]
    assert resized(of_one_trial, 1, chips=2) == Slots(busy=900, all=900, at_work=900, steps=600)
    taken_and_free = [by_hand(study, 100, 100), by_hand(study, 300)]
    assert resized(taken_and_free, 1, chips=2) == Slots(busy=500, all=500, at_work=500, steps=300)


def test_chips_share_the_last_study_by_hand(study):
    """Breaks if a chip waits while trials of a study that another one trains wait."""
    last = by_hand(study, 100, 100, 100, 100)
    assert resized([last], 1, chips=2) == Slots(busy=400, all=400, at_work=400, steps=200)
