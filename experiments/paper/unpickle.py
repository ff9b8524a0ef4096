"""Structured numpy arrays out of pickles that nobody vouches for.

A pickle is a program: it names functions and calls them. Here a machine of our own runs the few instructions that an
array needs, and the few names stand for inert stand-ins; all others are refused. numpy's own functions are not called
either: `dtype.__setstate__` believes what it is told, and a forged type turns bytes of the file into pointers.

A few bytes of pickle can also ask for gigabytes or hours. So each string, number and nesting is bounded, keys of dicts
are texts, and whatever costs memory or time is counted.
"""

import ast
import pickle
import pickletools
import re
from collections.abc import Callable
from typing import IO, Any

import numpy as np

# Bytes of one string or number; names and settings are far shorter.
MAX_LENGTH = 1 << 16
MAX_DEPTH = 100
MAX_MEMO = 10_000_000
# Instructions and values together. A trial of 30 numbers takes 240; at worst this is a minute and a gigabyte.
MAX_WORK = 10_000_000
# What Python 2 writes for a string: its repr.
_REPR = re.compile(rb"""(['"])(?:(?!\1)[ !-\[\]-~]|\\(?:x[0-9a-f]{2}|[\\'"nrt]))*\1""")
_NUMBER_OR_TEXT = re.compile(r"[biufSU][0-9]{1,4}")


class Budget:
    """How much work pickles may still cause; those of an archive share one."""

    def __init__(self, work: int = MAX_WORK):
        self.work = self.left = work

    def spend(self, amount: int = 1) -> None:
        """Counts instructions, or values.

        Raises:
          pickle.UnpicklingError: they are more than allowed.
        """
        self.left -= amount
        if self.left < 0:
            raise pickle.UnpicklingError(f"more than {self.work} instructions and values, which is what is allowed")


class _Type:
    """A numpy dtype as a pickle spells it: a code such as 'V54' or 'f8', then byte order and field names."""

    def __init__(self, code: Any):
        self.code, self.order, self.names = code, "<", None

    def set_state(self, state: tuple) -> None:
        self.order, self.names = as_text(state[1]), state[3]

    def plain(self) -> np.dtype:
        """The dtype of a scalar; numpy checks it."""
        code = as_text(self.code)
        if self.names is not None or not (isinstance(code, str) and _NUMBER_OR_TEXT.fullmatch(code)):
            raise pickle.UnpicklingError(f"pickle holds a scalar of type {brief(code)}; allowed: numbers and strings")
        return np.dtype(code).newbyteorder("big" if self.order == ">" else "little")


class _Array:
    """A numpy array as a pickle spells it: shape, type, and elements as a list, which they are beside objects."""

    dtype: Any = None
    data: Any = None

    def set_state(self, state: tuple) -> None:
        _, _, self.dtype, _, self.data = state


def _scalar(dtype: Any, raw: Any) -> Any:
    raw = raw if isinstance(raw, bytes) else raw.encode("latin1")
    return np.frombuffer(raw, dtype.plain(), count=1)[0].item()


def _encode(text: Any, encoding: Any) -> bytes:
    # How protocol 2 writes bytes under Python 3.
    return text.encode("latin1") if encoding == "latin1" else _refuse(f"the encoding {brief(encoding)}")


def _dict(pairs: Any = ()) -> dict:
    if not isinstance(pairs, list | tuple):
        raise pickle.UnpicklingError(f"pickle makes a dict of {brief(pairs)}; it must be a list of pairs")
    made = {}
    for key, value in pairs:
        made[_key(key)] = value
    return made


def _key(key: Any) -> str | bytes:
    # Texts keep their hash. That of a tuple is computed anew, in a time that doubles with each nesting.
    if not isinstance(key, str | bytes):
        raise pickle.UnpicklingError(f"pickle has a dict with the key {brief(key)}; each must be a text")
    return key


