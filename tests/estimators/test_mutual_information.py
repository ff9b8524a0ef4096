"""Mutual information of eq. (22) against its definition by the joint distribution."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from capacity_jax.estimators import bits_per_parameter, mutual_information, mutual_information_from_logits


def by_definition(p):
    """I(Y; Ŷ) of one fair label and its prediction, Σ P(y, ŷ) log2 P(y, ŷ) / (P(y) P(ŷ)), in float64."""
    joint = np.array([[p, 1 - p], [1 - p, p]]) / 2
    ratio = joint / np.outer(joint.sum(1), joint.sum(0))
    return float(np.sum(joint[joint > 0] * np.log2(ratio[joint > 0])))


@pytest.mark.parametrize("p", [0.01, 0.2, 0.5, 0.7, 0.93, 0.999])
def test_is_the_mutual_information_of_the_binary_symmetric_channel(p):
    """Breaks if eq. (22) is mistyped: the oracle sums over the joint distribution instead."""
    np.testing.assert_allclose(mutual_information(p, 1000), 1000 * by_definition(p), rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize(("p", "bits"), [(0.0, 12345.0), (0.5, 0.0), (1.0, 12345.0)])
def test_is_exact_where_rounding_would_show(p, bits):
    """Breaks if 0·log 0 becomes NaN, or chance and perfection are off by a rounding error."""
    assert float(mutual_information(p, 12345)) == bits
    assert float(jax.jit(mutual_information)(p, 12345)) == bits


def test_follows_numpy_shapes():
    """Breaks if p and b no longer broadcast, as vmapped members need."""
    bits = mutual_information(np.array([[0.5], [1.0]]), np.array([[10.0, 20.0]]))
    np.testing.assert_array_equal(bits, [[0, 0], [10, 20]])


@pytest.mark.parametrize(("p", "b", "field"), [(1.5, 10, "p"), (-0.1, 10, "p"), (np.nan, 10, "p"), (0.5, -1, "b")])
def test_refuses_what_is_no_fraction_or_number(p, b, field):
    """Breaks if a NaN or an impossible fraction passes silently into a result."""
    with pytest.raises(ValueError, match=rf"^{field} "):
        mutual_information(p, b)


def test_from_logits_counts_what_the_mask_admits():
    """Breaks if padding counts, or the sign of a logit is read the wrong way."""
    labels = np.array([1, 0, 1, 1, 0, 0, 1, 0])
    logits = np.where(labels == 1, 2.0, -2.0)
    assert float(mutual_information_from_logits(logits, labels)) == 8
    mask = np.array([1, 1, 1, 1, 0, 0, 0, 0])
    logits[4:] *= -1
    assert float(mutual_information_from_logits(logits, labels, mask)) == 4
    logits[2:4] *= -1
    assert float(mutual_information_from_logits(logits, labels, mask)) == 0


def test_from_logits_of_noise_is_near_zero():
    """Breaks if chance-level predictions measure information: 0 ± 0.02 bits per label are allowed."""
    rng = np.random.default_rng(0)
    bits = mutual_information_from_logits(rng.normal(size=(20, 500)), rng.integers(0, 2, (20, 500)))
    assert bits.shape == (20,)
    assert np.all(np.abs(bits) / 500 < 0.02)


@pytest.mark.parametrize(
    ("logits", "labels", "message"),
    [
        (np.zeros(3), np.zeros(4), "shapes"),
        (np.array([0.0, np.nan]), np.zeros(2), "logits holds NaN"),
        (np.zeros(2), np.array([0.0, np.nan]), "labels holds NaN"),
        (np.zeros(2), np.array([0.0, 2.0]), "binary"),
    ],
)
def test_from_logits_refuses_bad_arrays(logits, labels, message):
    """Breaks if broken data are scored instead of reported."""
    with pytest.raises(ValueError, match=message):
        mutual_information_from_logits(logits, labels)


def test_from_logits_of_nothing_is_an_error():
    """Breaks if a mask that admits nothing yields NaN bits."""
    with pytest.raises(ValueError, match="mask"):
        mutual_information_from_logits(np.zeros(3), np.zeros(3), np.zeros(3))


def test_from_logits_is_jitted_and_vmapped():
    """Breaks if the checks of concrete values get in the way of tracing."""
    logits, labels = jnp.ones((3, 4)), jnp.ones((3, 4))
    np.testing.assert_array_equal(jax.jit(jax.vmap(mutual_information_from_logits))(logits, labels), [4, 4, 4])


def test_bits_per_parameter():
    """Breaks if the ratio is inverted, or a count of zero parameters divides."""
    assert bits_per_parameter(30.0, 10) == 3
    with pytest.raises(ValueError, match="n_params is 0"):
        bits_per_parameter(30.0, 0)
