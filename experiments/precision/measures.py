"""Bits that changed networks still hold, one row for each variant of each network."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pandas as pd
from jaxtyping import Float

from capacity_jax.analysis import outputs_of_variants
from capacity_jax.estimators import code_bits_from_logits, mutual_information_from_logits
from capacity_jax.results import measurements
from capacity_jax.results.workdir import open_trials
from capacity_jax.studies import TrainedNetwork, load_network
from experiments.precision.variants import Change


def trained_networks(workdir: Path) -> Iterator[TrainedNetwork]:
    """The networks that a run has kept: those of the best setting of each study, one for each seed."""
    for row in measurements(open_trials(workdir)).to_dict("records"):
        yield load_network(workdir, row["study"], (row["number"], row["repeat"]))


def label_bits(workdir: Path, changes: Sequence[Change]) -> pd.DataFrame:
    """Stored bits of networks that remember labels; those of `change` "none" are as they were trained.

    Columns: cell, depth, budget, parameters, seed, labels, change, group, bits, draw, `stored`, the mutual information,
    and `code`, the bits saved in the code of the labels.
    """
    return pd.concat([_label_bits(trained, changes) for trained in trained_networks(workdir)], ignore_index=True)


def _label_bits(trained, changes):
    examples = trained.examples()
    mask = jnp.asarray(examples.weights > 0, float)

    def rows(change, logits, labels):
        targets = jnp.broadcast_to(examples.targets, logits.shape)
        masks = jnp.broadcast_to(mask, logits.shape)
        found = {
            "stored": np.asarray(mutual_information_from_logits(logits, targets, masks)),
            "code": np.asarray(code_bits_from_logits(logits, targets, masks)),
        }
        return pd.DataFrame(_about(trained) | {"labels": int(mask.sum()), "change": change} | labels | found)

    unchanged = rows("none", trained(examples.xs)[None, :, -1, 0], {})
    changed = [
        rows(change.name, outputs_of_variants(trained, change.variant, change.values)[:, :, -1, 0], change.labels)
        for change in changes
    ]
    columns = [*unchanged.columns[:-2], "group", "bits", "draw", "stored", "code"]
    return pd.concat([one.reindex(columns=columns) for one in (unchanged, *changed)], ignore_index=True)


def value_bits(workdir: Path, change: Change) -> pd.DataFrame:
    """Information about real inputs in the answers of networks that hand them on, as `label_bits` has it for labels."""
    return pd.concat([_value_bits(trained, change) for trained in trained_networks(workdir)], ignore_index=True)


def _value_bits(trained, change):
    xs = np.asarray(trained.examples().targets, float)
    answers = np.asarray(outputs_of_variants(trained, change.variant, change.values)[:, :, -1], float)
    stored = [gaussian_information(xs, of_variant) for of_variant in answers]
    task = trained.bucket.task
    sizes = {"units": trained.network.n_hidden, "inputs": task.n_in, "steps": task.n_steps}
    return pd.DataFrame(_about(trained) | sizes | {"change": change.name} | change.labels | {"stored": stored})


def gaussian_information(xs: Float[np.ndarray, "n d"], ys: Float[np.ndarray, "n k"]) -> float:
    """log2(det Σ_x / det Σ_x|y)/2 with the covariances of x and of what the best linear function of y leaves of it.

    For Gaussian x of independent values it bounds the information I(x; y) from below, whatever y is.
    """
    xs, ys = xs - xs.mean(0), ys - ys.mean(0)
    fit, _, rank, _ = np.linalg.lstsq(ys, xs)
    rest, freedom = xs - ys @ fit, len(xs) - 1
    (_, of_x), (_, of_rest) = (
        np.linalg.slogdet(xs.T @ xs / freedom),
        np.linalg.slogdet(rest.T @ rest / (freedom - rank)),
    )
    return float(of_x - of_rest) / (2 * np.log(2))


def _about(trained):
    record = trained.record
    names = ("cell", "depth", "budget", "parameters", "seed")
    return {name: getattr(record, name) for name in names}
