"""Figures show every row, with its interval, and survive rows without values."""

import numpy as np
import pandas as pd
import pytest
from trial_tables import bars

from capacity_jax.results.figures import by_network, capacity_figure, objective_figure


@pytest.fixture
def table():
    rows = [
        {"cell": cell, "depth": depth, "parameters": size, "bits": size * bits, "bits_per_parameter": bits}
        for cell, depth, bits in (("rnn", 1, 4.0), ("lstm", 1, 3.0), ("intersection", 2, 2.5))
        for size in (500, 1000, 2000)
    ]
    table = pd.DataFrame(rows)
    table["ci_low"], table["ci_high"] = table["bits_per_parameter"] - 0.2, table["bits_per_parameter"] + 0.3
    return table


def test_capacity_figure_draws_every_row_with_its_interval(table, tmp_path):
    """Breaks if a cell is missing, an interval is mirrored or scaled wrongly, or the paper's band is gone."""
    figure = capacity_figure(table)
    total, per_parameter = figure.axes
    lines = bars(per_parameter)
    assert lines.keys() == {"RNN", "LSTM", "+RNN, depth 2"}
    ((sizes, bits, ends),) = lines["LSTM"]
    np.testing.assert_array_equal(sizes, [500, 1000, 2000])
    np.testing.assert_allclose(bits, 3.0)
    np.testing.assert_allclose(ends, [[2.8, 3.3]] * 3)
    ((_, bits, ends),) = next(value for name, value in bars(total).items() if name.startswith("LSTM"))
    np.testing.assert_allclose(bits, [1500, 3000, 6000])
    np.testing.assert_allclose(ends, np.array([[2.8, 3.3]] * 3) * np.array([[500], [1000], [2000]]))
    assert "paper: 3 to 6" in per_parameter.get_legend_handles_labels()[1]
    figure.savefig(tmp_path / "capacity.png")


def test_rows_without_interval_or_value_are_drawn_as_far_as_they_go(table, tmp_path):
    """Breaks if one diverged study or a single seed keeps the whole figure from being drawn."""
    table.loc[0, ["ci_low", "ci_high"]] = np.nan
    table.loc[3, ["bits", "bits_per_parameter", "ci_low", "ci_high"]] = np.nan
    figure = capacity_figure(table)
    figure.savefig(tmp_path / "capacity.png")
    ((_, bits, _),) = bars(figure.axes[1])["RNN"]
    np.testing.assert_allclose(bits, 4.0)
    ((_, bits, ends),) = bars(figure.axes[1])["LSTM"]
    np.testing.assert_allclose(bits, [np.nan, 3, 3])
    assert len(ends) == 2


def test_objective_figure_draws_the_objective(table, tmp_path):
    """Breaks if another column than the task's objective is drawn."""
    figure = objective_figure(table, "bits_per_parameter", "any task")
    assert figure.axes[0].get_ylabel() == "bits per parameter"
    np.testing.assert_allclose(bars(figure.axes[0])["+RNN, depth 2"][0][1], 2.5)
    figure.savefig(tmp_path / "task.png")


def test_cells_are_told_apart_and_keep_their_styles(table):
    """Breaks if two cells look alike, or a registered cell's colour depends on which others are in the table."""
    mine = table.assign(cell="mine", depth=1)
    styles = {network: style for network, _, style in by_network(pd.concat([mine, table]))}
    assert len({(style["color"], style["marker"]) for style in styles.values()}) == 4
    assert {network: style for network, _, style in by_network(table)}.items() <= styles.items()
