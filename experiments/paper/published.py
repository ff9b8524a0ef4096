"""The authors' own trials (`rnn_hp_dataset.tar.gz`, CC BY 4.0) as a table of trials.

The archive holds pickled structured arrays, one for each figure of the paper; `unpickle` reads them safely.
"""

import gzip
import io
import tarfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd

from capacity_jax.studies.record import TRIAL_COLUMNS
from experiments.paper.selections import matching, task_family
from experiments.paper.unpickle import Budget, as_text, brief, load_rows

COLUMNS = (
    "architecture",
    "task_type",
    "hparams",
    "n_layers",
    "hyper_iter",
    "max_params",
    "num_params",
    "train_loss",
    "valid_loss",
    "eval_loss",
)
LOSSES = ("train_loss", "valid_loss", "eval_loss")
# What an archive may hold, in bytes after decompression and in members: many times what the authors' holds.
MAX_BYTES = 512 << 20
MAX_MEMBER = 256 << 20
MAX_MEMBERS = 1000
_BLOCK = tarfile.BLOCKSIZE
SCORES = {
    "per_cap": "bits_per_parameter",
    "mem_thru": "squared_error",
    "rcf": "squared_error",
    "text8": "bits_per_character",
}


def read_published(path: str | Path) -> pd.DataFrame:
    """The trials of the authors' archive, or of one of its files.

    The objective is `valid_loss`, to be made small; a trial without a finite one diverged. Losses are as published.
    The score is `eval_loss` (that of text8 must be in bits: 1.55 nats would be far more than a network of 1.27 million
    parameters needs). Stored bits do not follow from a loss: the score of `per_cap` is NaN, as are units, inputs, steps
    and seeds. '+rnn' is the cell `intersection`; hyperparameters keep their names and values.

    Raises:
      ValueError: the file is neither that archive nor a `.p` file out of it, is damaged, holds more than 512 MiB, lacks
        a column or has a value of another kind, or its pickle asks for more than arrays.
      OSError: it cannot be read.
    """
    tables = [_table(source, names, rows) for source, names, rows in _sources(Path(path))]
    return pd.concat(tables, ignore_index=True)


def published_settings(
    published: pd.DataFrame, task: str, cell: str, depth: int = 1, budget: float | None = None, n: int = 5
) -> list[dict[str, Any]]:
    """The best n published settings of a cell on a task, best first, to start a search from; none where there are none.

    Only trials of the maximum number of parameters nearest to the budget, by ratio, count; None admits all. A stand-in
    for text8 counts as text8. Names are the authors', words in lower case, as ours are.
    """
    rows = matching(published, task=task_family(task), cell=cell, depth=depth, infeasible=False)
    if budget is not None and len(rows):
        distance = np.abs(np.log(np.asarray(rows["budget"], float) / budget))
        rows = rows.loc[distance == distance.min()]
    best = rows.sort_values("objective", kind="stable")["hparams"].head(n)
    return [{name: value.lower() if isinstance(value, str) else value for name, value in one.items()} for one in best]


class _Stream:
    """The bytes of an archive, in their order and counted."""

    def __init__(self, file: IO[bytes] | gzip.GzipFile):
        self._file, self._left = file, MAX_BYTES

    def read(self, count: int) -> bytes:
        """So many bytes, or fewer at the end."""
        data = self._file.read(count)
        self._left -= len(data)
        if self._left < 0:
            raise ValueError(f"it holds more than {MAX_BYTES} bytes, which is what is allowed")
        return data

    def exactly(self, count: int) -> bytes:
        """So many bytes."""
        data = self.read(count)
        if len(data) < count:
            raise ValueError(f"it ends {count - len(data)} bytes early")
        return data

    def finish(self) -> None:
        """Reads on to the end, for gzip checks its sum there."""
        while self.read(1 << 20):
            pass


def _sources(path: Path) -> Iterator[tuple[str, list[str], list[tuple]]]:
    """Name, field names and rows of each pickle; nothing is written to disk, links are not followed."""
    with path.open("rb") as file:
        start = file.read(_BLOCK)
        file.seek(0)
        zipped = start.startswith(b"\x1f\x8b")
        if not (zipped or _is_header(start)):
            yield (path.name, *load_rows(file, path.name))
            return
        budget, found = Budget(), False
        for name, content in _members(gzip.GzipFile(fileobj=file) if zipped else file, path.name):
            # Mac's resource forks (._fig1.p) are no pickles.
            if name.endswith(".p") and not Path(name).name.startswith("._"):
                found = True
                source = f"{path.name}: {ascii(name)[1:-1]}"
                yield (source, *load_rows(io.BytesIO(content), source, budget))
    if not found:
        raise ValueError(f"archive {path.name} holds no .p file; it must be the authors' rnn_hp_dataset.tar.gz")


