"""Bits per parameter of modern cells by the paper's protocol: the bare cells, and each in a block.

Expected, by what a cell is nonlinear in: its state (R), most; a gate of its input (G), less; only products of linear
terms (B), few bits per head, more with more heads; nothing (L), about 2 bits for each of the 33 weights of a linear
readout of 32 inputs, whatever the width. A block round the integrator stores what its MLP alone stores. The echo state
network, whose reservoir counts no parameters, would have hundreds of units at these sizes: it is one of the yardsticks.
`:laptop` (the default) trains 25,000 steps, which makes all values lower bounds, `:smoke` 300. All cells are tuned
alike: three numbers of labels at one learning rate, each with four seeds; `--config.trials=16` adds a search.
"""

from inspect import signature

from ml_collections import ConfigDict

from capacity_jax.cells import CELLS, cell_by_name
from capacity_jax.cells.registry import BUILDERS
from capacity_jax.search import SHORT_RUN_RANGES
from experiments.configs.common import base_config

OF_HEADS = tuple(name for name, build in BUILDERS.items() if "heads" in signature(build).parameters)
# The paper's for comparison, those that came after, and those that may have several heads.
COMPARED = ("rnn", "gru", "lstm")
MODERN = tuple(list(CELLS)[list(CELLS).index("lru") :])
BARE = (*COMPARED, *MODERN, *(f"{cell}(heads=2)" for cell in OF_HEADS))
IN_BLOCKS = tuple(f"block({cell})" for cell in (*COMPARED, *MODERN))
# Labels that a cell of each class is asked for: a ladder round what a first look found, per parameter; for those that
# are linear in all, round the 66 of a readout of 32 inputs and a bias; for products of two linear terms, which have 65
# weights whatever their width, some multiples of these in each head.
LABELS = {"R": (2.2, 3.0, 4.0), "G": (0.8, 1.5, 2.5), "B": (100, 130, 170, 200, 300), "L": (55, 66, 80)}
# Their values are linear, but their keys or gates are not.
LIKE_G = ("hgrn2", "rwkv7")
OF_MLP = (1.5, 2.0, 2.5)


def get_config(extent: str = "laptop") -> ConfigDict:
    """The configuration at an extent, `laptop` or `smoke`."""
    config = base_config("modern", "per_cap", extent)
    config.figure = "experiments.modern"
    smoke = extent == "smoke"
    config.task_args = ConfigDict({"n_in": 32, "n_steps": 5})
    cells = ("lru", "deltanet(heads=2)", "block(integrator)") if smoke else (*BARE, *IN_BLOCKS)
    config.cells = ",".join(cells)
    config.budgets = (600,) if smoke else (600, 1200, 2000)
    config.batch_size = 64 if smoke else 128
    config.seeds = 2 if smoke else 4
    steps = 300 if smoke else 25_000
    setting = {"train_steps": steps, "lr_init": 0.01, "lr_decay_rate": 0.03}
    for cell in cells:
        config.initial_settings[cell] = tuple(setting | labels for labels in _labels(cell))
    config.space = ConfigDict(SHORT_RUN_RANGES | {"train_steps": steps, "b_per_parameter": (0.05, 4.5)})
    return config


def _labels(name):
    if name.startswith("block"):
        return [{"b_per_parameter": labels} for labels in OF_MLP]
    cell = cell_by_name(name)
    family = "G" if name.split("(")[0] in LIKE_G else cell.family or "R"
    if family == "L":
        return [{"b": labels} for labels in LABELS["L"]]
    # A cell of several heads has a multiple of them as units.
    if family == "B":
        return [{"b": labels * cell.units_multiple} for labels in LABELS["B"]]
    return [{"b_per_parameter": labels} for labels in LABELS[family]]