def as_text(value: Any) -> Any:
    """A string of Python 2, which is bytes or text, as text; anything else as it is."""
    return value.decode("latin1") if isinstance(value, bytes) else value


def brief(value: Any) -> str:
    """A value for a message, on one line: what is no short text or number shows only its type."""
    if value is None or isinstance(value, bool | float) or (isinstance(value, int) and value.bit_length() <= 1024):
        return str(value)
    if isinstance(value, str | bytes):
        return ascii(value[:80])
    return f"of type {type(value).__name__.strip('_').lower()}"


def _refuse(what: str) -> Any:
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
    ("collections", "OrderedDict"): _dict,
}


class _Function:
    """A stand-in that a pickle can call and not change."""

    __slots__ = ("function",)

    def __init__(self, function: Callable):
        self.function = function


class _Reader:
    """A file for the readers of `pickletools`: it hands out no more at once than one short string."""

    def __init__(self, file: IO[bytes]):
        self._file = file

    def read(self, count: int) -> bytes:
        if count > MAX_LENGTH:
            raise pickle.UnpicklingError(f"pickle has a string or number of {count} bytes; at most {MAX_LENGTH}")
        return self._file.read(count)

    def readline(self) -> bytes:
        line = self._file.readline(MAX_LENGTH + 1)
        if len(line) > MAX_LENGTH:
            raise pickle.UnpicklingError(f"pickle has a line of more than {MAX_LENGTH} bytes, which is what is allowed")
        return line


def _read_repr(file: Any) -> str:
    line = file.readline().rstrip(b"\r\n")
    if not _REPR.fullmatch(line):
        raise pickle.UnpicklingError("pickle has a string without quotes, or with unknown escapes")
    return ast.literal_eval("b" + line.decode("ascii")).decode("latin1")


class _Machine:
    """Runs a pickle. The stack is cut at each mark, as in `pickle`: `outer` holds the parts below."""

    def __init__(self, file: IO[bytes], budget: Budget):
        self.file, self.budget = _Reader(file), budget
        self.stack: list[Any] = []
        self.outer: list[list[Any]] = []
        self.memo: dict[int, Any] = {}

    def run(self) -> Any:
        """What the pickle describes."""
        while (code := self.file.read(1)) != b".":
            instruction = _INSTRUCTIONS.get(code) or _unknown(code)
            read, act = instruction
            argument = read(self.file) if read else None
            self.budget.spend(1 + _cost(argument))
            act(self, argument)
        return self.pop()

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def pop(self, kind: type = object) -> Any:
        """The top of the stack, which must be of a type."""
        self.top(kind)
        return self.stack.pop()

    def top(self, kind: type = object) -> Any:
        """The top of the stack, left there; it must be of a type."""
        if not self.stack:
            raise pickle.UnpicklingError("pickle uses a value that it did not give")
        if not isinstance(self.stack[-1], kind):
            raise pickle.UnpicklingError(
                f"pickle uses {brief(self.stack[-1])} in place of a {kind.__name__.strip('_')}"
            )
        return self.stack[-1]

    def mark(self, _: Any) -> None:
        if len(self.outer) >= MAX_DEPTH:
            raise pickle.UnpicklingError(f"pickle nests values more than {MAX_DEPTH} deep, which is what is allowed")
        self.outer.append(self.stack)
        self.stack = []

    def pop_mark(self) -> list[Any]:
        if not self.outer:
            raise pickle.UnpicklingError("pickle ends a list that it did not begin")
        items, self.stack = self.stack, self.outer.pop()
        return items

    def pop_many(self, count: int) -> tuple:
        return tuple(reversed([self.pop() for _ in range(count)]))

    def fill(self, items: list[Any]) -> None:
        """Puts keys and values, in turn, into the dict on top."""
        self.top(dict).update(_dict(list(zip(items[::2], items[1::2], strict=True))))

    def name(self, module: Any, name: Any) -> None:
        found = _STAND_INS.get((module, name)) if isinstance(module, str) and isinstance(name, str) else None
        found = found or _refuse(f"{_dotted(module)}.{_dotted(name)}")
        self.push(_Function(found) if callable(found) else found)

    def name_from_stack(self, _: Any) -> None:
        module, name = self.pop_many(2)
        self.name(module, name)

    def call(self, _: Any) -> None:
        arguments = self.pop(tuple)
        function = self.pop(_Function).function
        if len(arguments) > 3:
            raise pickle.UnpicklingError(f"pickle calls a function with {len(arguments)} arguments; at most 3")
        self.budget.spend(sum(map(_cost, arguments)))
        self.push(function(*arguments))

    def build(self, _: Any) -> None:
        state = self.pop(tuple)
        if not isinstance(self.top(), _Array | _Type):
            _refuse(f"a state of a value {brief(self.top())}")
        self.top().set_state(state)

    def put(self, index: int) -> None:
        if not 0 <= index <= MAX_MEMO:
            raise pickle.UnpicklingError(f"pickle has the memo index {brief(index)}; it must be 0 to {MAX_MEMO}")
        self.memo[index] = self.top()

    def get(self, index: int) -> None:
        if index not in self.memo:
            raise pickle.UnpicklingError(f"pickle uses the memo index {brief(index)}, which it did not give")
        self.push(self.memo[index])


