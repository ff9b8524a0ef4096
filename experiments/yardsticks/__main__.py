"""Measures machines whose capacity theory gives, `python -m experiments.yardsticks [--out=DIR]`; some minutes.

It writes `yardsticks.csv` and `yardsticks.png`, and prints the table: bits for each weight by theory, by an exact
solver, by our own training on the same patterns, and as the memorization task reports them.
"""

from pathlib import Path

import pandas as pd

from capacity_jax.commands.command_line import OneLineParser, stop
from capacity_jax.results.formatting import in_words
from capacity_jax.stats import Interval
from capacity_jax.training import use_all_cores
from experiments.yardsticks.figure import draw
from experiments.yardsticks.machines import binary_perceptrons, linear_readouts, table

# Weights and draws.
PERCEPTRONS = ((50, 20), (100, 10), (200, 6))
ECHO_STATES = ((50, 6),)
BINARY_SIZES, BINARY_DRAWS = (9, 13, 17, 21), 300
# Patterns, units and draws.
HEBBIAN = (200, 200, 10)


def main(
    out: Path,
    perceptrons=PERCEPTRONS,
    echo_states=ECHO_STATES,
    binary_sizes=BINARY_SIZES,
    binary_draws=BINARY_DRAWS,
    hebbian=HEBBIAN,
) -> pd.DataFrame:
    """Measures, writes table and figure into a directory, and gives the table."""
    out.mkdir(parents=True, exist_ok=True)
    readouts = list(linear_readouts(perceptrons, echo_states))
    binary = binary_perceptrons(binary_sizes, binary_draws)
    found = table(readouts, binary, hebbian)
    bounds_apart(found).to_csv(out / "yardsticks.csv", index=False, float_format="%.4f")
    draw(readouts, binary).savefig(out / "yardsticks.png", dpi=150)
    return found


def bounds_apart(found: pd.DataFrame) -> pd.DataFrame:
    """The table with three columns for each interval: its value, and its bounds as `_low` and `_high`."""
    columns = {}
    for name, values in found.items():
        if any(isinstance(value, Interval) for value in values):
            intervals = [value if isinstance(value, Interval) else Interval(*[float("nan")] * 3) for value in values]
            columns |= {
                f"{name}{bound}": [one[i] for one in intervals] for i, bound in enumerate(("", "_low", "_high"))
            }
        else:
            columns[name] = values
    return pd.DataFrame(columns)


if __name__ == "__main__":
    parser = OneLineParser(prog="python -m experiments.yardsticks", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("experiments/results"), help="where table and figure go")
    out = parser.parse_args().out
    use_all_cores()
    try:
        found = main(out)
    except OSError as error:
        stop(error)
    shown = found.map(lambda value: in_words(value) if isinstance(value, Interval) else value)
    print(shown.fillna("–").to_string(index=False))
