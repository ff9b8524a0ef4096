"""Tables and figures of networks that train with coarse weights, or with one group of weights alone."""

import io

import numpy as np
import pytest
from trial_tables import bars, table

from capacity_jax.results import trials_table
from experiments.by_choice import best_of_each, summary
from experiments.configs import coarse_weights, weight_groups
from experiments.plan import studies
from experiments.precision.coarse import figure as coarse
from experiments.precision.groups import figure as groups

COUNTS = {"recurrent": 49, "input": 224, "biases": 7, "initial state": 7, "readout": 8}


def trials(choices, units=7):
    """Four seeds each of two numbers of labels, for each `(hyperparameters, bits per parameter)`."""
    rows, number = [], 0
    for hparams, best in choices:
        for b, per_parameter in ((300, best), (900, best - 0.2)):
            for seed in range(4):
                row = {"study": "per_cap/rnn@1/300", "task": "per_cap", "cell": "rnn", "depth": 1, "units": units}
                row |= {"parameters": 295, "number": number, "repeat": seed, "hparams": hparams | {"b": b}}
                score = per_parameter + 0.01 * seed
                row |= {"objective": score, "bits": 295 * score, "maximize": True}
                rows.append(row | {"score_name": "bits_per_parameter"})
            number += 1
    return table(rows)


def weights(bits, n_format="uniform"):
    return {"weight_bits": bits, "weight_format": n_format}


def test_the_best_setting_of_each_value_counts():
    """Breaks if settings of one value are averaged, or the best of another value stands in."""
    found = summary(best_of_each(trials([(weights(2.0), 1.0), (weights(8.0), 3.0)]), "weight_bits"), "weight_bits")
    np.testing.assert_allclose(found["mean"], [1.015, 3.015])
    assert found["labels"].tolist() == [300, 300]
    assert found["seeds"].tolist() == [4, 4]


def test_a_diverged_seed_stored_nothing():
    """Breaks if a setting that sometimes diverges is judged by the seeds that did not."""
    some = trials([(weights(2.0), 1.0)])
    some.loc[(some["number"] == 0) & (some["repeat"] < 2), ["score", "infeasible"]] = np.nan, True
    found = best_of_each(some, "weight_bits")
    assert set(found["number"]) == {1}


def test_coarse_weights_are_drawn_at_their_bits():
    """Breaks if formats without a number of bits join the line, or exact weights stand at 32."""
    choices = [(weights(1.0), 0.5), (weights(8.0), 2.5), (weights(32.0), 3.0), (weights(32.0, "bfloat16"), 2.9)]
    axes = coarse.draw(trials(choices)).axes
    ((bits, stored, _),) = bars(axes[0])["RNN"]
    np.testing.assert_array_equal(bits, [1, 8])
    np.testing.assert_allclose(stored, [0.515, 2.515])
    assert [label.get_text() for label in axes[0].get_xticklabels()] == ["1", "8", "bf16", "exact"]
    np.testing.assert_allclose(axes[1].lines[0].get_ydata(), [0.515, 2.515 / 8])


def test_bits_of_a_group_are_per_parameter_of_it():
    """Breaks if the network's parameters divide the bits of a group, or a share is not of the whole network's."""
    choices = [({"trained_group": "all"}, 2.0), *(({"trained_group": group}, 0.4) for group in COUNTS)]
    found = groups.stored_by_group(trials(choices)).set_index("trained_group")
    assert dict(found["trained"]) == COUNTS | {"all": 295}
    np.testing.assert_allclose(found.loc["readout", "mean"], 0.415 * 295 / 8)
    np.testing.assert_allclose(found.loc["input", "share"], 0.415 / 2.015)
    figure = groups.draw(trials(choices))
    heights = {
        one.get_label(): one.patches[0].get_height() for one in figure.axes[0].containers if one.get_label() in COUNTS
    }
    np.testing.assert_allclose(heights["readout"], 0.415 * 295 / 8)


@pytest.mark.parametrize("folder", [coarse, groups])
def test_a_study_without_trials_is_drawn(folder):
    """Breaks if a run that has just begun cannot be looked at."""
    nothing = folder.select(trials_table([]))
    folder.draw(nothing).savefig(io.BytesIO(), format="png")
    assert all(one.empty for one in folder.tables(nothing).values())


@pytest.mark.parametrize("config", [coarse_weights, weight_groups])
@pytest.mark.parametrize("extent", ["laptop", "smoke"])
@pytest.mark.usefixtures("any_width")
def test_every_extent_is_valid(config, extent):
    """Breaks if a committed configuration would be refused when its user starts it."""
    for study in studies(config.get_config(extent)):
        assert study.initial_trials()
