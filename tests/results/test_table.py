"""Slopes and text of a table of best settings."""

import numpy as np
import pandas as pd
from trial_tables import sizes, table

from capacity_jax.results import as_text, slopes
from capacity_jax.stats import pooled_slope_interval


def test_slopes_pool_the_seeds_of_three_sizes():
    """Breaks if a slope is of means, two sizes pretend to one, or other settings or diverged trials enter it."""
    known = {100: [3.0, 3.2], 200: [3.1, 3.3], 300: [2.9, 3.0]}
    missing = {400: [np.nan]}
    rows = sizes("rnn", 1, known | missing) + sizes("gru", 2, {100: [2.0, 2.1], 200: [2.0, 2.2]} | missing)
    worse = [row | {"hparams": {"lr_init": 0.1}} for row in sizes("rnn", 1, {100: [1.0, 1.5]})]
    found = slopes(table(rows + worse))
    parameters = np.repeat(list(known), 2)
    assert found == {("rnn", 1): pooled_slope_interval(parameters, parameters * np.ravel(list(known.values())))}
    again = [row | {"study": "another budget"} for row in rows[:2]]
    assert slopes(table(rows + again)) == found


def test_text_holds_every_row():
    """Breaks if a long table is cut on the terminal."""
    text = as_text(pd.DataFrame({"cell": [f"cell{i}" for i in range(100)], "bits": np.arange(100.0)}))
    assert all(f"cell{i} " in text for i in range(100))
