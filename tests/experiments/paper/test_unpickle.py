"""Pickles that ask for more than an array are refused before anything of theirs runs."""

import io
import os
import pickle
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from experiments.paper.unpickle import Budget, load_rows


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
    return load_rows(io.BytesIO(pickled), "fig1.p", Budget(100_000))


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


def good(protocol=2):
    rows = [("gru", {"lr": np.float64(0.5), "steps": 7, "optimizer": "SGD"}, 0.25), ("lstm", {"lr": 0.125}, 0.5)]
    return pickle.dumps(np.array(rows, "O,O,f8"), protocol)


def row_with(value):
    """A pickle whose one row holds a value, spelt as instructions."""
    marker = b"K\x2a"
    pickled = pickle.dumps(np.array([("gru", 42)], "O,O"), 2)
    assert pickled.count(marker) == 1
    return pickled.replace(marker, value)


def peak_memory(call):
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def refusal(pickled):
    """The one line with which a pickle is refused."""
    with pytest.raises(ValueError, match=r"^fig1\.p cannot be read as an array of trials: [ -~]+$") as caught:
        load(pickled)
    return str(caught.value)


@pytest.mark.parametrize("protocol", range(6))
def test_cut_pickles_are_refused(protocol):
    """Breaks if a pickle that ends early passes as a shorter one, or ends in a traceback."""
    pickled = good(protocol)
    for end in range(len(pickled)):
        refusal(pickled[:end])


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_damaged_pickles_give_rows_or_the_one_error(protocol):
    """Breaks if some wrong byte leads to an error of another kind, or to much memory."""
    pickled, rng = good(protocol), np.random.default_rng(protocol)

    def damage():
        for _ in range(500):
            wrong = bytearray(pickled)
            wrong[rng.integers(len(wrong))] ^= 1 << rng.integers(8)
            try:
                load(bytes(wrong))
            except ValueError as error:
                assert str(error).isprintable()  # noqa: PT017

    assert peak_memory(damage) < 2e7


BOMBS = {
    "a buffer of a gigabyte": (b"\x96" + struct.pack("<Q", 1 << 30), "instruction BYTEARRAY8"),
    "a text of a gigabyte": (b"\x8d" + struct.pack("<Q", 1 << 30), "1073741824 bytes; at most 65536"),
    "bytes of a gigabyte": (b"\x8e" + struct.pack("<Q", 1 << 30), "1073741824 bytes; at most 65536"),
    "a string of a gigabyte": (b"T" + struct.pack("<I", 1 << 30), "1073741824 bytes; at most 65536"),
    "an integer of a gigabyte": (b"\x8b" + struct.pack("<I", 1 << 30), "instruction LONG4"),
    "a place far off in the memo": (b"Nr" + struct.pack("<I", 40_000_000), "memo index 40000000"),
    "a place far off in the memo, as digits": (b"Np40000000\n", "memo index 40000000"),
    "a place far back in the memo": (b"j" + struct.pack("<I", 40_000_000), "memo index 40000000"),
    "marks in marks": (b"(" * 1000, "more than 100 deep"),
    "a long line": (b"I" + b"1" * 70_000 + b"\n", "more than 65536 bytes"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_few_bytes_take_little_memory(name):
    """Breaks if a pickle of some bytes makes the machine allocate what they name."""
    pickled, message = BOMBS[name]
    assert peak_memory(lambda: message in refusal(pickled) or pytest.fail(refusal(pickled))) < 2e6


def test_nested_tuples_are_no_keys():
    """Breaks if a key is hashed that takes a time doubling with each level: 2**60 steps here."""
    key = b"N" + b"2\x86" * 60
    for pickled in (b"}" + key + b"Ns", b"(" + key + b"Nd", b"}(" + key + b"Nu", b"\x8f(" + key + b"\x90"):
        assert "key of type tuple" in refusal(pickled + b".") or "instruction EMPTY_SET" in refusal(pickled + b".")
    pairs = b"ccollections\nOrderedDict\n(](" + key + b"N\x86etR."
    assert "key of type tuple" in refusal(pairs)


@pytest.mark.parametrize("key", [b"N", b"K\x01", b"]", b"G" + bytes(8)])
def test_keys_are_texts(key):
    """Breaks if a hyperparameter has no name."""
    assert "must be a text" in refusal(row_with(b"}" + key + b"Ns"))


def test_values_that_share_parts_do_not_multiply():
    """Breaks if 60 instructions become 2**60 values once somebody copies or prints them, or a value holds itself."""
    assert "instructions and values" in refusal(row_with(b"N" + b"2\x86" * 60))
    assert "more than 100 deep" in refusal(row_with(b"N" + b"\x85" * 200))
    assert "more than 100 deep" in refusal(row_with(b"]2a"))


def test_calls_of_long_texts_are_counted():
    """Breaks if a text of 60 kB, encoded a million times, takes 60 GB."""
    encode = b"h\x01h\x02X\x06\x00\x00\x00latin1\x86R"
    start = b"c_codecs\nencode\nq\x01X" + struct.pack("<I", 60_000) + b"a" * 60_000 + b"q\x02"
    assert "more than 100000 instructions and values" in refusal(start + encode * 1000)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (pickle.dumps(10**30, 2)[2:-1], "row 0, f1: a value is 1000000000000000000000000000000"),
        (b"X\x03\x00\x00\x00a\nb", "row 0, f1: a value is 'a\\nb'"),
        (b"cnumpy\ndtype\nU\x02f8\x85R", "row 0, f1: a value is of type type"),
    ],
)
def test_values_are_plain(value, message):
    """Breaks if a value that no table, message or file can hold goes on to them."""
    assert message in refusal(row_with(value))


def test_nothing_follows_the_array():
    """Breaks if the second half of a file is left out in silence."""
    assert "followed by other bytes" in refusal(good() + good())


def test_strings_of_python_2_in_protocol_0_are_read():
    """Breaks if escapes are taken as they stand, or a string can hold more than a string."""
    rows = load(row_with(b"S'\\x41\\'b\\\\'\n"))[1]
    assert rows == [("gru", "A'b\\")]
    for wrong in (b"S'a' 'b'\n", b"S''+'b'\n", b"S'a\n", b"Sa\n", b"S'\\q'\n"):
        assert "string without quotes" in refusal(row_with(wrong))
