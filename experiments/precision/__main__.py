r"""Measures how exact weights and states have to be, `python -m experiments.precision LABELS [VALUES] [--out=DIR]`.

LABELS and VALUES are work directories of finished runs, whose trained networks are changed and asked again:

  python -m experiments.run --config=experiments/paper/fig1/config.py:laptop --workdir=runs/labels \
    --config.cells=rnn,irnn,ugrnn,gru,lstm,intersection@2 --config.budgets=600,2400
  python -m experiments.run --config=experiments/paper/fig2c/config.py:laptop --workdir=runs/values --config.units=32,
  python -m experiments.precision runs/labels runs/values

It writes `precision.csv`, one row for each network, size and variant, with means and 95% intervals over seeds of the
share of bits kept, and the figures `precision.png`, `noise.png`, `groups.png` and, from VALUES, `noise_of_units.png`.
"""

from pathlib import Path

import pandas as pd

from capacity_jax.commands.command_line import OneLineParser, stop
from capacity_jax.results.formatting import in_words, network_label
from experiments.precision.figures import group_figure, noise_figure, precision_figure, unit_figure
from experiments.precision.measures import label_bits, value_bits
from experiments.precision.summary import bits_for_share, kept, over_seeds
from experiments.precision.variants import CHANGES, NOISE_ON_VALUES

# A network that keeps so much has lost next to nothing.
ALMOST_ALL = 0.95


def main(labels: Path, values: Path | None, out: Path, changes=CHANGES, noise=NOISE_ON_VALUES) -> pd.DataFrame:
    """Measures, writes tables and figures into a directory, and gives what each network needs."""
    out.mkdir(parents=True, exist_ok=True)
    rows = label_bits(labels, changes)
    table = kept(rows)
    over_seeds(table, "share").to_csv(out / "precision.csv", index=False, float_format="%.4g")
    figures = {"precision": precision_figure(rows), "noise": noise_figure(rows), "groups": group_figure(rows)}
    if values:
        figures["noise_of_units"] = unit_figure(value_bits(values, noise))
    for name, figure in figures.items():
        figure.savefig(out / f"{name}.png", dpi=130)
    return bits_for_share(table, ALMOST_ALL)


if __name__ == "__main__":
    parser = OneLineParser(prog="python -m experiments.precision", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("labels", type=Path, help="work directory of a run of per_cap")
    parser.add_argument("values", type=Path, nargs="?", help="work directory of a run of mem_thru")
    parser.add_argument("--out", type=Path, default=Path("experiments/results"), help="where tables and figures go")
    options = parser.parse_args()
    try:
        needed = main(options.labels, options.values, options.out)
    except (ValueError, OSError) as error:
        stop(error)
    networks = [network_label(network) for network in zip(needed["cell"], needed["depth"], strict=True)]
    shown = needed.assign(cell=networks, needed=[in_words(one) for one in needed["needed"]]).drop(columns="depth")
    print(f"bits at which {ALMOST_ALL:.0%} of the stored bits are kept, with 95% intervals over seeds:")
    print(shown.fillna("").to_string(index=False))
