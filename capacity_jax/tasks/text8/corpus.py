"""A text over 27 symbols and its 90/5/5 split; text8 read from its file, checked to the last byte.

text8 (M. Mahoney, http://mattmahoney.net/dc/textdata.html) is the first 10^8 characters of a 2006 English
Wikipedia reduced to a space and a to z.
"""

import os
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from jaxtyping import UInt8

ALPHABET = " abcdefghijklmnopqrstuvwxyz"
TEXT8_LENGTH = 10**8

# The check looks at this many bytes at a time, so that a mapped file need not fit into memory.
CHECKED_AT_ONCE = 2**24


@dataclass(frozen=True, eq=False)
class Corpus:
    """A text and the name under which results report it.

    Attributes:
      name: "text8" for the real thing alone.
      letters: the text as ASCII bytes, each of them in `ALPHABET`; possibly a mapped file.

    Example:
      >>> import numpy as np
      >>> from capacity_jax.tasks import Corpus
      >>> corpus = Corpus("mine", np.frombuffer(b"one fish two fish " * 10, np.uint8))
      >>> len(corpus.train), len(corpus.validation), len(corpus.evaluation)
      (162, 9, 9)
    """

    name: str
    letters: UInt8[np.ndarray, " length"]

    @property
    def train(self) -> UInt8[np.ndarray, " part"]:
        """The first 90%, as indices into `ALPHABET`."""
        return self._codes(0, 90)

    @property
    def validation(self) -> UInt8[np.ndarray, " part"]:
        """The 5% after the training text, as indices into `ALPHABET`."""
        return self._codes(90, 95)

    @property
    def evaluation(self) -> UInt8[np.ndarray, " part"]:
        """The last 5%, as indices into `ALPHABET`."""
        return self._codes(95, 100)

    def _codes(self, start, stop):
        length = len(self.letters)
        # In ASCII the low five bits of a space are 0 and those of a to z are 1 to 26.
        return np.asarray(self.letters[length * start // 100 : length * stop // 100]) & 31


def read_text8(path: str | os.PathLike, length: int = TEXT8_LENGTH) -> Corpus:
    """Reads text8: the raw file is mapped into memory, a `.zip` is unpacked into it.

    Args:
      path: the file `text8` or `text8.zip`, or a directory that holds one of them; the raw file wins.
      length: number of characters it must have.

    Raises:
      FileNotFoundError: there is no such file, or none in the directory.
      ValueError: the file is not text8; the message says what differs.
    """
    path = _locate(Path(path))
    if path.suffix == ".zip":
        with path.open("rb") as file:
            letters = unzip_text8(file, path, length)
    else:
        _check_length(path.stat().st_size, path, length)
        letters = np.memmap(path, np.uint8, "r")
    _check_alphabet(letters, path)
    return Corpus("text8", letters)


def unzip_text8(file: BinaryIO, source: object, length: int) -> UInt8[np.ndarray, " length"]:
    """The member `text8` of an open zip file, its length checked.

    Raises:
      ValueError: the file cannot be unpacked, has no such member, or one of another length; the message
        starts with source.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
            if "text8" not in names:
                raise ValueError(f"{source} holds {', '.join(names) or 'nothing'}; it must hold a file named text8")
            _check_length(archive.getinfo("text8").file_size, source, length)
            return np.frombuffer(archive.read("text8"), np.uint8)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise ValueError(f"{source} cannot be unpacked: {error}; it must be an intact zip file") from error


def _locate(path):
    if path.is_dir():
        for name in ("text8", "text8.zip"):
            if (path / name).is_file():
                return path / name
        raise FileNotFoundError(f"directory {path} holds neither text8 nor text8.zip; it must hold one of them")
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} does not exist; it must be text8, text8.zip or a directory that holds one of them"
        )
    return path


def _check_length(observed, source, length):
    if observed != length:
        raise ValueError(f"{source} has {observed} characters; text8 has exactly {length}")


def _check_alphabet(letters, source):
    allowed = np.zeros(256, bool)
    allowed[list(ALPHABET.encode())] = True
    for start in range(0, len(letters), CHECKED_AT_ONCE):
        wrong = np.flatnonzero(~allowed[letters[start : start + CHECKED_AT_ONCE]])
        if wrong.size:
            offset = start + int(wrong[0])
            byte = bytes([letters[offset]])
            raise ValueError(
                f"{source} has the byte {byte!r} at offset {offset}; text8 holds only the space and a to z"
            )
