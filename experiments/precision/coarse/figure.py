"""Bits per parameter of networks that train with coarse weights, against the bits of a weight."""

from typing import cast

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from capacity_jax.results.figures import cells_in_order, grid, network_style
from capacity_jax.results.formatting import network_label
from experiments.by_choice import best_of_each, summary

WEIGHTS = ("weight_bits", "weight_format")
# Places on the axis of what has no number of bits there.
PLACES = {"bfloat16": 10.0, "bfloat16 alone": 11.0, "exact": 12.0}
NAMES = {"bfloat16": "bf16", "bfloat16 alone": "bf16\nalone", "exact": "exact"}


def select(records: pd.DataFrame) -> pd.DataFrame:
    """The trials that trained by `coarse_weights`."""
    return records.loc[np.array(["weight_bits" in hparams for hparams in records["hparams"]], bool)]


def tables(records: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """What a report shows besides the figure."""
    return {"Trained with coarse weights": summary(best_of_each(select(records), *WEIGHTS), *WEIGHTS)}


def draw(records: pd.DataFrame, published: pd.DataFrame | None = None) -> Figure:
    """A line for each network: means over seeds with 95% intervals, and a point for each seed.

    Left: bits per parameter. Right: the same per bit of a weight. The authors have published nothing on it.
    """
    seeds = best_of_each(select(records), *WEIGHTS)
    seeds = seeds.assign(place=[_place(*weight) for weight in zip(*(seeds[name] for name in WEIGHTS), strict=True)])
    table = summary(seeds, "place")
    cells = cells_in_order(table)
    figure = Figure(figsize=(11, 4.8), layout="constrained")
    stored, per_bit = figure.subplots(1, 2, width_ratios=(1.4, 1))
    for key, line in table.groupby(["cell", "depth"]):
        cell, depth = cast(tuple, key)
        style = network_style(cells.index(cell))
        of_bits = line.loc[line["place"] < min(PLACES.values())]
        others = line.drop(of_bits.index)
        for rows, label, joined in ((of_bits, network_label((cell, depth)), "-"), (others, None, "none")):
            errors = np.abs(rows[["low", "high"]].T.to_numpy() - rows["mean"].to_numpy())
            stored.errorbar(rows["place"], rows["mean"], errors, label=label, **style | {"linestyle": joined})
        points = seeds.loc[(seeds["cell"] == cell) & (seeds["depth"] == depth)]
        stored.plot(points["place"], points["score"], ".", color=style["color"], alpha=0.4, markersize=4)
        per_bit.plot(of_bits["place"], of_bits["mean"] / of_bits["place"], **_without_caps(style))
    bits = sorted({place for place in table["place"] if place < min(PLACES.values())})
    shown = [name for name, place in PLACES.items() if place in set(table["place"])]
    stored.set_xticks(
        [*bits, *(PLACES[name] for name in shown)], [f"{one:g}" for one in bits] + [NAMES[n] for n in shown]
    )
    stored.set(title="Trained with coarse weights", xlabel="bits of each weight", ylabel="bits per parameter")
    per_bit.set(
        title="The same, per bit of weight", xlabel="bits of each weight", ylabel="stored bits per bit of weight"
    )
    for axes in (stored, per_bit):
        axes.set_ylim(bottom=0)
        grid(axes)
    if table.empty:
        stored.text(0.5, 0.5, "no trials yet", transform=stored.transAxes, ha="center", color="0.4")
    else:
        figure.legend(*stored.get_legend_handles_labels(), loc="outside lower center", ncols=6, frameon=False)
    return figure


def _place(bits: float, n_format: str) -> float:
    if n_format != "uniform":
        return PLACES[n_format]
    return PLACES["exact"] if bits >= min(PLACES.values()) else float(bits)


def _without_caps(style):
    return {name: value for name, value in style.items() if name != "capsize"}
