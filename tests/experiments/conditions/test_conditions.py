"""Sweeps of conditions: their plans, the table of what was stored, and the panels."""

import io

import numpy as np
import pandas as pd
import pytest
from trial_tables import bars, table

from capacity_jax.results import trials_table
from experiments.conditions.figure import by_condition, draw, select
from experiments.configs.conditions import SWEEPS, get_config
from experiments.plan import studies


def trials(condition, values, bits, **others):
    """Four seeds each of two settings, of which the second stores `bits` and the first half a bit less."""
    rows = []
    for value, top in zip(values, bits, strict=True):
        for number, per_parameter in enumerate((top - 0.5, top)):
            for seed in range(4):
                arguments = {"n_steps": 5, "heard": "once"} | others | {condition: value}
                varied = ",".join(f"{name}={one}" for name, one in arguments.items() if name in (condition, *others))
                found = {"study": f"label_memory/rnn@1/1200/{varied}", "task": "label_memory"}
                found |= {"cell": "rnn", "depth": 1}
                found |= {"task_args": arguments, "number": number, "hparams": {"b": 1200 * (1 + number)}}
                found |= {"parameters": 1200, "objective": per_parameter + 0.01 * seed, "maximize": True}
                rows.append(found | {"score_name": "bits_per_parameter", "repeat": seed, "role": "initial"})
    return table(rows)


def test_the_table_has_the_best_setting_under_each_condition():
    """Breaks if seeds of another setting are averaged in, or a value stands beside another's bits."""
    found = by_condition(trials("n_labels", (2, 8), (3.0, 2.0)))
    assert found["value"].tolist() == [2, 8]
    np.testing.assert_allclose(found["mean"], [3.015, 2.015])
    np.testing.assert_allclose(found["labels"], 2400)
    assert found["seeds"].tolist() == [4, 4]
    assert np.all(found["low"] < found["mean"])


def test_a_line_for_each_way_of_hearing():
    """Breaks if a repeated input and a blank tail become one line."""
    once = trials("n_steps", (1, 5), (2.0, 3.0), heard="once")
    always = trials("n_steps", (1, 5), (2.0, 3.5), heard="always")
    lines = bars(draw(pd.concat([once, always], ignore_index=True)).axes[0])
    assert set(lines) == {"RNN", "RNN, input repeated"}
    ((steps, bits, _),) = lines["RNN, input repeated"]
    np.testing.assert_array_equal(steps, [1, 5])
    np.testing.assert_allclose(bits, [2.015, 3.515])


def test_a_study_without_trials_is_drawn():
    """Breaks if a run that has just begun cannot be looked at."""
    nothing = select(trials_table([]))
    draw(nothing).savefig(io.BytesIO(), format="png")
    assert by_condition(nothing).empty


@pytest.mark.parametrize("sweep", SWEEPS)
@pytest.mark.usefixtures("any_width")
def test_every_sweep_is_valid(sweep):
    """Breaks if a committed sweep would be refused when its user starts it, or varies nothing."""
    plan = studies(get_config(sweep))
    assert len({study.name for study in plan}) == len(plan) > 1
    assert len({study.bucket.task.name for study in plan}) == 1
