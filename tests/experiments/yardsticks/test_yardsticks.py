"""Yardsticks against theory at small sizes: what is certain there, not what only large ones show."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from capacity_jax.cells import esn
from experiments.report import efficiency_section
from experiments.yardsticks.__main__ import main
from experiments.yardsticks.binary_perceptron import binary_capacity
from experiments.yardsticks.hebbian_memory import hebbian_bits_per_weight, hebbian_bits_per_weight_measured
from experiments.yardsticks.perceptron import cover_share, exact_capacities, is_separable, largest_prefixes, perceptron
from experiments.yardsticks.training import exact, patterns_of, readout, trained

SETTINGS = {"train_steps": 500, "lr_init": 0.1, "lr_decay_rate": 0.1}


def test_covers_function_counts_dichotomies():
    """Breaks if the sum of binomials is cut off at another place: 4 points of a plane have 8 of 16 labellings."""
    rng = np.random.default_rng(0)
    points = rng.normal(size=(4, 2))
    counted = sum(is_separable(points * np.array(signs)[:, None]) for signs in product((-1, 1), repeat=4))
    assert counted == 16 * cover_share(4, 2) == 8


@pytest.mark.parametrize("n", [5, 50, 200])
def test_two_patterns_for_each_weight(n):
    """Breaks if half of all labellings, or the mean number of patterns, does not lie at twice the weights."""
    assert cover_share(2 * n, n) == pytest.approx(0.5)
    assert sum(cover_share(size, n) for size in range(1, 20 * n)) == pytest.approx(2 * n)


def test_exact_solver_follows_covers_function():
    """Breaks if the linear program calls patterns separable that are not, or the other way: four standard errors.

    The number of patterns of a draw has mean and variance 2N.
    """
    n_weights, n_draws = 6, 100
    found = exact_capacities(np.random.default_rng(0).normal(size=(n_draws, 10 * n_weights, n_weights)))
    assert abs(found.mean() - 2 * n_weights) < 4 * np.sqrt(2 * n_weights / n_draws)


def test_prefixes_are_found_draw_by_draw():
    """Breaks if the halving is off by one at either end, or mixes up the draws."""
    truth = np.array([1, 2, 7, 12])
    np.testing.assert_array_equal(largest_prefixes(lambda sizes: sizes <= truth, 4, 12), truth)


@pytest.mark.parametrize(("cell", "n_in", "n_steps"), [(perceptron, 7, 1), (esn, 32, 5)], ids=["perceptron", "esn"])
def test_training_learns_what_can_be_learned_and_no_more(cell, n_in, n_steps):
    """Breaks if training and solver see different patterns, or a small problem is not learned nearly as far."""
    machine = readout(cell, 8, n_in, n_steps, SETTINGS)
    can, did = exact(machine, 4), trained(machine, 4)
    assert machine.n_weights == 8
    assert np.all(did <= can)
    assert did.sum() > 0.8 * can.sum()


def test_patterns_of_a_perceptron_are_its_inputs():
    """Breaks if the readout of the cell reads anything but the inputs and a constant."""
    patterns = patterns_of(readout(perceptron, 8, 7, 1, SETTINGS), seed=0)
    assert patterns.shape == (24, 8)
    assert set(np.unique(patterns)) == {-1, 1}


def test_binary_weights_against_products():
    """Breaks if the words of bits stand for other products than those of the patterns."""
    patterns = np.random.default_rng(0).choice([-1, 1], (40, 7))
    all_weights = np.array(list(product((-1, 1), repeat=7)))
    possible = [np.any(np.all(all_weights @ patterns[:n].T > 0, axis=1)) for n in range(1, 41)]
    assert binary_capacity(patterns) == np.argmin(possible)


@pytest.mark.parametrize(("shape", "message"), [((4, 6), "odd"), ((1, 7), "more are needed")])
def test_what_enumeration_cannot_tell_is_refused(shape, message):
    """Breaks if a product of 0 is counted, or too few patterns pass for the capacity."""
    with pytest.raises(ValueError, match=message):
        binary_capacity(np.ones(shape, int))


def test_estimator_reads_what_a_hebbian_memory_holds():
    """Breaks if the mutual information of real answers is not that of the closed form: within 5%."""
    measured = np.mean([hebbian_bits_per_weight_measured(100, 100, seed) for seed in range(5)])
    assert measured == pytest.approx(hebbian_bits_per_weight(100, 100), rel=0.05)


def test_reports_of_capacities_tell_the_trainers_efficiency():
    """Breaks if the committed table is not found, or tasks that measure no capacity get the section."""
    [html] = efficiency_section(pd.DataFrame({"task": ["per_cap"]})).values()
    assert "perceptron, 50 weights" in html
    assert efficiency_section(pd.DataFrame({"task": ["mem_thru"]})) == {}


def test_table_and_figure_are_written(tmp_path):
    """Breaks if a machine has no row, or efficiency is not ours over the exact one's."""
    found = main(tmp_path, ((5, 2),), (), (5, 7), 4, (20, 20, 2)).set_index("machine")
    assert len(found) == 3
    assert 0.5 < found.loc["perceptron", "efficiency"].value <= 1
    assert (tmp_path / "yardsticks.png").stat().st_size > 10_000
    assert "efficiency_low" in (tmp_path / "yardsticks.csv").read_text()
