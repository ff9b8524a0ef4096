"""`--config.space.NAME` for every hyperparameter, whatever the configuration names of them."""

import pytest

from capacity_jax.cells.hyperparameters import SHARED
from capacity_jax.training.optimizer import HYPERPARAMETERS
from experiments.configs.quickstart import get_config
from experiments.plan import studies
from experiments.space_flags import split_space

NAMES = {**SHARED, **HYPERPARAMETERS}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.01", 0.01),
        ("0.001,0.01", (0.001, 0.01)),
        ("(1, 2)", (1, 2)),
        ("3,", (3,)),
        ("1e-3", 1e-3),
        ("adam", "adam"),
        ("adam,'sgd'", ("adam", "sgd")),
    ],
)
def test_a_value_a_range_and_words(text, value):
    """Breaks if a number is read as a word, a range as one value, or words as one."""
    for arguments in ([f"--config.space.a={text}"], ["-config.space.a", text]):
        assert split_space(["run", *arguments, "--config.seed=1"]) == (["run", "--config.seed=1"], {"a": value})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--config.space.a="], r"--config\.space\.a has no value; allowed: one value"),
        (["--config.space.a"], r"--config\.space\.a has no value"),
        (["--config.space.a=1", "--config.space.a=2"], r"--config\.space\.a is given twice"),
    ],
)
def test_a_change_without_a_meaning_is_refused(arguments, message):
    """Breaks if a mistyped change is taken for none, or for the last of two."""
    with pytest.raises(ValueError, match=message):
        split_space(arguments)


@pytest.mark.parametrize("name", NAMES)
def test_every_hyperparameter_can_be_given(name):
    """Breaks if a hyperparameter that a configuration does not name cannot be fixed or searched from outside."""
    config = get_config("smoke")
    config.update({"cells": "gru", "budgets": (), "units": (4,)})
    declared = NAMES[name]
    text = ",".join(declared.choices[:2]) or f"{declared.default},{declared.default + 1}"
    _, changes = split_space([f"--config.space.{name}={text}"])
    with config.unlocked(), config.ignore_type():
        config.space.update(changes)
    (study,) = studies(config)
    of_gates = [one for one in study.bucket.network.cell.hyperparameters if one.startswith(name)]
    for one in of_gates if name in SHARED else [name]:
        ends = getattr(study.space[one], "choices", None) or (study.space[one].low, study.space[one].high)
        assert ends == changes[name]
