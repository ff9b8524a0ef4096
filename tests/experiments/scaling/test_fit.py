"""A surface that is known is found, and the library holds what the committed trials say."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from capacity_jax.results.workdir import open_trials
from capacity_jax.tasks.scaling import SCALINGS
from experiments.paper.cells import RELATIVE
from experiments.scaling.__main__ import summary
from experiments.scaling.figure import draw
from experiments.scaling.fit import EXPECTED, GIVEN_UP, Fit, fit, points, resampled, stored

RESULTS = Path(__file__).parents[3] / "experiments" / "results" / "trials"
TRIALS = {"adam": RESULTS / "scaling", "soap": RESULTS / "scaling_soap"}
OF_ALL = dict(zip(EXPECTED, (0.3, 0.2, 0.15, -0.2, -0.3, -2.0, 1.3, -0.3), strict=True))
OF_CELLS = {
    "ln_capacity": {"gru": 1.1, "rnn": 1.5},
    "ln_rate": {"gru": -4.4, "rnn": -5.0},
    "ln_loss_above": {"gru": -2.0, "rnn": -0.5},
}
KNOWN = Fit(OF_ALL, OF_CELLS, 0.0, 0)


def drawn(n, noise=0.0, seed=0):
    """Trials at random settings, as the known surface has them."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "cell": rng.choice(["gru", "rnn"], n),
            "parameters": np.exp(rng.uniform(np.log(300), np.log(4500), n)),
            "steps": np.exp(rng.uniform(np.log(15e3), np.log(400e3), n)),
            "rate": np.exp(rng.uniform(np.log(0.002), np.log(0.03), n)),
            "labels": rng.uniform(2.4, 5.2, n),
        }
    )
    return table.assign(bits=stored(table, KNOWN) + noise * rng.standard_normal(n))


def test_what_is_best_is_near_the_top_and_before_it():
    """Breaks if the best labels or the best rate are not those of which the surface has nearly most, or lie beyond."""
    factors = np.linspace(0.5, 2.0, 601)
    for cell in ("gru", "rnn"):
        best = {"rate": KNOWN.best_rate(2000, 50_000, cell), "labels": KNOWN.best_labels(2000, 50_000, cell)}
        here = pd.DataFrame([{"cell": cell, "parameters": 2000, "steps": 50_000, **best}] * len(factors))
        for name, given_up in GIVEN_UP.items():
            bits = stored(here.assign(**{name: factors * best[name]}), KNOWN)
            assert factors[bits.argmax()] > 1
            (at_best,) = bits[np.isclose(factors, 1)]
            np.testing.assert_allclose(at_best / bits.max(), 1 - given_up, atol=0.003)


def test_far_below_capacity_all_is_stored():
    """Breaks if the surface is not that of memory: what is asked for, as long as there is room."""
    here = pd.DataFrame([{"cell": "rnn", "parameters": 1000, "steps": 100_000, "labels": 0.1, "rate": np.exp(-5.0)}])
    np.testing.assert_allclose(stored(here, KNOWN), 0.1, rtol=1e-4)


def test_a_known_surface_is_found():
    """Breaks if a coefficient is read in another's place, or cells lend each other theirs."""
    found = fit(drawn(600))
    for cell in ("gru", "rnn", None):
        for size, steps in ((400, 20_000), (4000, 300_000)):
            for best in (Fit.best_rate, Fit.best_labels):
                np.testing.assert_allclose(best(found, size, steps, cell), best(KNOWN, size, steps, cell), rtol=0.03)
    assert found.error < 0.02


def test_a_few_trials_far_off_change_little():
    """Breaks if a run that collapsed pulls the surface down everywhere."""
    table = drawn(300, noise=0.1)
    table.loc[::30, "bits"] = 0.0
    np.testing.assert_allclose(fit(table).best_labels(1000, 100_000), KNOWN.best_labels(1000, 100_000), rtol=0.1)


def test_intervals_hold_what_is_true():
    """Breaks if draws of the trials do not differ as trials do."""
    values = [one.best_labels(1000, 100_000, "rnn") for one in resampled(drawn(200, noise=0.2), 8)]
    assert min(values) < KNOWN.best_labels(1000, 100_000, "rnn") < max(values)


def test_trials_of_another_task_are_refused():
    """Breaks if a folder without labels gives a traceback, or is fitted."""
    with pytest.raises(ValueError, match=r"^there are no trials of per_cap"):
        points(open_trials(TRIALS["adam"]).assign(task="mem_thru"))


@pytest.fixture(scope="module", params=SCALINGS)
def committed(request):
    """An update rule and its trials."""
    return request.param, points(open_trials(TRIALS[request.param]))


def test_the_library_holds_what_the_trials_say(committed):
    """Breaks if the numbers in `capacity_jax.tasks.scaling` are of other trials than those committed."""
    rule, table = committed
    found, scaling = fit(table), SCALINGS[rule]
    for size, steps in ((300, 15_000), (1_000, 100_000), (4_500, 400_000), (8_000, 20_000)):
        np.testing.assert_allclose(scaling.best_rate(size, steps), found.best_rate(size, steps), rtol=0.02)
        np.testing.assert_allclose(scaling.best_labels(size, steps), found.best_labels(size, steps), rtol=0.02)
    for cell, shares in RELATIVE[rule].items():
        for best, share in zip((found.best_rate, found.best_labels), shares, strict=True):
            np.testing.assert_allclose(best(1_000, 100_000, cell) / best(1_000, 100_000), share, rtol=0.02)


def test_it_is_drawn_and_summed_up(committed, tmp_path):
    """Breaks if a panel fails on trials as they are, or a cell has no row."""
    _, table = committed
    draw(table, fit(table)).savefig(tmp_path / "scaling.png")
    assert (tmp_path / "scaling.png").stat().st_size > 20_000
    numbers = summary(table, n_resampled=2)
    assert {f"best rate, {cell}" for cell in table["cell"]} <= set(numbers["number"])
