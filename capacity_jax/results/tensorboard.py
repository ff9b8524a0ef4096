"""The finished trials of a run for TensorBoard: the curve of each, its hyperparameters and its scores."""

import math
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from capacity_jax.studies.record import Record


def write_events(directory: Path, records: Iterable[Record]) -> None:
    """Writes a run of TensorBoard, `STUDY/NUMBER.REPEAT`, for each record that has none; needs tensorboardX.

    Scalars are the learning curve against training steps and, at the last step, the scores of the evaluation set, as
    far as they are finite numbers. The tab HPARAMS compares trials. A run appears as a whole or not at all, whoever
    writes and however they end.

    Raises:
      OSError: a file cannot be written.
    """
    for record in records:
        run = directory / record.study / f"{record.number}.{record.repeat}"
        if run.exists():
            continue
        run.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=directory, prefix=".writing-") as aside:
            written = Path(aside, "run")
            _write(record, written)
            try:
                written.rename(run)
            except OSError:
                # Another worker may have been faster.
                if not run.exists():
                    raise


def _write(record, directory):
    from tensorboardX import SummaryWriter
    from tensorboardX.summary import hparams

    with SummaryWriter(logdir=str(directory)) as writer:
        steps = record.curve.get("step", ())
        for name in record.curve.keys() - {"step"}:
            for step, value in zip(steps, record.curve[name], strict=True):
                if math.isfinite(value):
                    writer.add_scalar(f"curve/{name}", value, step)
        scores = {f"scores/{name}": value for name, value in record.scores.items() if math.isfinite(value)}
        for name, value in scores.items():
            writer.add_scalar(name, value, record.steps_made)
        # SummaryWriter.add_hparams would open a second writer, and both would write into one file.
        for summary in hparams(dict(record.hparams), scores):
            writer.file_writer.add_summary(summary)  # pyright: ignore[reportOptionalMemberAccess]
