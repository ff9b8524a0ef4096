"""A STAND-IN for text8 where its file is absent: the documentation inside the Python that is running.

It is English about programming, some 1.6 million characters: good to try things out with, and comparable with
nothing but itself. The text belongs to Python (PSF license); it is read where it lies and never stored.
"""

import ast
import hashlib
import platform
import re
import sys
import sysconfig
import warnings
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

import numpy as np

from capacity_jax.tasks.text8.corpus import Corpus

# Left out: what some installations lack, so that one Python version gives one text, and tables without prose.
SKIPPED = {"distutils", "ensurepip", "idlelib", "lib2to3", "tkinter", "turtledemo", "encodings", "pydoc_data"}
TESTS = {"test", "tests"}

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@cache
def stand_in() -> Corpus:
    """The standard library's docstrings and help topics over 27 symbols; one text for one Python version."""
    documents = dict(_docstrings(Path(sysconfig.get_path("stdlib"))))
    topics = import_module("pydoc_data.topics").topics
    documents |= {f"topic {name}": text for name, text in topics.items()}
    # An order that has nothing to do with the names mixes the subjects, so that all parts hold all of them.
    in_order = sorted(documents, key=lambda name: hashlib.sha256(name.encode()).digest())
    # A paragraph that comes twice is kept once: it must not be learned in one part and asked for in another.
    paragraphs = dict.fromkeys(paragraph for name in in_order for paragraph in re.split(r"\n\s*\n", documents[name]))
    letters = np.frombuffer(reduce_to_alphabet("\n".join(paragraphs)), np.uint8)
    return Corpus(f"stdlib-docs-{platform.python_version()}", letters)


def reduce_to_alphabet(text: str) -> bytes:
    """Reduces text as text8 was: lower case, digits spelled out, each run of anything else one space."""
    spelled = text.lower().translate({ord(str(digit)): f" {word} " for digit, word in enumerate(DIGITS)})
    return re.sub(rb"[^a-z]+", b" ", spelled.encode("ascii", "replace"))


def _docstrings(folder: Path) -> Iterator[tuple[str, str]]:
    for top in sorted(sys.stdlib_module_names - SKIPPED):
        for path in (folder / f"{top}.py", *(folder / top).rglob("*.py")):
            if path.is_file() and not TESTS & set(path.relative_to(folder).parts):
                yield path.relative_to(folder).as_posix(), "\n\n".join(_docstrings_of(path.read_bytes()))


def _docstrings_of(source: bytes) -> Iterator[str]:
    with warnings.catch_warnings():
        # Parsing complains about what the library's own authors wrote.
        warnings.simplefilter("ignore")
        unvisited: list[ast.AST] = [ast.parse(source)]
    while unvisited:
        node = unvisited.pop()
        documented = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        if documented and (text := ast.get_docstring(node, clean=False)):
            yield text
        # Backwards, for the stack to give them in the order of the file.
        unvisited += [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt)][::-1]
