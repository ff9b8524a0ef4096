"""Structured numpy arrays out of pickles that nobody vouches for.

A pickle is a program: it names functions and calls them. Here the few names that an array needs stand for inert
stand-ins of our own, all others are refused. numpy's own functions are not called either: `dtype.__setstate__` believes
what it is told, and a forged type turns bytes of the file into pointers.
"""

import pickle
from typing import IO, Any

import numpy as np


class _Type:
    """A numpy dtype as a pickle spells it: a code such as 'V54' or 'f8', then byte order and field names."""

    def __init__(self, code: Any):
        self.code, self.order = code, "<"
        self.names: list[str] | None = None

    def __setstate__(self, state: tuple) -> None:
        self.order = as_text(state[1])
        self.names = None if state[3] is None else [as_text(name) for name in state[3]]

    def plain(self) -> np.dtype:
        """The dtype of a scalar; numpy checks it."""
        dtype = np.dtype(as_text(self.code)).newbyteorder("big" if self.order == ">" else "little")
        if dtype.hasobject or self.names is not None or dtype.kind == "V":
            raise pickle.UnpicklingError(f"pickle holds a scalar of type {self.code!r}; allowed: numbers and strings")
        return dtype


class _Array:
    """A numpy array as a pickle spells it: shape, type, and elements as a list, which they are beside objects."""

    shape: Any = None
    dtype: Any = None
    data: Any = None

    def __setstate__(self, state: tuple) -> None:
        _, self.shape, self.dtype, _, self.data = state


def _scalar(dtype: Any, raw: Any) -> Any:
    raw = raw if isinstance(raw, bytes) else raw.encode("latin1")
    return np.frombuffer(raw, dtype.plain(), count=1)[0].item()


def _encode(text: str, encoding: str) -> bytes:
    # How protocol 2 writes bytes under Python 3.
    return text.encode("latin1") if encoding == "latin1" else _refuse(encoding)


def as_text(value: Any) -> Any:
    """A string of Python 2, which is bytes or text, as text; anything else as it is."""
    return value.decode("latin1") if isinstance(value, bytes) else value


def _refuse(what: Any) -> Any:
    raise pickle.UnpicklingError(f"pickle asks for {what}, which no array of trials needs; refused")


# What an array of numbers, strings and dicts consists of, by the names that numpy 1 and 2, Python 2 and 3 give it.
_MULTIARRAY = ("numpy.core.multiarray", "numpy._core.multiarray")
_STAND_INS = {
    **{(module, "_reconstruct"): lambda *_: _Array() for module in _MULTIARRAY},
    **{(module, "scalar"): _scalar for module in _MULTIARRAY},
    ("numpy", "dtype"): lambda code, *_: _Type(code),
    # Arguments only: which kind of array, which kind of record.
    **{("numpy", kind): kind for kind in ("ndarray", "recarray", "record")},
    **{(module, kind): kind for module in ("numpy.core.records", "numpy.rec") for kind in ("recarray", "record")},
    ("_codecs", "encode"): _encode,
    ("collections", "OrderedDict"): lambda pairs=(): dict(pairs),
}


class _Function:
    """A stand-in that a pickle can call and not change."""

    __slots__ = ("function",)

    def __init__(self, function: Any):
        self.function = function

    def __call__(self, *args: Any) -> Any:
        return self.function(*args)

    def __setstate__(self, state: Any) -> None:
        _refuse("a function of another state")


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        found = _STAND_INS.get((module, name)) or _refuse(f"{module}.{name}")
        return _Function(found) if callable(found) else found


def load_rows(file: IO[bytes], source: str) -> tuple[list[str], list[tuple]]:
    """Field names and rows of a one-dimensional structured array, pickled by Python 2 or 3; messages name the source.

    Raises:
      ValueError: it is no such pickle, or asks for more than such an array needs.
    """
    try:
        array = _Unpickler(file, encoding="latin1").load()
        names, rows = array.dtype.names, array.data
        whole = isinstance(rows, list) and all(isinstance(row, tuple) and len(row) == len(names) for row in rows)
    except Exception as error:
        # A forged pickle can fail in any way; none of them is the caller's.
        raise ValueError(f"{source} cannot be read as an array of trials: {error}") from error
    if not whole:
        raise ValueError(f"{source} cannot be read as an array of trials: its elements are no rows of {names}")
    return names, rows
