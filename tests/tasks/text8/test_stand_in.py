"""The stand-in is English over 27 symbols, always the same, and says what it is."""

import platform
import re
import subprocess
import sys
import zlib

import pytest

from capacity_jax.tasks.text8.stand_in import reduce_to_alphabet, stand_in


@pytest.fixture(scope="module")
def text():
    return bytes(stand_in().letters).decode()


@pytest.mark.parametrize(
    ("given", "reduced"),
    [
        ("Hello, World!\n", b"hello world "),
        ("3.14 and 42", b" three one four and four two "),
        ("naïve café_1", b"na ve caf one "),
        ("", b""),
        ("...", b" "),
    ],
)
def test_reduction_is_that_of_text8(given, reduced):
    """Breaks if case, digits, runs of other characters or accented letters are treated unlike in text8."""
    assert reduce_to_alphabet(given) == reduced


def test_large_enough_and_clean(text):
    """Breaks if the documentation is not found, or anything but single spaces and a to z is left in it."""
    assert len(text) > 1_000_000
    assert re.fullmatch(r"(?: ?[a-z]+)+ ?", text)


def test_it_is_english_prose_and_not_code(text):
    """Breaks if source code, or tables, get in where documentation is meant to be."""
    words = text.split()
    assert words.count("the") / len(words) > 0.05
    assert "this module" in text
    assert text.count(" elif ") + text.count(" isinstance ") < 100


def test_no_paragraph_serves_two_parts(text):
    """Breaks if text that occurs twice in the library is learned in one part and asked for in another."""
    train = text[: len(text) * 90 // 100]
    held_out = text[len(text) * 95 // 100 :]
    passages = [held_out[start : start + 200] for start in range(0, len(held_out) - 200, 200)]
    assert sum(passage in train for passage in passages) < 0.05 * len(passages)


def test_same_text_in_another_process(text):
    """Breaks if the text depends on hash seeds, the order of directories, or the order of imports."""
    program = (
        "import zlib; from capacity_jax.tasks.text8.stand_in import stand_in; "
        "print(zlib.crc32(bytes(stand_in().letters)), stand_in().name)"
    )
    ours = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ours.stdout.split() == [str(zlib.crc32(text.encode())), stand_in().name]


def test_name_tells_the_python_version():
    """Breaks if texts of two Python versions, which differ, are reported under one name, or as text8."""
    assert stand_in().name == f"stdlib-docs-{platform.python_version()}"