def _dotted(name: Any) -> str:
    return brief(name).strip("'")


def _cost(value: Any) -> int:
    """How much more than one small value it costs to copy it."""
    if isinstance(value, str | bytes):
        return len(value) // 8
    return len(value) if isinstance(value, list | tuple | dict) else 0


def _unknown(code: bytes) -> Any:
    if not code:
        raise pickle.UnpicklingError("pickle ends before its last instruction")
    names = {one.code.encode("latin1"): one.name for one in pickletools.opcodes}
    return _refuse(f"the instruction {names.get(code, code.hex())}")


def _instructions() -> dict[bytes, tuple[Callable | None, Callable[[_Machine, Any], Any]]]:
    """How to read the argument of each instruction, and what it does, by its code."""
    values = """INT BININT BININT1 BININT2 LONG LONG1 FLOAT BINFLOAT STRING BINSTRING SHORT_BINSTRING UNICODE BINUNICODE
      SHORT_BINUNICODE BINUNICODE8 BINBYTES SHORT_BINBYTES BINBYTES8"""
    acts: dict[str, Callable[[_Machine, Any], Any]] = {
        **dict.fromkeys(values.split(), _Machine.push),
        # Frames only help to read ahead.
        **dict.fromkeys(("PROTO", "FRAME"), lambda machine, _: None),
        **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), _Machine.get),
        **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT"), _Machine.put),
        "MEMOIZE": lambda machine, _: machine.put(len(machine.memo)),
        "NONE": lambda machine, _: machine.push(None),
        "NEWTRUE": lambda machine, _: machine.push(True),
        "NEWFALSE": lambda machine, _: machine.push(False),
        "MARK": _Machine.mark,
        "POP": lambda machine, _: machine.pop() if machine.stack else machine.pop_mark(),
        "POP_MARK": lambda machine, _: machine.pop_mark(),
        "DUP": lambda machine, _: machine.push(machine.top()),
        "EMPTY_TUPLE": lambda machine, _: machine.push(()),
        "TUPLE": lambda machine, _: machine.push(tuple(machine.pop_mark())),
        "TUPLE1": lambda machine, _: machine.push(machine.pop_many(1)),
        "TUPLE2": lambda machine, _: machine.push(machine.pop_many(2)),
        "TUPLE3": lambda machine, _: machine.push(machine.pop_many(3)),
        "EMPTY_LIST": lambda machine, _: machine.push([]),
        "LIST": lambda machine, _: machine.push(machine.pop_mark()),
        "APPEND": lambda machine, _: _append(machine, machine.pop_many(1)),
        "APPENDS": lambda machine, _: _append(machine, machine.pop_mark()),
        "EMPTY_DICT": lambda machine, _: machine.push({}),
        "DICT": _new_dict,
        "SETITEM": lambda machine, _: machine.fill(list(machine.pop_many(2))),
        "SETITEMS": lambda machine, _: machine.fill(machine.pop_mark()),
        "GLOBAL": lambda machine, name: machine.name(*name.split(" ", 1)),
        "STACK_GLOBAL": _Machine.name_from_stack,
        "REDUCE": _Machine.call,
        "BUILD": _Machine.build,
    }
    known = [one for one in pickletools.opcodes if one.name in acts]
    readers = {one.name: one.arg.reader if one.arg else None for one in known} | {"STRING": _read_repr}
    return {one.code.encode("latin1"): (readers[one.name], acts[one.name]) for one in known}


