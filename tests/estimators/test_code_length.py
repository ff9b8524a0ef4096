"""Code lengths against numpy in float64, scipy's optimizer and densities, and mutual information."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import optimize, stats

from capacity_jax.estimators import (
    calibration_bits,
    code_bits,
    code_bits_from_logits,
    gaussian_code_bits,
    gaussian_rate,
    mutual_information,
    mutual_information_from_logits,
)
from capacity_jax.stats import mean_interval

B = 500


def labelled(p, b=B, sizes=3.0, seed=0):
    """Logits of given sizes, of which a share p has the sign of its label."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, b)
    right = np.arange(b) < round(p * b)
    return np.where(right == (labels == 1), 1.0, -1.0) * sizes, labels


def saved_at(beta, logits, labels):
    """Bits saved at an inverse temperature, label by label, in float64."""
    margins = np.where(labels == 1, logits, -logits).astype(float)
    return len(labels) - np.sum(np.logaddexp(0, -beta * margins)) / np.log(2)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize("seed", range(3))
def test_temperature_is_the_best_one(seed, scale):
    """Breaks if the search for the temperature ends elsewhere than scipy's, at whatever scale the logits have."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, B)
    logits = scale * (2 * labels - 1 + 1.5 * rng.normal(size=B))
    found = optimize.minimize_scalar(lambda log_beta: -saved_at(np.exp(log_beta) / scale, logits, labels), (-3, 3))
    assert float(code_bits_from_logits(logits, labels)) == pytest.approx(-found.fun - calibration_bits(B), abs=1e-3)


@pytest.mark.parametrize("p", [0.5, 0.6, 0.8, 0.95, 0.998, 1.0])
def test_of_one_confidence_it_is_the_mutual_information(p):
    """Breaks if answers of equal confidence, the best one, do not save what the channel carries, less calibration."""
    bits = float(code_bits_from_logits(*labelled(p)))
    assert bits + calibration_bits(B) == pytest.approx(float(mutual_information(p, B)), abs=2e-3)


def test_wrong_answers_are_no_information():
    """Breaks if a temperature below 0 is allowed: it would read a network that is always wrong as one that knows."""
    assert float(code_bits_from_logits(*labelled(0.1))) == pytest.approx(-calibration_bits(B), abs=1e-3)


def test_saturated_it_is_exact():
    """Breaks if a label that is answered rightly, however weakly, costs anything but the calibration."""
    logits, labels = labelled(1.0, sizes=np.geomspace(1e-3, 1e3, B))
    assert float(code_bits_from_logits(logits, labels)) == np.float32(B - calibration_bits(B))


def test_untrained_it_is_near_zero():
    """Breaks if chance-level logits save bits: 0 ± 0.02 bits per label are allowed."""
    rng = np.random.default_rng(0)
    bits = code_bits_from_logits(rng.normal(size=(20, B)), rng.integers(0, 2, (20, B)))
    assert bits.shape == (20,)
    assert np.all(np.abs(bits) / B < 0.02)


def test_never_above_the_number_of_labels():
    """Breaks if more is saved than the labels cost, or more is lost than the calibration: any logits must do."""
    rng = np.random.default_rng(0)
    for size in (0.0, 1e-6, 1.0, 1e6):
        logits = size * rng.standard_cauchy((50, 20))
        bits = np.asarray(code_bits_from_logits(logits, rng.integers(0, 2, (50, 20))))
        assert np.all(bits <= 20)
        assert np.all(bits >= -calibration_bits(20) - 1e-4)


def test_sure_of_what_is_right_saves_more_than_signs_tell():
    """Breaks if confidence is not used: errors at small logits leave more than the mutual information of the signs."""
    logits, labels = labelled(0.9, sizes=np.where(np.arange(B) < 0.8 * B, 10.0, 0.1))
    assert float(code_bits_from_logits(logits, labels)) > 1.2 * float(mutual_information_from_logits(logits, labels))


def test_padding_does_not_count():
    """Breaks if masked entries move the temperature, the cost or the number of labels."""
    logits, labels = labelled(0.9)
    padded = code_bits_from_logits(
        np.append(logits, [50.0, -7.0]), np.append(labels, [0, 1]), np.append(np.ones(B), [0, 0])
    )
    assert float(padded) == pytest.approx(float(code_bits_from_logits(logits, labels)), abs=1e-3)


def test_is_jitted_and_vmapped():
    """Breaks if tracing meets a concrete value."""
    logits, labels = labelled(0.9)
    stacked = jnp.stack([jnp.asarray(logits)] * 2), jnp.stack([jnp.asarray(labels)] * 2)
    bits = jax.jit(jax.vmap(code_bits_from_logits))(*stacked)
    np.testing.assert_allclose(bits, float(code_bits_from_logits(logits, labels)), rtol=1e-5)


@pytest.mark.parametrize(
    ("logits", "labels", "message"),
    [(np.zeros(3), np.zeros(4), "shapes"), (np.array([np.nan]), np.zeros(1), "logits"), (np.zeros(1), [2], "binary")],
)
def test_refuses_bad_arrays(logits, labels, message):
    """Breaks if broken data are coded instead of reported."""
    with pytest.raises(ValueError, match=message):
        code_bits_from_logits(logits, labels)


def test_own_confidence_is_a_code_without_calibration():
    """Breaks if the loss is not turned from nats to bits, or calibration costs more than its price."""
    logits, labels = labelled(0.95, sizes=np.linspace(0.5, 6, B))
    own = code_bits(np.mean(np.logaddexp(0, -np.where(labels == 1, logits, -logits))), B)
    assert own == pytest.approx(saved_at(1.0, logits, labels), rel=1e-9)
    assert float(code_bits_from_logits(logits, labels)) >= own - calibration_bits(B) - 1e-3


@pytest.mark.parametrize(("loss", "bits"), [(0.0, 80), (np.log(2), 0), (2 * np.log(2), -80)])
def test_code_bits_at_its_ends(loss, bits):
    """Breaks if perfection, guessing or false confidence are misread."""
    assert code_bits(loss, 80) == pytest.approx(bits)


def test_a_diverged_network_has_no_code():
    """Breaks if a loss that is no number raises, which would end the run of all other networks."""
    assert np.isnan(code_bits(float("nan"), 80))


def test_real_targets_against_densities():
    """Breaks if the saving is not the difference of two Gaussian code lengths at one precision."""
    rng = np.random.default_rng(0)
    targets = rng.normal(size=1000)
    answers = 0.8 * targets + 0.3 * rng.normal(size=1000)
    variance, error = np.mean(targets**2), np.mean((targets - answers) ** 2)
    by_prior = -stats.norm.logpdf(targets, 0, np.sqrt(variance)).sum() / np.log(2)
    by_network = -stats.norm.logpdf(targets, answers, np.sqrt(error)).sum() / np.log(2)
    assert gaussian_code_bits(error, 1000, variance) == pytest.approx(by_prior - by_network - calibration_bits(1000))


def test_real_targets_cost_what_rate_distortion_says():
    """Breaks if code and rate-distortion disagree by more than the calibration, or a bad answer costs more than it."""
    assert gaussian_code_bits(0.1, 64) == 64 * gaussian_rate(0.1) - 3
    assert gaussian_code_bits(5.0, 64) == -3


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda: code_bits(-0.1, 10), "loss"),
        (lambda: code_bits(0.1, -1), "b"),
        (lambda: calibration_bits(0), "n"),
        (lambda: calibration_bits(np.nan), "n"),
        (lambda: gaussian_code_bits(0.5, 0), "n"),
        (lambda: gaussian_code_bits(0.0, 1), "error"),
    ],
)
def test_bad_numbers_are_named(call, field):
    """Breaks if an impossible number is turned into bits, or the message does not name it."""
    with pytest.raises(ValueError, match=rf"^{field} "):
        call()


def test_intervals_over_networks_cover():
    """Breaks if a bias of either estimator pushes its interval over seeds off the truth.

    400 times 8 networks that answer 1,000 labels with probability 0.9 rightly: three standard errors of coverage.
    """
    rng = np.random.default_rng(0)
    right = rng.random((400, 8, 1000)) < 0.9
    margins = np.where(right, 2.0, -2.0)
    labels = np.ones_like(margins)
    truth = float(mutual_information(0.9, 1000))
    for estimate in (mutual_information_from_logits, code_bits_from_logits):
        intervals = [mean_interval(bits) for bits in np.asarray(estimate(margins, labels))]
        coverage = np.mean([one.low <= truth <= one.high for one in intervals])
        assert abs(coverage - 0.95) < 3 * np.sqrt(0.95 * 0.05 / 400)
