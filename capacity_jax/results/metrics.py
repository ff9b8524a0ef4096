"""The finished trials of a run as lines of JSON, appended one by one, for whatever follows a log."""

import fcntl
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path

from capacity_jax.results.tensorboard import write_events
from capacity_jax.results.trials import as_json, row_of
from capacity_jax.results.workdir import METRICS_FILE
from capacity_jax.studies.record import Record


def log_of_trials(directory: Path) -> Callable[[Iterable[Record]], None]:
    """What logs finished trials in a work directory, for `Persistence.notify`.

    They go into `metrics.jsonl` and, where tensorboardX is installed, into the folder `tensorboard`.

    Example:
      >>> import tempfile
      >>> from pathlib import Path
      >>> from capacity_jax.results.metrics import log_of_trials
      >>> with tempfile.TemporaryDirectory() as directory:
      ...     log_of_trials(Path(directory))([])
    """
    metrics = Metrics(directory / METRICS_FILE)
    with_events = find_spec("tensorboardX") is not None

    def log(records: Iterable[Record]) -> None:
        records = list(records)
        metrics.add(records)
        if with_events:
            write_events(directory / "tensorboard", records)

    return log


class Metrics:
    """A file with a line for each finished trial, in the order they ended, each once.

    Several processes may write it, and each may be killed at any moment: a line is appended whole under a lock, what a
    power cut has left of one is removed, and whoever begins adds what is missing.

    Args:
      path: the file; made when the first trial ends.

    Example:
      >>> import tempfile
      >>> from pathlib import Path
      >>> from capacity_jax import Bucket, Network, Outcome, Study, mem_thru, rnn
      >>> from capacity_jax.results.metrics import Metrics
      >>> study = Study(Bucket(Network(rnn, 8, 4, 8), mem_thru(n_in=8), 64), {}, [{}], trials=0, seeds=1, seed=0)
      >>> scores = {"loss": 0.5, "squared_error": 0.5}
      >>> record = study.record(Outcome(study.initial_trials()[0], scores, 50_000, False, 9.0, scores))
      >>> with tempfile.TemporaryDirectory() as directory:
      ...     Metrics(Path(directory, "metrics.jsonl")).add([record])
      ...     Metrics(Path(directory, "metrics.jsonl")).add([record])
      ...     len(Path(directory, "metrics.jsonl").read_text().splitlines())
      1
    """

    def __init__(self, path: Path):
        self.path = path
        self._written: set[tuple[str, int, int]] = set()
        self._n_read = 0

    def add(self, records: Iterable[Record]) -> None:
        """Appends a line for each record that has none: the columns of `trials_table`, what is not finite as null.

        Raises:
          OSError: the file cannot be written.
        """
        new = {(record.study, *record.key): record for record in records}
        if new.keys() <= self._written:
            return
        with self.path.open("a+b", buffering=0) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            self._read_others(file)
            lines = [_line(record) for place, record in new.items() if place not in self._written]
            file.write("".join(lines).encode())

    def _read_others(self, file):
        """Notes the lines that came since the last look, and cuts off one that has no end."""
        if file.seek(0, os.SEEK_END) < self._n_read:
            # Another file stands in its place.
            self._written, self._n_read = set(), 0
        file.seek(self._n_read)
        added = file.read()
        whole = added[: added.rfind(b"\n") + 1]
        for line in whole.splitlines():
            row = json.loads(line)
            self._written.add((row["study"], row["number"], row["repeat"]))
        self._n_read += len(whole)
        file.truncate(self._n_read)


def _line(record):
    # One that has just ended does not know when.
    row = row_of(replace(record, finished=record.finished or datetime.now()))
    return json.dumps(as_json(row)) + "\n"