def _append(machine: _Machine, items: Any) -> None:
    machine.top(list).extend(items)


def _new_dict(machine: _Machine, _: Any) -> None:
    items = machine.pop_mark()
    machine.push({})
    machine.fill(items)


_INSTRUCTIONS = _instructions()


def _check(value: Any, budget: Budget, depth: int = 0) -> None:
    """Refuses what is no plain value; what is shared counts each time, as whoever copies it will find."""
    if depth > MAX_DEPTH:
        raise pickle.UnpicklingError(f"a value is nested more than {MAX_DEPTH} deep, which is what is allowed")
    budget.spend(1 + _cost(value))
    if isinstance(value, dict):
        for key, one in value.items():
            _check(key, budget, depth + 1)
            _check(one, budget, depth + 1)
    elif isinstance(value, list | tuple):
        for one in value:
            _check(one, budget, depth + 1)
    elif not _is_plain(value):
        raise pickle.UnpicklingError(f"a value is {brief(value)}; allowed: printable texts and numbers of 64 bits")


def _is_plain(value: Any) -> bool:
    if isinstance(value, int):
        return -(2**63) <= value < 2**64
    if isinstance(value, str | bytes):
        return as_text(value).isprintable()
    return value is None or isinstance(value, float)


def _fields_and_rows(file: IO[bytes], budget: Budget) -> tuple[list[str], list[tuple]]:
    array = _Machine(file, budget).run()
    if file.read(1):
        raise pickle.UnpicklingError("pickle is followed by other bytes; it must be the last thing of its file")
    if not (
        isinstance(array, _Array) and isinstance(array.dtype, _Type) and isinstance(array.dtype.names, list | tuple)
    ):
        raise pickle.UnpicklingError("it is no array with named fields")
    names = [as_text(name) for name in array.dtype.names]
    if not all(isinstance(name, str) and name.isprintable() for name in names) or len(set(names)) < len(names):
        raise pickle.UnpicklingError("the names of its fields are no different, printable texts")
    rows = array.data
    if not (isinstance(rows, list) and all(isinstance(row, tuple) and len(row) == len(names) for row in rows)):
        raise pickle.UnpicklingError(f"its elements are no rows of {', '.join(names)[:200]}")
    for number, row in enumerate(rows):
        for name, value in zip(names, row, strict=True):
            try:
                _check(value, budget)
            except pickle.UnpicklingError as error:
                raise pickle.UnpicklingError(f"row {number}, {name[:80]}: {error}") from None
    return names, rows


def load_rows(file: IO[bytes], source: str, budget: Budget | None = None) -> tuple[list[str], list[tuple]]:
    """Field names and rows of a one-dimensional structured array, pickled by Python 2 or 3; messages name the source.

    Values are printable texts, numbers of 64 bits, None, and lists, tuples and dicts of these.

    Raises:
      ValueError: it is no such pickle, or asks for more than such an array needs, or for more than the budget.
    """
    try:
        return _fields_and_rows(file, budget or Budget())
    except Exception as error:
        # A forged pickle can fail in any way; none of them is the caller's.
        message = " ".join(str(error).split())[:500]
        raise ValueError(f"{source} cannot be read as an array of trials: {message}") from error
