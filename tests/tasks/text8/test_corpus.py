"""Text8 is read exactly, split 90/5/5, and refused with the exact reason when it is anything else."""

import io
import zipfile

import numpy as np
import pytest

from capacity_jax.tasks.text8 import corpus
from capacity_jax.tasks.text8.corpus import ALPHABET, Corpus, read_text8

LENGTH = 10_000
TEXT = bytes(np.random.default_rng(0).choice(list(ALPHABET.encode()), LENGTH).astype(np.uint8))


def zipped(**members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return file.getvalue()


def with_byte(offset, byte):
    return TEXT[:offset] + byte + TEXT[offset + 1 :]


def error_of(path, content=None, expected=ValueError):
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(expected) as caught:
        read_text8(path, LENGTH)
    return str(caught.value)


def test_raw_file_is_mapped_and_read_to_the_letter(tmp_path):
    """Breaks if the raw file is altered on the way, or copied into memory instead of mapped."""
    (tmp_path / "text8").write_bytes(TEXT)
    read = read_text8(tmp_path / "text8", LENGTH)
    assert read.name == "text8"
    assert isinstance(read.letters, np.memmap)
    assert bytes(read.letters) == TEXT


def test_directory_is_searched_for_the_raw_file_first(tmp_path):
    """Breaks if a directory is not searched, or its zip is unpacked where the raw file lies beside it."""
    (tmp_path / "text8.zip").write_bytes(zipped(text8=TEXT))
    assert bytes(read_text8(tmp_path, LENGTH).letters) == TEXT
    (tmp_path / "text8").write_bytes(TEXT)
    assert isinstance(read_text8(str(tmp_path), LENGTH).letters, np.memmap)


@pytest.mark.parametrize("length", [1, 19, 20, 99, 100, 10_000, 10_007])
def test_split_is_the_customary_one(length):
    """Breaks if a part starts elsewhere, parts overlap or miss a character, or a code is another symbol's."""
    text = (TEXT + TEXT)[:length]
    whole = Corpus("small", np.frombuffer(text, np.uint8))
    parts = [whole.train, whole.validation, whole.evaluation]
    assert "".join(ALPHABET[code] for part in parts for code in part) == text.decode()
    assert len(whole.train) == length * 90 // 100
    assert len(whole.train) + len(whole.validation) == length * 95 // 100
    assert all(part.dtype == np.uint8 for part in parts)


@pytest.mark.parametrize(
    ("content", "observed"), [(b"", 0), (TEXT[:-1], 9_999), (TEXT + b"\n", 10_001), (TEXT * 2, 20_000)]
)
@pytest.mark.parametrize("packed", [False, True])
def test_wrong_length_is_named(tmp_path, content, observed, packed):
    """Breaks if an empty, cut, newline-terminated or doubled text is accepted, or its length misreported."""
    path = tmp_path / ("text8.zip" if packed else "text8")
    message = error_of(path, zipped(text8=content) if packed else content)
    assert message == f"{path} has {observed} characters; text8 has exactly 10000"


@pytest.mark.parametrize(
    ("offset", "byte"), [(0, b"A"), (1, b"\n"), (4_321, b"Z"), (9_999, b"7"), (77, b"\xc3"), (5_000, b"\0")]
)
@pytest.mark.parametrize("packed", [False, True])
def test_first_bad_byte_is_named(tmp_path, monkeypatch, offset, byte, packed):
    """Breaks if a byte outside the alphabet slips through, or any but the first one is named."""
    monkeypatch.setattr(corpus, "CHECKED_AT_ONCE", 1_000)
    path = tmp_path / ("text8.zip" if packed else "text8")
    content = with_byte(offset, byte)
    content = content[: offset + 1] + content[offset + 1 : -1] + (b"!" if offset < 9_999 else b"")
    message = error_of(path, zipped(text8=content) if packed else content)
    assert message == (f"{path} has the byte {byte!r} at offset {offset}; text8 holds only the space and a to z")


def test_zip_without_the_member(tmp_path):
    """Breaks if the first member of a zip file is taken for text8, whatever its name."""
    path = tmp_path / "text8.zip"
    message = error_of(path, zipped(enwik8=TEXT, notes=b"x"))
    assert message == f"{path} holds enwik8, notes; it must hold a file named text8"
    assert error_of(path, zipped()) == f"{path} holds nothing; it must hold a file named text8"


@pytest.mark.parametrize("damage", ["no zip", "cut", "flipped"])
def test_damaged_zip(tmp_path, damage):
    """Breaks if a damaged zip file ends in anything but one sentence that names it."""
    whole = zipped(text8=TEXT)
    middle = len(whole) // 2
    content = {
        "no zip": TEXT,
        "cut": whole[:middle],
        "flipped": whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :],
    }[damage]
    path = tmp_path / "text8.zip"
    message = error_of(path, content)
    assert message.startswith(f"{path} cannot be unpacked: ")
    assert message.endswith("; it must be an intact zip file")


def test_missing_file_and_empty_directory(tmp_path):
    """Breaks if a path that leads nowhere ends in another error, or silently in the stand-in."""
    missing = tmp_path / "nowhere" / "text8"
    assert error_of(missing, expected=FileNotFoundError) == (
        f"{missing} does not exist; it must be text8, text8.zip or a directory that holds one of them"
    )
    assert error_of(tmp_path, expected=FileNotFoundError) == (
        f"directory {tmp_path} holds neither text8 nor text8.zip; it must hold one of them"
    )
