"""Figures show every row, with its interval, and survive rows without values."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PathCollection
from trial_tables import bars, sizes, table

from capacity_jax.results.figures import by_network, capacity_figure, learning_figure, objective_figure, recall_figure
from capacity_jax.stats import mean_interval

SIZES = (500, 1000, 2000)
SPREAD = np.array([-0.1, 0, 0.1])


@pytest.fixture
def trials():
    networks = (("rnn", 1, 4.0), ("lstm", 1, 3.0), ("intersection", 2, 2.5))
    rows = [sizes(cell, depth, dict.fromkeys(SIZES, bits + SPREAD)) for cell, depth, bits in networks]
    return table([row for some in rows for row in some])


def points(axes):
    """Where the small points of each network are."""
    return [np.array(dots.get_offsets()) for dots in axes.collections if isinstance(dots, PathCollection)]


def test_curves_are_drawn_and_those_that_still_rise_are_dashed(trials):
    """Breaks if a seed's curve is missing, or nothing tells which runs were too short."""
    learning = trials["parameters"] == SIZES[0]
    curve = {"step": [100, 200], "bits_per_parameter": [1.0, 2.0]}
    trials = trials.assign(curve=[curve] * len(trials), hparams=[{"train_steps": 200}] * len(trials))
    (axes,) = learning_figure(trials.assign(still_learning=learning)).axes
    lines = axes.get_lines()
    assert len(lines) == len(trials)
    assert sum(line.get_linestyle() == "--" for line in lines) == learning.sum()
    np.testing.assert_array_equal(lines[0].get_data(), [[0.5, 1.0], [1.0, 2.0]])
    assert len(learning_figure(trials.assign(curve=[{}] * len(trials))).axes[0].get_lines()) == 0


def test_a_point_that_still_learns_is_hollow(trials):
    """Breaks if a figure does not say which points rest on runs that were too short."""
    hollow = capacity_figure(trials.assign(still_learning=trials["cell"] == "rnn")).axes[1]
    labels = [text.get_text() for text in hollow.get_legend().get_texts()]
    assert "still learning" in labels
    whole = capacity_figure(trials).axes[1]
    assert "still learning" not in [text.get_text() for text in whole.get_legend().get_texts()]


def test_capacity_figure_draws_every_row_with_its_interval(trials, tmp_path):
    """Breaks if a cell is missing, an interval is mirrored or scaled wrongly, or the paper's band is gone."""
    figure = capacity_figure(trials)
    total, per_parameter = figure.axes
    lines = bars(per_parameter)
    assert lines.keys() == {"RNN", "LSTM", "+RNN, depth 2"}
    ((x, bits, ends),) = lines["LSTM"]
    _, *expected = mean_interval(3 + SPREAD)
    np.testing.assert_array_equal(x, SIZES)
    np.testing.assert_allclose(bits, 3.0)
    np.testing.assert_allclose(ends, [expected] * 3)
    ((label, ((_, bits, ends),)),) = ((name, value) for name, value in bars(total).items() if name.startswith("LSTM"))
    np.testing.assert_allclose(bits, [1500, 3000, 6000])
    np.testing.assert_allclose(ends, np.array([expected] * 3) * np.array(SIZES)[:, None])
    assert "slope 3.00 [" in label
    assert "paper: 3 to 6" in per_parameter.get_legend_handles_labels()[1]
    assert (total.get_ylabel(), per_parameter.get_ylabel()) == ("mean stored bits", "mean bits per parameter")
    figure.savefig(tmp_path / "capacity.png")


def test_every_seed_is_a_point(trials):
    """Breaks if a seed is not drawn, or drawn at another size or scale than the mean."""
    total, per_parameter = capacity_figure(trials).axes
    assert len(points(total)) == len(points(per_parameter)) == 3
    np.testing.assert_allclose(points(per_parameter)[1], [(size, 3 + d) for size in SIZES for d in SPREAD])
    np.testing.assert_allclose(points(total)[1], [(size, size * (3 + d)) for size in SIZES for d in SPREAD])


def test_two_seeds_are_points_without_a_bar():
    """Breaks if two seeds draw a bar of 12.7 standard errors, or their points or their mean are lost."""
    trials = table(sizes("rnn", 1, {500: [3.0, 3.4], 1000: [3.0, 3.1, 3.2]}))
    for figure in (capacity_figure(trials), objective_figure(trials, "bits_per_parameter", "any task")):
        ((_, bits, ends),) = bars(figure.axes[-1])["RNN"]
        np.testing.assert_allclose(bits, [3.2, 3.1])
        assert np.isfinite(ends).all(axis=1).tolist() == [True]
        assert len(points(figure.axes[-1])[0]) == 5


def test_rows_without_interval_or_value_are_drawn_as_far_as_they_go(trials, tmp_path):
    """Breaks if one diverged study or a single seed keeps the whole figure from being drawn."""
    trials.loc[[9, 10, 11], ["bits", "bits_per_parameter", "score", "objective"]] = np.nan
    trials.loc[[9, 10, 11], "infeasible"] = True
    figure = capacity_figure(trials.drop(index=[0, 2]))
    figure.savefig(tmp_path / "capacity.png")
    ((_, bits, ends),) = bars(figure.axes[1])["RNN"]
    np.testing.assert_allclose(bits, 4.0)
    assert len(ends) == 2
    ((_, bits, ends),) = bars(figure.axes[1])["LSTM"]
    np.testing.assert_allclose(bits, [np.nan, 3, 3])
    assert len(ends) == 2


def test_objective_figure_draws_the_objective(trials, tmp_path):
    """Breaks if another column than the score is drawn."""
    figure = objective_figure(trials, "bits_per_parameter", "any task")
    assert figure.axes[0].get_ylabel() == "mean bits per parameter"
    np.testing.assert_allclose(bars(figure.axes[0])["+RNN, depth 2"][0][1], 2.5)
    figure.savefig(tmp_path / "task.png")


def test_recall_figure_draws_the_error(tmp_path):
    """Breaks if recall is drawn by parameters, or its seeds are not."""
    about = {"task": "mem_thru", "score_name": "squared_error", "maximize": False}
    trials = table([row | about for row in sizes("rnn", 1, {500: [0.2, 0.3, 0.4]})])
    figure = recall_figure(trials, n_in=32)
    ((units, errors, _),) = bars(figure.axes[0])["RNN"]
    np.testing.assert_allclose((units, errors), [[16], [0.3]])
    np.testing.assert_allclose(points(figure.axes[0])[0], [(16, 0.2), (16, 0.3), (16, 0.4)])
    figure.savefig(tmp_path / "recall.png")


def test_cells_are_told_apart_and_keep_their_styles(trials):
    """Breaks if two cells look alike, or a registered cell's colour depends on which others there are."""
    mine = trials.assign(cell="mine", depth=1)
    styles = {network: style for network, _, style in by_network(pd.concat([mine, trials]))}
    assert len({(style["color"], style["marker"]) for style in styles.values()}) == 4
    assert {network: style for network, _, style in by_network(trials)}.items() <= styles.items()
