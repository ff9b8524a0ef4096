"""Samplers by name."""

import pytest

from capacity_jax.search import sampler_by_name


@pytest.mark.parametrize(
    ("name", "expected"), [("gp", "GPSampler"), ("cmaes", "CmaEsSampler"), ("NSGAIISampler", "NSGAIISampler")]
)
def test_samplers_go_by_name(name, expected):
    """Breaks if ours or one of Optuna's cannot be chosen."""
    assert type(sampler_by_name(name, seed=0)).__name__ == expected


@pytest.mark.parametrize(("name", "hint"), [("tep", "did you mean tpe"), ("BaseSampler", ""), ("xyz12", "allowed: gp")])
def test_a_misspelt_sampler_is_refused(name, hint):
    """Breaks if a study would fail at its first proposal."""
    with pytest.raises(ValueError, match=f"sampler '{name}' is unknown.*{hint}"):
        sampler_by_name(name, seed=0)
