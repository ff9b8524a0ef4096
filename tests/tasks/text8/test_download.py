"""The download leaves text8.zip only if the text in it is text8; the network is played by a file URL."""

import hashlib
import io
import zipfile

import pytest

from capacity_jax.tasks.text8 import download as module
from capacity_jax.tasks.text8.corpus import read_text8
from capacity_jax.tasks.text8.download import download_text8, main

LENGTH = 10_000
TEXT = (b" anarchism originated as a term of abuse" * LENGTH)[:LENGTH]
DIGEST = hashlib.md5(TEXT).hexdigest()


def zipped(text):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("text8", text)
    return file.getvalue()


@pytest.fixture
def served(tmp_path):
    def serve(content):
        path = tmp_path / "served.zip"
        path.write_bytes(content)
        return path.as_uri()

    return serve


def test_what_is_downloaded_can_be_read(tmp_path, served, capsys):
    """Breaks if a good download is not put in place byte for byte, leaves litter, or shows no progress."""
    content = zipped(TEXT)
    path = download_text8(tmp_path / "data", served(content), LENGTH, DIGEST)
    assert path == tmp_path / "data" / "text8.zip"
    assert path.read_bytes() == content
    assert bytes(read_text8(tmp_path / "data", LENGTH).letters) == TEXT
    assert [child.name for child in (tmp_path / "data").iterdir()] == ["text8.zip"]
    assert "text8.zip: 100%" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (zipped(TEXT)[:-100], "cannot be unpacked"),
        (zipped(TEXT[1:]), "has 9999 characters; text8 has exactly 10000"),
        (zipped(TEXT[::-1]), f"has the MD5 digest [0-9a-f]+; that of text8 is {DIGEST}"),
    ],
    ids=["cut", "shortened", "altered"],
)
def test_a_bad_download_leaves_nothing(tmp_path, served, content, message):
    """Breaks if a cut, shortened or altered download is kept under any name, or replaces a good file."""
    directory = tmp_path / "data"
    directory.mkdir()
    (directory / "text8.zip").write_bytes(b"as it was")
    url = served(content)
    with pytest.raises(ValueError, match=message) as caught:
        download_text8(directory, url, LENGTH, DIGEST)
    assert url in str(caught.value)
    assert [child.read_bytes() for child in directory.iterdir()] == [b"as it was"]


def test_command_line(tmp_path, served, monkeypatch, capsys):
    """Breaks if the command does not pass its directory on, or ends in a traceback without a network."""
    monkeypatch.setattr(module, "download_text8", lambda directory: download_text8(directory, "file:///nowhere"))
    with pytest.raises(SystemExit, match=r"^text8 was not downloaded: "):
        main([str(tmp_path)])
    monkeypatch.setattr(module, "download_text8", lambda directory: f"{directory}/text8.zip")
    main(["there"])
    assert capsys.readouterr().out.endswith("export CAPACITY_JAX_DATA=there/text8.zip\n")
