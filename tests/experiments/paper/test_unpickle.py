"""Pickles that ask for more than an array are refused before anything of theirs runs."""

import io
import os
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest

from experiments.paper.unpickle import load_rows


class Call:
    """Pickles as a call of a function with arguments."""

    def __init__(self, function, *args):
        self.function, self.args = function, args

    def __reduce__(self):
        return self.function, self.args


def text(value):
    return b"X" + struct.pack("<I", len(value)) + value


def stack_global(module, name, argument):
    """Protocol 4: the names are data, and a dotted one walks through attributes."""
    return b"\x80\x04" + text(module) + text(name) + b"\x93" + text(argument) + b"\x85R."


def load(pickled):
    return load_rows(io.BytesIO(pickled), "fig1.p")


def attacks(path):
    """Each would make a file if it ran."""
    touch = f"open({str(path)!r}, 'w').close()"
    yield "os.system", pickle.dumps(Call(os.system, f"touch {path}"), 2)
    yield "eval", pickle.dumps(Call(eval, touch), 2)
    yield "exec of Python 2", b"c__builtin__\nexec\n(" + text(touch.encode()) + b"tR."
    yield "INST", b"(S'touch " + str(path).encode() + b"'\nios\nsystem\n."
    yield "dotted name", stack_global(b"numpy", b"os.system", b"touch " + str(path).encode())
    yield "dotted name in an allowed module", stack_global(b"numpy._core.multiarray", b"os.system", b"x")
    yield "attributes of an allowed name", stack_global(b"numpy", b"ndarray.tofile", str(path).encode())
    yield "runstring", b"cnumpy.testing\nrundocs\n(" + text(str(path).encode()) + b"tR."
    yield "f2py", b"cnumpy.f2py\nmain\n)R."
    yield "runstring of numpy.testing", b"cnumpy.testing._private.utils\nrunstring\n(" + text(touch.encode()) + b"}tR."
    yield "memmap", b"cnumpy\nmemmap\n(" + text(str(path).encode()) + b"U\x02u1U\x02w+K\x00K\x08tR."
    yield "fromfile", b"cnumpy\nfromfile\n(" + text(b"/etc/passwd") + b"tR."
    yield "load", b"cnumpy\nload\n(" + text(str(path).encode()) + b"NI01\ntR."
    yield "getattr", b"c__builtin__\ngetattr\n(cos\nenviron\n" + text(b"copy") + b"tR)R."
    yield "nested in hparams", pickle.dumps(np.array([("gru", Call(os.system, f"touch {path}"))], "O,O"), 2)


@pytest.mark.parametrize("number", range(15))
def test_attacks_are_refused(number, tmp_path):
    """Breaks if a pickle can name a function of its choice, by whatever instruction."""
    made = tmp_path / "made"
    name, pickled = list(attacks(made))[number]
    with pytest.raises(ValueError, match=r"^fig1\.p cannot be read .* asks for .*; refused$"):
        load(pickled)
    assert not made.exists(), name


def test_attacks_would_run_unrestricted(tmp_path):
    """Breaks if the attacks above are duds, and their refusal shows nothing."""
    for number in (0, 1, 3):
        path = Path(tmp_path, str(number))
        pickle.loads(list(attacks(path))[number][1])
        assert path.exists()


def test_refusal_names_what_was_asked_for():
    """Breaks if a user cannot tell a forged file from a broken one."""
    with pytest.raises(ValueError, match=r"posix\.system|nt\.system"):
        load(pickle.dumps(Call(os.system, "true"), 4))


def test_forged_type_cannot_turn_bytes_into_pointers():
    """Breaks if numpy's own dtype takes state from the file: it would read objects at addresses of its choice."""
    dtype = b"cnumpy\ndtype\n(U\x02V8I00\nI01\ntR"
    forged = dtype + b"(K\x03U\x01|N(U\x01at}U\x01a(cnumpy\ndtype\n(U\x02O8I00\nI01\ntRK\x00tsK\x08K\x01K\x00tb"
    array = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00tU\x01btR"
    with pytest.raises(ValueError, match="cannot be read"):
        load(b"\x80\x02" + array + b"(K\x01(K\x01t" + forged + b"I00\nU\x08AAAAAAAAtb.")
    with pytest.raises(ValueError, match="cannot be read"):
        load(b"\x80\x02cnumpy.core.multiarray\nscalar\n(" + forged + b"U\x08AAAAAAAAtR.")


def test_stand_ins_cannot_be_changed(tmp_path):
    """Breaks if one pickle can alter how the next is read."""
    good = pickle.dumps(np.array([("gru", {})], "O,O"), 2)
    with pytest.raises(ValueError, match="cannot be read"):
        load(b"\x80\x02cnumpy\ndtype\nN}" + text(b"function") + b"Ns\x86b.")
    with pytest.raises(ValueError, match="cannot be read"):
        load(b"\x80\x02cnumpy\ndtype\n}" + text(b"function") + b"Nsb.")
    assert load(good) == (["f0", "f1"], [("gru", {})])


@pytest.mark.parametrize(
    "pickled",
    [b"", b"\x80\x02", b"\xff" * 20, b"\x82\x01.", b"Pid\n.", pickle.dumps([1, 2]), pickle.dumps(np.arange(3))],
)
def test_other_files_are_no_arrays_of_trials(pickled):
    """Breaks if what is no structured array fails in a way that a caller does not expect."""
    with pytest.raises(ValueError, match=r"^fig1\.p cannot be read"):
        load(pickled)
