"""The share of busy slots, simulated."""

from dataclasses import replace

import pandas as pd
import pytest

from experiments.benchmarks.slots import Slots, fixed, recorded_step_time, resized
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
    assert resized([small], 4) == Slots(busy=600, all=2 * 300, at_work=300, time=300)
    assert fixed([small], 4) == Slots(busy=600, all=4 * 300, at_work=300, time=300)


def test_figure_1_keeps_the_slots_of_a_gpu_busy(study):
    """Breaks if slots idle while proposals, the last trials or repeats of the best setting are waited for."""
    now, before = resized([study], 256), fixed([study], 256)
    assert now.busy == before.busy
    assert now.busy > 0.9 * now.all
    assert before.busy < 0.3 * before.all


def test_chips_take_the_costliest_study_by_hand(study):
    """Breaks if a chip waits while a study is free, the costliest is not first, or idle chips count as busy."""
    of_one_trial = [by_hand(study, steps) for steps in (300, 100, 100, 100, 300)]
    assert resized(of_one_trial, 1, chips=2) == Slots(busy=900, all=900, at_work=900, time=500)
    taken_and_free = [by_hand(study, 100, 100), by_hand(study, 300)]
    assert resized(taken_and_free, 1, chips=2) == Slots(busy=500, all=500, at_work=500, time=300)


def test_chips_share_the_last_study_by_hand(study):
    """Breaks if a chip waits while trials of a study that another one trains wait."""
    last = by_hand(study, 100, 100, 100, 100)
    assert resized([last], 1, chips=2) == Slots(busy=400, all=400, at_work=400, time=200)


def test_recorded_durations_weigh_studies(study):
    """Breaks if what is recorded does not count, another size counts as much, or a network is lacking unnoticed."""
    plan = study.plan()
    trial = {"task": "per_cap", "cell": "rnn", "depth": 1, "n_steps": 5, "transformation": ""}
    trial |= {"parameters": plan["parameters"], "batch_size": 128}
    trials = pd.DataFrame(
        [trial | {"infeasible": False, "steps_made": 100, "seconds": seconds} for seconds in (1.0, 2.0, 9.0)]
        + [trial | {"infeasible": True, "steps_made": 1, "seconds": 50.0}]
    )
    step_time = recorded_step_time(trials, [study])
    assert step_time(study) == pytest.approx(0.02)
    short, long = by_hand(study, 100), by_hand(study, 300)
    assert resized([short, long], 1, step_time=step_time).time == pytest.approx(8.0)
    narrow = recorded_step_time(trials.assign(parameters=plan["parameters"] // 2), [study])
    assert 0.02 < narrow(study) < 0.04
    wide = trials.assign(parameters=plan["parameters"] * 9, seconds=50.0)
    assert recorded_step_time(pd.concat([wide, trials]), [study])(study) == pytest.approx(0.02)
    for other in ({"depth": 2}, {"n_steps": 1}, {"transformation": "capacity_jax.training:soap"}):
        with pytest.raises(ValueError, match=r"no trial like those of per_cap/rnn@1/1000, with task 'per_cap', cell"):
            recorded_step_time(trials.assign(**other), [study])