def _is_header(block: bytes) -> bool:
    try:
        tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


def _members(file: IO[bytes] | gzip.GzipFile, source: str) -> list[tuple[str, bytes]]:
    """Name and content of each file of a tar; all sums are right before any content is used."""
    try:
        stream = _Stream(file)
        members = list(_read_members(stream))
        stream.finish()
    except (ValueError, EOFError, zlib.error, gzip.BadGzipFile, tarfile.HeaderError) as error:
        raise ValueError(f"archive {source} is damaged or no archive of trials: {error}") from error
    return members


def _read_members(stream: _Stream) -> Iterator[tuple[str, bytes]]:
    """Reads plain files alone. `tarfile` would follow what headers say of other headers, at any length.

    A name is what its own header holds: of more than 255 bytes it is cut.
    """
    for _ in range(MAX_MEMBERS):
        block = stream.exactly(_BLOCK)
        if not any(block):
            return
        member = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        if not 0 <= member.size <= MAX_MEMBER:
            raise ValueError(f"a member is of {member.size} bytes; at most {MAX_MEMBER} are allowed")
        content = stream.exactly(member.size)
        stream.exactly(-member.size % _BLOCK)
        if member.type in (tarfile.REGTYPE, tarfile.AREGTYPE):
            yield member.name, content
    raise ValueError(f"it has more than {MAX_MEMBERS} members, which is what is allowed")


def _is_text(value: Any) -> bool:
    return isinstance(value, str | bytes)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return _is_number(value) and 0 <= value < 2**63 and value == int(value)


def _is_size(value: Any) -> bool:
    return _is_number(value) and 0 < value < 2**63


# What the values of each column must be, and how a message says it.
KINDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    **dict.fromkeys(("architecture", "task_type"), (_is_text, "a text")),
    **dict.fromkeys(("n_layers", "hyper_iter", "num_params"), (_is_count, "a whole number from 0 to 2**63 - 1")),
    **dict.fromkeys(LOSSES, (lambda value: value is None or _is_number(value), "a number")),
    "max_params": (_is_size, "a number above 0 and below 2**63"),
    "hparams": (lambda value: isinstance(value, dict), "a dict of hyperparameters"),
}


def _columns(source: str, names: list[str], rows: list[tuple]) -> dict[str, pd.Series]:
    """The columns of trials, their values checked."""
    columns = {}
    for name in COLUMNS:
        if name not in names:
            raise ValueError(f"{source} has no column {name!r}; it has {', '.join(names)[:500]}")
        place = names.index(name)
        is_right, what = KINDS[name]
        values = [row[place] for row in rows]
        for number, value in enumerate(values):
            if not is_right(value):
                raise ValueError(f"{source} has {name} {brief(value)} in row {number}; it must be {what}")
        columns[name] = pd.Series(values, dtype=object)
    return columns


def _table(source: str, names: list[str], rows: list[tuple]) -> pd.DataFrame:
    raw = _columns(source, names, rows)
    cells = raw["architecture"].map(as_text).replace("+rnn", "intersection")
    table = pd.DataFrame(
        {
            "task": raw["task_type"].map(as_text),
            "cell": cells,
            "depth": raw["n_layers"].astype(int),
            "budget": raw["max_params"].astype(float),
            "parameters": raw["num_params"].astype(int),
            "number": raw["hyper_iter"].astype(int),
            "repeat": 0,
            "role": "search",
            "stopped": False,
            "still_learning": False,
            "sampler": "published",
            "hparams": [{as_text(name): as_text(value) for name, value in one.items()} for one in raw["hparams"]],
            "maximize": False,
        }
    )
    for name in LOSSES:
        table[name] = raw[name].astype(float)
    table["infeasible"] = ~np.isfinite(table["valid_loss"])
    table["objective"] = table["valid_loss"].where(~table["infeasible"])
    table["score_name"] = [SCORES.get(task, "loss") for task in table["task"]]
    table["score"] = table["eval_loss"].where(~table["infeasible"] & (table["task"] != "per_cap"))
    sizes = table["budget"].map("{:.0f}".format).astype(str)
    table["study"] = "published/" + table["task"] + "/" + table["cell"] + "@" + table["depth"].astype(str) + "/" + sizes
    for name in TRIAL_COLUMNS:
        if name not in table:
            table[name] = pd.NaT if name == "finished" else np.nan
    return table
