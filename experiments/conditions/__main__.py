"""Draws what was stored under other conditions, `python -m experiments.conditions DIR`, from runs of conditions.py."""

from pathlib import Path

from capacity_jax.commands.command_line import OneLineParser, stop
from capacity_jax.results.workdir import open_trials
from experiments.conditions.figure import by_condition, draw

if __name__ == "__main__":
    parser = OneLineParser(prog="python -m experiments.conditions", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("trials", type=Path, help="work directory of a run, or a folder of exported trials")
    parser.add_argument("--out", type=Path, default=Path("experiments/results"), help="where table and figure go")
    options = parser.parse_args()
    try:
        trials = open_trials(options.trials)
        options.out.mkdir(parents=True, exist_ok=True)
        table = by_condition(trials)
        table.to_csv(options.out / "conditions.csv", index=False, float_format="%.4g")
        draw(trials).savefig(options.out / "conditions.png", dpi=130)
    except (ValueError, OSError) as error:
        stop(error)
    print(table.to_string(index=False, float_format="%.3g"))
