"""Tables of trials made by hand, in the form that `read_trials` gives, and what figures show of them."""

from itertools import count

import numpy as np
import pandas as pd

from capacity_jax.studies.record import TRIAL_COLUMNS

COMMON = {"n_in": 32, "n_steps": 5, "batch_size": 64, "budget": np.nan, "units": 16, "parameters": 1000}
COMMON |= {"role": "initial", "sampler": "gp", "hparams": {}, "maximize": False, "infeasible": False}
COMMON |= {"train_loss": np.nan, "valid_loss": np.nan, "eval_loss": np.nan, "objective": np.nan, "score_name": "loss"}
COMMON |= {"reported": (), "repeat": 0, "curve": {}, "task_args": {}, "task_builder": "", "still_learning": False}
COMMON |= {"steps_made": 1000, "stopped": False, "seconds": 2.0, "finished": pd.Timestamp(2026, 11, 23)}
COMMON |= {"versions": {"Python": "3.11.7", "jaxlib": "0.10.2", "devices": "4 × cpu (cpu)"}}


def bars(axes):
    """Label to (x, y, ends of the error bars) of each line with error bars."""
    lines = {}
    for container in axes.containers:
        line, _, (bar,) = container.lines
        ends = np.array([segment[:, 1] for segment in bar.get_segments() if len(segment)])
        x, y = (np.array(values, float) for values in line.get_data())
        lines.setdefault(container.get_label(), []).append((x, y, ends))
    return lines


def table(rows):
    """Rows of dicts as a table of trials, numbered within their studies; the score is the objective."""
    numbers, filled = {}, []
    for i, row in enumerate(rows):
        full = COMMON | {"number": next(numbers.setdefault(row["study"], count())), "seed": i} | row
        filled.append({"score": np.nan if full["infeasible"] else full["objective"]} | full)
    return pd.DataFrame(filled) if filled else pd.DataFrame(columns=TRIAL_COLUMNS)


def sizes(cell, depth, found):
    """Rows for `table`, a study for each size: a seed for each value of bits per parameter; NaN diverged."""
    return [
        {"study": f"{cell}@{depth}/{size}", "task": "per_cap", "cell": cell, "depth": depth, "parameters": size}
        | {"maximize": True, "score_name": "bits_per_parameter", "infeasible": bool(np.isnan(value))}
        | {"objective": value, "bits_per_parameter": value, "bits": size * value}
        for size, values in found.items()
        for value in values
    ]
