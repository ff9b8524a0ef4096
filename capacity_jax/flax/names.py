"""Flax's names of kernels in the words of the authors' data.

| Flax's letter | the gate | authors' letter |
|---|---|---|
| i | input gate of the LSTM | i |
| f | forget gate of LSTM and MGU | g |
| g | candidate of the LSTM | c |
| o | output gate of the LSTM | o |
| r | reset gate of the GRU | r |
| z | update gate of the GRU | u |
| n | candidate of GRU and MGU | c |

A kernel is named by what it multiplies, the input (i) or the units (h), then by its gate: `if/kernel` is the
forget gate's input matrix, `hn/kernel` the candidate's recurrent one. A cell of one gate has `i/kernel` and
`h/kernel`.
"""

from collections.abc import Iterable

AUTHORS_GATE = {"i": "i", "f": "g", "g": "c", "o": "o", "r": "r", "z": "u", "n": "c"}
AUTHORS_SIDE = {"i": "input_scale", "h": "recurrent_matrix_scale"}


def scale_names(paths: Iterable[tuple[str, ...]]) -> dict[tuple[str, ...], str]:
    """A hyperparameter for the scale of each kernel.

    Args:
      paths: of the kernels within a cell's parameters, e.g. `("if", "kernel")`.

    Returns:
      For each path the authors' name, `input_scale_<gate>` or `recurrent_matrix_scale_<gate>`, if all paths
      have one; otherwise `scale_<path>`, joined by underscores.
    """
    paths = list(paths)
    authors = {path: name for path in paths if (name := _authors_name(path))}
    if len(set(authors.values())) == len(paths):
        return authors
    return {path: "_".join(("scale", *path)) for path in paths}


def _authors_name(path):
    layer = path[0].removesuffix("_")  # nnx writes `if_`, because `if` is a word of the language
    if len(path) != 2 or path[1] != "kernel" or layer[:1] not in AUTHORS_SIDE:
        return None
    gate = "h" if len(layer) == 1 else AUTHORS_GATE.get(layer[1:])
    return gate and f"{AUTHORS_SIDE[layer[0]]}_{gate}"
