"""Every trial on disk: one line of JSON per outcome, appended as soon as it is known."""

import json
import math
from pathlib import Path
from typing import Any

from capacity_jax.training.member import Bucket
from capacity_jax.training.population import Outcome


def append_record(path: Path, bucket: Bucket, outcome: Outcome) -> None:
    """Appends what was trained and what became of it.

    Example:
      >>> import tempfile
      >>> from pathlib import Path
      >>> from capacity_jax import Bucket, Network, Outcome, Trial, append_record, mem_thru, rnn
      >>> bucket = Bucket(Network(rnn, 8, 16, 8), mem_thru(n_in=8), batch_size=64)
      >>> with tempfile.TemporaryDirectory() as directory:
      ...     path = Path(directory, "trials.jsonl")
      ...     append_record(path, bucket, Outcome(Trial({}, seed=7), {"loss": 0.5}, 1000, False, 2.0))
      ...     len(path.read_text().splitlines())
      1
    """
    with path.open("a") as file:
        file.write(json.dumps(record(bucket, outcome)) + "\n")


def record(bucket: Bucket, outcome: Outcome) -> dict[str, Any]:
    """Network, hyperparameters, seed and scores of a trial; what is not a number is null."""
    network = bucket.network
    return {
        "task": bucket.task.name,
        "cell": network.cell.name,
        "depth": network.depth,
        "units": network.n_hidden,
        "parameters": network.n_params,
        "batch_size": bucket.batch_size,
        "seed": outcome.trial.seed,
        "hparams": dict(outcome.trial.hparams),
        "scores": {name: value if math.isfinite(value) else None for name, value in outcome.scores.items()},
        "steps": outcome.steps,
        "infeasible": outcome.infeasible,
        "seconds": outcome.seconds,
    }
