"""Fits the best learning rate and number of labels to the trials of scaling.py: `python -m experiments.scaling DIR`.

Prints the fit with 95% intervals over draws of the trials, and draws it under the name of the folder.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from capacity_jax.commands.command_line import OneLineParser, stop
from capacity_jax.results.workdir import open_trials
from capacity_jax.tasks.scaling import PARAMETERS, STEPS
from experiments.scaling.figure import draw
from experiments.scaling.fit import Fit, fit, points, resampled

N_RESAMPLED = 100
POWERS = ("rate_by_steps", "rate_by_size", "held_by_size", "taught_by_steps")


def summary(table: pd.DataFrame, n_resampled: int = N_RESAMPLED) -> pd.DataFrame:
    """The numbers of the fit, one a row, with their 95% intervals."""
    numbers: dict[str, Callable[[Fit], float]] = {
        name.replace("_", " "): lambda one, name=name: one.of_all[name] for name in POWERS
    }
    numbers["taught over held"] = lambda one: np.exp(one.of_all["ln_taught"])
    for cell in [None, *sorted(set(table["cell"]))]:
        numbers[f"best rate, {cell or 'mean over cells'}"] = lambda one, cell=cell: one.best_rate(
            PARAMETERS, STEPS, cell
        )
        numbers[f"best labels, {cell or 'mean over cells'}"] = lambda one, cell=cell: one.best_labels(
            PARAMETERS, STEPS, cell
        )
    found, others = fit(table), resampled(table, n_resampled)
    rows = []
    for name, number in numbers.items():
        low, high = np.quantile([number(one) for one in others], [0.025, 0.975])
        rows.append({"number": name, "value": number(found), "low": low, "high": high})
    return pd.DataFrame(rows)


def main(trials: Path, out: Path) -> None:
    """Writes the figure, and prints the fit."""
    table = points(open_trials(trials))
    found = fit(table)
    out.mkdir(parents=True, exist_ok=True)
    draw(table, found).savefig(out / f"{trials.resolve().name}.png", dpi=130)
    print(f"{found.n_trials} trials; the surface misses {found.error:.2f} bits per parameter (root mean square)")
    print(
        f"rates and labels are those of {PARAMETERS:,} parameters, {STEPS:,} steps and a depth of one; what is held "
        "changes by a power of the parameters, what is taught by one of the steps per parameter, rates by one of either"
    )
    print(summary(table).to_string(index=False, float_format="%.3g"))


if __name__ == "__main__":
    parser = OneLineParser(prog="python -m experiments.scaling", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("trials", type=Path, help="work directory of a run, or a folder of exported trials")
    parser.add_argument("--out", type=Path, default=Path("experiments/results"), help="where the figure goes")
    options = parser.parse_args()
    try:
        main(options.trials, options.out)
    except (ValueError, OSError) as error:
        stop(error)
