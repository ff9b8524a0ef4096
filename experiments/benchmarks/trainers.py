"""What other update rules store: `python -m experiments.benchmarks.trainers --cells=rnn --budgets=600,1200`.

Each cell memorizes random labels by each rule, for each number of `--steps`, at `--rates` learning rates a factor of
two apart around the rule's own, with `--seeds` seeds each; the best rate counts. All rules have as many rates and
seeds; there are `--labels` per parameter, or as many as store most by the fit. SOAP trains on 256 examples a step, the
others on 128; it makes fewer steps, in about as much time. Weights do not decay, but by `adamw`. Printed are the mean
bits per parameter with their 95% interval, the rate, and the seconds of one run on one core; `--out` names the figure
of bits against seconds.
"""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import optax
import pandas as pd
from absl import app, flags
from optax.contrib import ademamix, adopt, muon

from capacity_jax.cells import CellName, cell_by_name
from capacity_jax.networks import Network, units_for_budget
from capacity_jax.stats import mean_interval
from capacity_jax.tasks import per_cap
from capacity_jax.tasks.per_cap import expand
from capacity_jax.tasks.scaling import SCALINGS
from capacity_jax.training import Bucket, Outcome, Transformation, Trial, soap, train_population, use_all_cores
from experiments.benchmarks.bits_against_seconds import draw
from experiments.paper.cells import PAPER_CELLS, shares_of


class Rule(NamedTuple):
    """An update rule that is compared.

    Attributes:
      transformation: None for the package's own.
      settings: hyperparameters besides the rate, by the rate.
      factor: of its middle rate over what is best by Adam, or by SOAP for itself.
      batch: examples of a training step.
      pace: its steps in the time of one of Adam's.
    """

    transformation: Transformation | None = None
    settings: Callable[[float], dict[str, Any]] = lambda rate: {}
    factor: float = 1.0
    batch: int = 128
    pace: float = 1.0


def scheduled(make: Callable[..., optax.GradientTransformation], hparams: Any) -> optax.GradientTransformation:
    """A rule of optax on clipped gradients, its rate by the package's schedule."""

    def rate(count):
        return hparams["lr_init"] * hparams["lr_decay_rate"] ** (count / hparams["train_steps"])

    return optax.chain(optax.clip_by_global_norm(hparams["gradient_clip_val"]), make(rate))


RULES = {
    "adam": Rule(),
    "adamw": Rule(settings=lambda rate: {"weight_decay": rate}),
    "rmsprop": Rule(settings=lambda rate: {"optimizer": "rmsprop", "optimizer_logit_momentum": 4.0}, factor=0.5),
    "nadam": Rule(partial(scheduled, optax.nadam)),
    "adabelief": Rule(partial(scheduled, optax.adabelief)),
    "adan": Rule(partial(scheduled, optax.adan)),
    "adopt": Rule(partial(scheduled, adopt)),
    "ademamix": Rule(partial(scheduled, ademamix), factor=0.5),
    "lion": Rule(partial(scheduled, partial(optax.lion, weight_decay=0.0)), factor=0.25),
    "muon": Rule(partial(scheduled, muon)),
    "soap": Rule(soap, batch=256, pace=0.43),
}

CELLS = flags.DEFINE_list("cells", ["rnn", "gru"], "Cells to train, at the least depth that each can have.")
NAMES = flags.DEFINE_list("rules", list(RULES), "Update rules to compare.")
BUDGETS = flags.DEFINE_list("budgets", ["600"], "Largest numbers of parameters.")
LABELS = flags.DEFINE_float("labels", None, "Labels per parameter; by default those of the fit.", lower_bound=0.01)
STEPS = flags.DEFINE_list("steps", ["30000"], "Numbers of training steps.")
RATES = flags.DEFINE_integer("rates", 5, "Learning rates of each rule.", lower_bound=1)
SEEDS = flags.DEFINE_integer("seeds", 4, "Runs at each rate.", lower_bound=2)
OUT = flags.DEFINE_string("out", None, "File of the figure.")


def compare(cell_name: str, budget: int, steps: int) -> Iterator[dict[str, Any]]:
    """A row for each rule: what its best rate stores."""
    cell, depth = cell_by_name(cast(CellName, cell_name)), 2 if cell_name == "intersection" else 1
    network = Network(cell, 32, units_for_budget(budget, cell, 32, 1, depth), 1, depth)
    for name in NAMES.value:
        rule = RULES[name]
        known = name if name in SCALINGS else "adam"
        relative = shares_of(known)[cell_name] | {"relative_to": known, "train_steps": round(rule.pace * steps)}
        # Not all rules know of decay.
        settings = dict(expand(network, relative | {"lr_decay_rate": 0.03, "weight_decay": 0.0}))
        if LABELS.value:
            settings["b"] = round(LABELS.value * network.n_params)
        rates = rule.factor * settings["lr_init"] * 2.0 ** (np.arange(RATES.value) - RATES.value // 2)
        trials = [
            Trial({**settings, "lr_init": float(rate), **rule.settings(rate)}, seed, number)
            for number, rate in enumerate(rates)
            for seed in range(SEEDS.value)
        ]
        bucket = Bucket(network, per_cap(b_max=settings["b"]), rule.batch, rule.transformation)
        outcomes = list(train_population(bucket, trials))
        of_rates = [[one for one in outcomes if one.trial.number == number] for number in range(len(rates))]
        best = max(of_rates, key=lambda runs: np.mean(list(map(bits_of, runs))))
        mean, low, high = mean_interval(list(map(bits_of, best)))
        about = {"cell": cell_name, "parameters": network.n_params, "rule": name, "steps": settings["train_steps"]}
        asked = {"rate": best[0].trial.hparams["lr_init"], "labels_per_parameter": settings["b"] / network.n_params}
        found = {"bits_per_parameter": mean, "low": low, "high": high}
        yield about | asked | found | {"seconds": float(np.median([run.seconds for run in outcomes]))}


def bits_of(run: Outcome) -> float:
    """Bits per parameter of a run; one that diverged stores nothing."""
    return 0.0 if run.infeasible else float(run.scores["bits_per_parameter"])


def main(_) -> None:
    """Trains and prints cell by cell, size by size, rule by rule."""
    rows = []
    for cell, budget, steps in product(CELLS.value, map(int, BUDGETS.value), map(int, STEPS.value)):
        for row in compare(cell, budget, steps):
            print(pd.DataFrame([row]).to_string(index=False, header=not rows, float_format="%.3g"), flush=True)
            rows.append(row)
    if OUT.value:
        draw(pd.DataFrame(rows)).savefig(Path(OUT.value), dpi=150)


for _name, _known in (("cells", PAPER_CELLS), ("rules", RULES)):
    flags.register_validator(
        _name, lambda names, known=_known: set(names) <= set(known), f"allowed: some of {', '.join(_known)}"
    )

for _name in ("steps", "budgets"):
    flags.register_validator(
        _name, lambda sizes: all(size.isdecimal() and int(size) for size in sizes), "allowed: whole numbers, at least 1"
    )
flags.register_validator("out", lambda out: not out or Path(out).parent.is_dir(), "its directory does not exist")

if __name__ == "__main__":
    use_all_cores()
    app.run(main)
