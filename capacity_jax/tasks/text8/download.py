"""Downloads text8.zip, 31 MB, into a directory: `python -m capacity_jax.tasks.text8.download DIR`."""

import argparse
import hashlib
import os
import sys
import tempfile
import urllib.request
from pathlib import Path

from tqdm import tqdm

from capacity_jax.tasks.text8.corpus import TEXT8_LENGTH, unzip_text8

URL = "http://mattmahoney.net/dc/text8.zip"
# Of the unpacked text, as several independent public projects record it; ours had no network to confirm it.
MD5 = "3bea1919949baf155f99411df5fada7e"

BLOCK_BYTES = 2**18
TIMEOUT_SECONDS = 60


def download_text8(directory: str | os.PathLike, url: str = URL, length: int = TEXT8_LENGTH, md5: str = MD5) -> Path:
    """Downloads text8.zip, checks the text in it and only then gives the file its name.

    Args:
      directory: where text8.zip goes; made if need be. A file of that name is replaced.
      url: where it comes from.
      length: number of characters that the text must have.
      md5: digest that the text must have.

    Returns:
      The path of text8.zip.

    Raises:
      OSError: the download fails, or the directory cannot be written.
      ValueError: what came is not text8; the message says what differs.
    """
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="text8-download-", dir=directory) as scratch:
        part = Path(scratch, "text8.zip")
        with part.open("w+b") as file:
            _fetch(url, file)
            letters = unzip_text8(file, url, length)
        observed = hashlib.md5(letters.data, usedforsecurity=False).hexdigest()
        if observed != md5:
            raise ValueError(f"the text at {url} has the MD5 digest {observed}; that of text8 is {md5}")
        return part.replace(directory / "text8.zip")


def _fetch(url, file):
    with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as response:
        total = int(response.headers.get("Content-Length", 0)) or None
        with tqdm(desc="text8.zip", total=total, unit="B", unit_scale=True) as progress:
            while block := response.read(BLOCK_BYTES):
                file.write(block)
                progress.update(len(block))


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m capacity_jax.tasks.text8.download", description=__doc__)
    parser.add_argument("directory", help="where text8.zip goes; made if need be")
    try:
        path = download_text8(parser.parse_args(arguments).directory)
    except (OSError, ValueError) as error:
        sys.exit(f"text8 was not downloaded: {error}")
    print(f"{path} is text8; to use it: export CAPACITY_JAX_DATA={path}")


if __name__ == "__main__":
    main()
