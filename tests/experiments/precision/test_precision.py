"""Bits kept by changed networks: the whole way at a small size, and the summaries by hand."""

import numpy as np
import pandas as pd
import pytest

from capacity_jax import measure_capacity, mem_thru
from experiments.precision.__main__ import main
from experiments.precision.measures import gaussian_information
from experiments.precision.summary import NETWORK, bits_for_share, kept, over_seeds
from experiments.precision.variants import noisy_states, of_bits, of_groups, of_noise, weights_per_tensor

SETTINGS = {"trials": 0, "seeds": 2, "batch_size": 16}


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What the command writes, of two networks, and what it gives."""
    directory = tmp_path_factory.mktemp("precision")
    measure_capacity("rnn", budgets=(120,), train_steps=500, workdir=directory / "labels", **SETTINGS)
    task = mem_thru(n_in=3, n_steps=2, n_evaluation=256)
    measure_capacity("rnn", task, budgets=(60,), train_steps=50, workdir=directory / "values", **SETTINGS)
    changes = [
        of_bits("weights, range per tensor", weights_per_tensor, np.array([1, 16])),
        of_groups(np.array([1, 8])),
        of_noise("noise on states", noisy_states, n_draws=1),
    ]
    return directory, main(directory / "labels", directory / "values", directory / "out", changes, changes[-1])


def test_tables_and_figures_are_written(found):
    """Breaks if a figure fails on networks of one size, or the table lacks a change."""
    directory, needed = found
    for name in ("precision", "noise", "groups", "noise_of_units"):
        assert (directory / "out" / f"{name}.png").stat().st_size > 10_000
    written = pd.read_csv(directory / "out" / "precision.csv")
    assert set(written["change"]) == {"weights, range per tensor", "group of weights", "noise on states"}
    assert set(needed["change"]) == set(written["change"])
    assert set(written["seeds"]) == {2}


def test_many_bits_keep_all_and_one_bit_does_not(found):
    """Breaks if shares are not of what the same network stored, or values are matched with the wrong variants."""
    directory, _ = found
    written = pd.read_csv(directory / "out" / "precision.csv").set_index(["change", "bits"])["mean"]
    assert written["weights, range per tensor", 16] == pytest.approx(1, abs=0.02)
    assert written["weights, range per tensor", 1] < 0.9


def table(shares, seed=0, bits=(1, 2, 4)):
    rows = pd.DataFrame({"bits": bits, "share": shares, "seed": seed, "change": "weights", "group": np.nan})
    return rows.assign(**dict(zip(NETWORK, ("rnn", 1, 600, 565), strict=True)))


def test_needed_bits_by_hand():
    """Breaks if the crossing is looked for elsewhere than between the last bits below and the next."""
    rows = pd.concat([table((0.5, 0.9, 1.0)), table((0.9, 1.0, 1.0), seed=1)])
    [needed] = bits_for_share(rows, 0.95)["needed"]
    assert needed.value == pytest.approx((3 + 1.5) / 2)


def test_what_is_never_kept_needs_no_number():
    """Breaks if a seed that never comes so far is left out of the mean."""
    rows = pd.concat([table((0.5, 0.9, 1.0)), table((0.1, 0.2, 0.3), seed=1)])
    [needed] = bits_for_share(rows, 0.95)["needed"]
    assert np.isnan(needed.value)


def test_kept_averages_draws_and_divides_by_the_whole():
    """Breaks if draws of noise count as seeds, or a network is divided by what another stored."""
    about = dict(zip(NETWORK, ("rnn", 1, 600, 565), strict=True)) | {"labels": 100, "group": np.nan, "code": 0.0}
    rows = pd.DataFrame(
        [
            about | {"seed": seed, "change": change, "bits": bits, "draw": draw, "stored": stored}
            for seed, change, bits, draw, stored in [
                (0, "none", np.nan, np.nan, 80.0),
                (1, "none", np.nan, np.nan, 40.0),
                (0, "noise", 2.0, 0, 30.0),
                (0, "noise", 2.0, 1, 50.0),
                (1, "noise", 2.0, 0, 40.0),
            ]
        ]
    )
    assert sorted(kept(rows)["share"]) == [0.5, 1.0]
    assert over_seeds(kept(rows), "share").loc[0, ["mean", "seeds"]].tolist() == [0.75, 2]


def test_information_of_a_gaussian_channel():
    """Breaks if the determinant, the half or the freedom of the fit is wrong: within 5% of Shannon's at two ratios."""
    rng = np.random.default_rng(0)
    xs = rng.normal(size=(20_000, 3))
    for snr in (0.5, 50.0):
        ys = (xs + rng.normal(size=xs.shape) / np.sqrt(snr)) @ rng.normal(size=(3, 3))
        assert gaussian_information(xs, ys) == pytest.approx(3 * 0.5 * np.log2(1 + snr), rel=0.05)


def test_information_about_what_was_not_heard():
    """Breaks if fitting many answers to noise passes for information."""
    rng = np.random.default_rng(0)
    found = [gaussian_information(rng.normal(size=(200, 4)), rng.normal(size=(200, 20))) for _ in range(50)]
    assert abs(np.mean(found)) < 0.5
