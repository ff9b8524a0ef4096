"""What modern cells store by the paper's protocol, bare and in a block, and what they recall.

Expected, by what a cell is nonlinear in: its state (R), most; a gate of its input (G), less; only products of linear
terms (B), few bits per head, more with more heads; nothing (L), about 2 bits for each of the 33 weights of a linear
readout of 32 inputs, whatever the width. A block round the integrator stores what its MLP alone stores. The echo state
network, whose reservoir counts no parameters, would have hundreds of units at these sizes: it is one of the yardsticks.
`:laptop` (the default) trains 25,000 steps, which makes all values lower bounds, `:smoke` 300. All cells are tuned
alike: three numbers of labels (four at `:long`, five in class B and in blocks) at one learning rate, each with four
seeds; `--config.trials=16` adds a search.

`:long` trains some cells near 2,000 parameters for 40,000 steps by SOAP on batches of 256. `:steps` asks some cells of
each class for labels after 1, 2 and 10 steps in place of 5, `:values` for as many real numbers as they carry through 12
steps, `:pairs` for values of keys that they have heard.
"""

from inspect import signature

from ml_collections import ConfigDict

from capacity_jax.cells import CELLS, cell_by_name
from capacity_jax.cells.registry import BUILDERS
from capacity_jax.search import SHORT_RUN_RANGES
from experiments.configs import assoc_recall, mem_thru
from experiments.configs.common import EXTENTS, base_config, train_by_soap

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
# In longer runs cells store more, and are asked for more; those linear in all or in two factors store what they do.
LABELS_OF_LONG = {"R": (2.6, 3.3, 4.0, 4.6), "G": (1.2, 2.0, 2.8, 3.4)}
TRAINED_LONG = (*COMPARED, "mgu", "slstm", "mamba", "mingru", "minlstm", "rglru", "deltaproduct(heads=2)", "deltanet")
TRAINED_LONG += ("gated_deltanet", "mamba2", "hgrn2", "rwkv7")
# Values of the first two are linear, but not their keys or gates; the last stores as little, nonlinear in its state.
LIKE_G = ("hgrn2", "rwkv7", "ttt")
OF_MLP = (0.5, 1.0, 1.5, 2.0, 2.5)
# After other numbers of steps: two cells of each class, and one; products of linear terms are asked for as many labels
# as gated cells too, because a query that hears the input is no constant.
N_STEPS = (1, 2, 10)
OVER_STEPS = ("rnn", "gru", "mingru", "deltanet", "retnet(heads=2)", "linear_attention(heads=2)", "lru")
# What else cells are asked to recall, and those that are.
RECALL = {"values": mem_thru, "pairs": assoc_recall}
RECALLING = ("rnn", "gru", "lstm", "mingru", "lru", "mamba", "mamba2", "linear_attention", "retnet", "hgrn2")
RECALLING += ("mlstm", "deltanet", "gated_deltanet", "rwkv7")


def get_config(extent: str = "laptop") -> ConfigDict:
    """The configuration at an extent, `laptop`, `smoke`, `long`, `steps`, `values` or `pairs`."""
    config = base_config("modern", "per_cap", extent, (*EXTENTS, "long", "steps", *RECALL))
    if extent in RECALL:
        config = RECALL[extent].get_config()
        config.cells, config.seeds = ",".join(RECALLING), 4
        if extent == "values":
            config.units = (16,)
    else:
        _of_labels(config, extent)
    config.name = f"modern-{extent}"
    config.figure = "experiments.modern"
    return config


def _of_labels(config, extent):
    smoke, long, over_steps = (extent == one for one in ("smoke", "long", "steps"))
    chosen = {"smoke": ("lru", "deltanet(heads=2)", "block(integrator)"), "long": TRAINED_LONG, "steps": OVER_STEPS}
    cells = chosen.get(extent, (*BARE, *IN_BLOCKS))
    config.task_args = ConfigDict({"n_in": 32, "n_steps": N_STEPS if over_steps else 5})
    config.cells = ",".join(cells)
    config.budgets = {"smoke": (600,), "long": (2000,), "steps": (1200,)}.get(extent, (600, 1200, 2000))
    config.batch_size = 64 if smoke else 128
    if long:
        train_by_soap(config)
    config.seeds = 2 if smoke else 4
    steps = {"smoke": 300, "long": 40_000}.get(extent, 25_000)
    setting = {"train_steps": steps, "lr_init": 0.01, "lr_decay_rate": 0.03}
    for cell in cells:
        config.initial_settings[cell] = tuple(setting | labels for labels in _labels(cell, extent))
    config.space = ConfigDict(
        SHORT_RUN_RANGES | {"train_steps": steps, "b_per_parameter": (0.05, 5.5 if long else 4.5)}
    )


def _labels(name, extent):
    if name.startswith("block"):
        return [{"b_per_parameter": labels} for labels in OF_MLP]
    cell = cell_by_name(name)
    family = "G" if name.split("(")[0] in LIKE_G else cell.family or "R"
    if family == "L":
        return [{"b": labels} for labels in LABELS["L"]]
    # A cell of several heads has a multiple of them as units.
    if family == "B":
        of_heads = [{"b": labels * cell.units_multiple} for labels in LABELS["B"]]
        if extent != "steps":
            return of_heads
        return [*of_heads[1::2], *({"b_per_parameter": labels} for labels in LABELS["G"])]
    asked = LABELS_OF_LONG if extent == "long" else LABELS
    return [{"b_per_parameter": labels} for labels in asked[family]]
