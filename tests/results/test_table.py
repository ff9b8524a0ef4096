"""Slopes and text of a table of best settings."""

import numpy as np
import pandas as pd

from capacity_jax.results import as_text, slopes


def test_slopes_need_three_sizes():
    """Breaks if two points pretend to an interval, or a size without a result bends the line."""
    table = pd.DataFrame(
        {
            "cell": ["rnn"] * 4 + ["gru"] * 2,
            "depth": [1] * 4 + [2] * 2,
            "parameters": [100, 200, 300, 400, 100, 200],
            "bits": [300.0, 600.0, 900.0, np.nan, 200.0, 400.0],
        }
    )
    found = slopes(table)
    assert found.keys() == {("rnn", 1)}
    twice = pd.concat([table, table.iloc[:1]])
    assert slopes(twice) == found
    np.testing.assert_allclose(found["rnn", 1].value, 3.0)


def test_text_holds_every_row():
    """Breaks if a long table is cut on the terminal."""
    table = pd.DataFrame({"cell": [f"cell{i}" for i in range(100)], "bits": np.arange(100.0)})
    text = as_text(table)
    assert all(f"cell{i} " in text for i in range(100))
