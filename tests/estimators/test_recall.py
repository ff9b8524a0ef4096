"""The reference curve of recall against reconstructions made in numpy, and the values recalled."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capacity_jax.estimators import error_ratio, subspace_error, values_recalled

repeatable = settings(deadline=None, derandomize=True)
sizes = st.integers(1, 500)


@pytest.mark.parametrize("n_hidden", [1, 5, 15, 16, 40])
def test_subspace_error_is_reached_by_projection(n_hidden):
    """Breaks if the curve is not the error of projecting whitened inputs on a random subspace."""
    n_in, n = 16, 20_000
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, n_in))
    basis, _ = np.linalg.qr(rng.normal(size=(n_in, min(n_hidden, n_in))))
    error = np.mean((x - x @ basis @ basis.T) ** 2)
    n_lost = n_in - min(n_hidden, n_in)
    # n·n_lost squares of standard normals, over n·n_in: five standard errors.
    bound = 5 * math.sqrt(2 * n_lost / n) / n_in + 1e-12
    assert abs(error - subspace_error(n_hidden, n_in)) < bound


def test_no_affine_answer_of_the_same_rank_is_better():
    """Breaks if some readout of n_hidden units could go below the curve: then it is no reference."""
    n_in, n_hidden, n = 8, 3, 50_000
    rng = np.random.default_rng(1)
    x = rng.normal(size=(n, n_in))
    hidden = np.tanh(x @ rng.normal(size=(n_in, n_hidden)))
    features = np.c_[hidden, np.ones(n)]
    answer = features @ np.linalg.lstsq(features, x)[0]
    assert np.mean((answer - x) ** 2) > subspace_error(n_hidden, n_in)


@repeatable
@given(n_hidden=sizes, n_in=sizes)
def test_a_network_on_the_curve_recalls_one_value_per_unit(n_hidden, n_in):
    """Breaks if curve and values recalled disagree, or the curve leaves 0 to 1."""
    error = subspace_error(n_hidden, n_in)
    assert 0 <= error < 1
    assert values_recalled(error, n_in) == pytest.approx(min(n_hidden, n_in), abs=1e-9)


@repeatable
@given(n_in=sizes, variance=st.floats(0.5, 2))
def test_values_recalled_at_its_ends(n_in, variance):
    """Breaks if a perfect network does not recall n_in values, or one that answers 0 recalls any."""
    assert values_recalled(0.0, n_in, variance) == n_in
    assert values_recalled(variance, n_in, variance) == 0


def test_worse_than_answering_zero_is_negative():
    """Breaks if values recalled are cut off at 0, which would bias means."""
    assert values_recalled(1.5, 10) == -5


def test_error_ratio_below_the_input_size():
    """Breaks if the ratio is not measured over reference."""
    assert error_ratio(0.75, 32, 64) == 1.5
    assert error_ratio(subspace_error(7, 64), 7, 64) == 1


@pytest.mark.parametrize("error", [0.0, 0.01])
def test_error_ratio_without_a_reference_is_nan(error):
    """Breaks if a network that could recall all inputs gets a number for its ratio to 0."""
    assert math.isnan(error_ratio(error, 64, 64))
    assert math.isnan(error_ratio(error, 65, 64))


@pytest.mark.parametrize("bad", [0, -1, 2.0, True, None, math.nan])
def test_bad_sizes_are_named(bad):
    """Breaks if a size that is no whole number of at least 1 passes, or the message does not name it."""
    for f, name in (
        (lambda: subspace_error(bad, 4), "n_hidden"),
        (lambda: subspace_error(4, bad), "n_in"),
        (lambda: values_recalled(0.5, bad), "n_in"),
        (lambda: error_ratio(0.5, bad, 4), "n_hidden"),
    ):
        with pytest.raises(ValueError, match=f"^{name} is .*whole number of at least 1$"):
            f()


@pytest.mark.parametrize("bad", [-0.1, math.nan, math.inf])
def test_bad_errors_are_named(bad):
    """Breaks if an impossible squared error is turned into a number."""
    with pytest.raises(ValueError, match=r"^error "):
        values_recalled(bad, 4)
    with pytest.raises(ValueError, match=r"^error "):
        error_ratio(bad, 2, 4)


@pytest.mark.parametrize("bad", [0.0, -1.0, math.nan])
def test_bad_variances_are_named(bad):
    """Breaks if a variance that is not positive divides an error."""
    with pytest.raises(ValueError, match=r"^variance "):
        values_recalled(0.5, 4, bad)
