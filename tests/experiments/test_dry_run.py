"""What a configuration would take: operations counted by hand, hours that follow from one measurement."""

import jax.numpy as jnp
import pytest

from capacity_jax.cells import Cell, gru, rnn
from capacity_jax.networks import Network
from capacity_jax.studies import plan_study
from capacity_jax.tasks import mem_thru
from capacity_jax.training import Bucket
from experiments import dry_run as dry_run_module
from experiments.benchmarks.work import Work
from experiments.dry_run import cost_per_second, dry_run
from experiments.flops import step_flops

N, UNITS, STEPS, BATCH = 3, 4, 6, 16


def bucket_of(cell):
    return Bucket(Network(cell, N, UNITS, N), mem_thru(n_in=N, n_steps=STEPS), BATCH)


def test_operations_are_those_counted_by_hand():
    """Breaks if the products of a step of time, of the readout or of the way back are missed or counted twice."""
    leaky = Cell(
        "leaky",
        init=lambda key, n_in, n_hidden, hparams: {
            "W": jnp.ones((n_in, n_hidden)),
            "V": jnp.ones((n_hidden, n_hidden)),
        },
        initial_state=lambda params: jnp.zeros(params["V"].shape[0]),
        step=lambda params, h, x: (x @ params["W"] + h @ params["V"],) * 2,
    )
    # W at the first step alone, which hears something; V at all others, whose states differ from example to example.
    # Back each costs the same again for its weights and, but for the input, for what it multiplied.
    multiply_adds = 2 * N * UNITS + 3 * (STEPS - 1) * UNITS * UNITS + 3 * UNITS * N
    assert step_flops(bucket_of(leaky)) == pytest.approx(2 * BATCH * multiply_adds, rel=0.05)


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_operations_are_nearly_those_that_count(cell):
    """Breaks if the count strays from the useful operations of the benchmark, which are derived on paper."""
    work = Work(cell, units=32, batch=64)
    assert step_flops(work.bucket) == pytest.approx(work.flops, rel=0.1)


def test_hours_follow_from_the_largest_network_of_each_cell(monkeypatch):
    """Breaks if a network is timed that another one stands for, or hours do not follow from what was measured."""
    timed = []
    monkeypatch.setattr(dry_run_module, "cost_per_second", lambda study: timed.append(study.name) or 1e6)
    fields = {"batch_size": BATCH, "initial_settings": [{"train_steps": 3600}], "space": {}, "trials": 0, "seed": 0}
    networks = [Network(cell, N, units, N) for cell in (rnn, gru) for units in (9, 4)]
    plan = [plan_study(network, mem_thru(n_in=N), seeds=2, **fields) for network in networks]
    text = dry_run(plan)
    assert sorted(timed) == ["mem_thru/gru@1/9 units", "mem_thru/rnn@1/9 units"]
    rows = [line.split() for line in text.splitlines()[1:5]]
    for row, study in zip(rows, plan, strict=True):
        cost = 2 * 3600 * (150_000 + study.bucket.network.n_params * BATCH)
        assert float(row[-1]) == pytest.approx(cost / 1e6 / 3600, rel=1e-3)
        assert row[3:5] == ["2", "3600"]
    assert "4 studies, 8 trials" in text


def test_a_measurement_counts_steps(monkeypatch):
    """Breaks if what is timed ends, diverges, or makes no steps."""
    monkeypatch.setattr(dry_run_module, "SECONDS", 0.01)
    fields = {"batch_size": 4, "initial_settings": [{"train_steps": 10}], "space": {}, "trials": 0, "seed": 0}
    assert cost_per_second(plan_study(Network(rnn, 2, 2, 2), mem_thru(n_in=2, n_steps=2), seeds=1, **fields)) > 1000
