"""The memorization task: what is drawn, what a window holds, what is scored."""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from capacity_jax.cells import rnn
from capacity_jax.networks import Network
from capacity_jax.tasks import per_cap
from capacity_jax.tasks.base import fit_task
from capacity_jax.tasks.per_cap import expand
from capacity_jax.tasks.scaling import SCALINGS, best_decay

SIZE = 16


def drawn(b, b_max=200, seed=0, n_in=6, size=SIZE):
    task = per_cap(n_in=n_in, b_max=b_max)
    return task, jax.jit(task.draw, static_argnums=2)(jax.random.key(seed), {"b": b}, size)


def examples(task, data, b):
    """All examples, in order, as the evaluation shows them."""
    window = jax.jit(task.evaluation, static_argnums=3)
    batches = [window((), data, i, SIZE) for i in range(-(-task.n_evaluation // SIZE))]
    xs = np.concatenate([batch.xs[:, 0] for batch in batches])
    weights = np.concatenate([batch.weights for batch in batches])
    targets = np.concatenate([batch.targets for batch in batches])
    return xs, targets, weights


@pytest.mark.parametrize("b", [1, 5, 16, 50, 200])
def test_evaluation_counts_every_example_once(b):
    """Breaks if padding is counted, an example is missed, or the last window slides back onto earlier rows."""
    task, data = drawn(b)
    xs, targets, weights = examples(task, data, b)
    assert weights.sum() == b
    np.testing.assert_array_equal(weights[:b], 1)
    known = np.asarray(data["examples"])
    np.testing.assert_array_equal(xs[:b], known[:-1, :b].T)
    np.testing.assert_array_equal(targets[:b], known[-1, :b])


def test_inputs_and_labels_are_fair_and_independent():
    """Breaks if inputs are not ±1 with equal chance, labels not 0 or 1, or the two correlate (4 standard errors)."""
    _, data = drawn(20_000, b_max=20_000)
    *xs, labels = np.asarray(data["examples"])[:, :20_000]
    xs = np.transpose(xs)
    assert set(np.unique(xs)) == {-1, 1}
    assert set(np.unique(labels)) == {0, 1}
    tolerance = 4 / np.sqrt(20_000)
    assert np.all(np.abs(xs.mean(0)) < tolerance)
    assert abs(2 * labels.mean() - 1) < tolerance
    assert np.all(np.abs((xs * (2 * labels - 1)[:, None]).mean(0)) < tolerance)


def test_the_papers_inputs_are_the_same_bits():
    """Breaks if binary inputs are not 0 and 1, differ from the centred ones by more, or are lost when b is fitted."""
    centred, binary = (per_cap(n_in=6, b_max=200, inputs=inputs) for inputs in ("centred", "binary"))
    drawn = jax.jit(lambda: [task.draw(jax.random.key(0), {"b": 50}, SIZE) for task in (centred, binary)])()
    (centred_xs, centred_labels), (binary_xs, binary_labels) = (
        (known[:-1, :50], known[-1, :50]) for known in (np.asarray(data["examples"]) for data in drawn)
    )
    assert set(np.unique(binary_xs)) == {0, 1}
    np.testing.assert_array_equal(centred_xs, 2 * binary_xs - 1)
    np.testing.assert_array_equal(centred_labels, binary_labels)
    assert fit_task(binary, Network(rnn, 6, 16, 1), [{"b": 50}]) is per_cap(n_in=6, b_max=50, inputs="binary")
    with pytest.raises(ValueError, match="inputs 'bits' is unknown; allowed: centred, binary"):
        per_cap(inputs="bits")


@pytest.mark.parametrize("b", [1, 7, 16, 100])
def test_training_windows_hold_the_first_b_examples_only(b):
    """Breaks if a window reaches into padding, or weighs an example twice where b is below the batch size."""
    task, data = drawn(b)
    known = set(map(tuple, np.asarray(data["examples"])[:, :b].T.tolist()))
    seen = set()
    for step in range(60):
        batch = jax.jit(task.batch, static_argnums=4)((), data, jax.random.key(step), step, SIZE)
        rows = map(tuple, np.column_stack([np.asarray(batch.xs)[:, 0], batch.targets]).tolist())
        counted = [row for row, weight in zip(rows, np.asarray(batch.weights), strict=True) if weight]
        assert set(counted) <= known
        assert len(counted) == min(b, SIZE)
        seen |= set(counted)
    assert seen == known


def test_data_do_not_depend_on_the_padding():
    """Breaks if b_max, which only sizes arrays, changes what a member is asked to remember."""
    _, small = drawn(50, b_max=64)
    _, large = drawn(50, b_max=1000)
    np.testing.assert_array_equal(*(np.asarray(data["examples"])[:, :50] for data in (small, large)))


def test_b_is_traced():
    """Breaks if another b compiles anew, or cannot be vmapped over members."""
    task = per_cap(n_in=6, b_max=200)

    @jax.jit
    @jax.vmap
    def weights_of(seed, b):
        return task.evaluation((), task.draw(jax.random.key(seed), {"b": b}, SIZE), 0, SIZE).weights.sum()

    weights = weights_of(jnp.arange(3), jnp.array([3, 100, 200]))
    np.testing.assert_array_equal(weights, [3, SIZE, SIZE])


def test_score_is_cross_entropy_and_correctness():
    """Breaks if the logit's sign, or the natural logarithm of the loss, is wrong."""
    task = per_cap()
    score = task.score(jnp.array([[0.3]]), jnp.float32(0))
    np.testing.assert_allclose(score["loss"], np.log(1 + np.exp(0.3)), rtol=1e-6)
    assert score["accuracy"] == 0
    assert task.score(jnp.array([[0.3]]), jnp.float32(1))["accuracy"] == 1
    np.testing.assert_allclose(task.score(jnp.array([[0.0]]), jnp.float32(1))["loss"], task.chance, rtol=1e-6)


def test_measures_are_bits():
    """Breaks if the estimator is fed another number of labels or parameters."""
    assert per_cap().measures({"accuracy": 1.0, "loss": 0.0}, {"b": 300}, SimpleNamespace(n_params=100)) == {
        "bits": 300,
        "bits_per_parameter": 3,
    }


@pytest.mark.parametrize("field", ["n_in", "b_max", "n_steps"])
@pytest.mark.parametrize("value", [0, -1, 2.5])
def test_sizes_are_checked(field, value):
    """Breaks if an impossible size gets as far as an array."""
    with pytest.raises(ValueError, match=f"{field} is {value}; it must be a whole number of at least 1"):
        per_cap(**{field: value})


def test_labels_per_parameter_are_spelt_out():
    """Breaks if b does not follow the size of the network, or an empty range is accepted."""
    network = Network(rnn, 8, 16, 1)
    assert network.n_params == 433
    assert expand(network, {"b_per_parameter": 2.0, "lr_init": 0.1}) == {"b": 866, "lr_init": 0.1}
    assert expand(network, {"b_per_parameter": (1.0, 3.0)}) == {"b": [433, 1299]}
    for wrong in (-1.0, (3.0, 1.0), "many", ()):
        with pytest.raises(ValueError, match=r"^b_per_parameter is "):
            expand(network, {"b_per_parameter": wrong})


@pytest.mark.parametrize("rule", SCALINGS)
def test_relative_settings_are_those_of_size_length_depth_and_rule(rule):
    """Breaks if a share is of what is best for other networks, lengths or update rules."""
    scaling, steps = SCALINGS[rule], 50_000
    asked = {"train_steps": steps, "relative_rate": 0.5, "relative_labels": 2.0}
    for network in (Network(rnn, 8, 16, 1), Network(rnn, 8, 16, 1, depth=4)):
        found = expand(network, asked if rule == "adam" else asked | {"relative_to": rule})
        b = round(2 * scaling.best_labels(network.n_params, steps, network.depth) * network.n_params)
        rate = 0.5 * scaling.best_rate(network.n_params, steps) / network.depth**0.5
        assert found == {"train_steps": steps, "lr_init": pytest.approx(rate), "weight_decay": 0.0, "b": b}
        long = {"train_steps": np.int64(10 * steps), "relative_rate": 0.5, "relative_to": rule}
        found = expand(network, long)
        assert found["weight_decay"] == best_decay(found["lr_init"], 10 * steps) > 0
        assert expand(network, {"weight_decay": 0.1, **long})["weight_decay"] == 0.1


def test_impossible_relative_settings_are_refused():
    """Breaks if a share of nothing, of a range of steps or of an unknown rule passes, or gives a traceback."""
    network = Network(rnn, 8, 16, 1)
    for wrong in ({"relative_rate": 1.0}, {"relative_labels": 0, "train_steps": 10}):
        with pytest.raises(ValueError, match=r"^relative_\w+ is .* allowed: a positive number beside one of steps$"):
            expand(network, wrong)
    with pytest.raises(ValueError, match=r"beside train_steps \(1, 2\); allowed"):
        expand(network, {"relative_rate": 1.0, "train_steps": (1, 2)})
    with pytest.raises(ValueError, match=r"^relative_to is 'soap'; allowed: beside relative_rate or relative_labels$"):
        expand(network, {"relative_to": "soap", "lr_init": 0.01})
    for rule in ("sgd", ["soap"]):
        with pytest.raises(ValueError, match=r"^relative_to .* is unknown; allowed: adam, soap$"):
            expand(network, {"relative_to": rule})


def test_a_task_is_sized_for_the_largest_b_asked_for():
    """Breaks if a setting asks for more labels than there are, or a task without such settings is changed."""
    task, network = per_cap(n_in=8, n_steps=3), Network(rnn, 8, 16, 1)
    fitted = fit_task(task, network, [{"b_per_parameter": (1.0, 3.0)}, {"b": 500}, {"lr_init": 0.1}])
    assert fitted is per_cap(n_in=8, b_max=1299, n_steps=3)
    assert fit_task(task, network, [{"lr_init": 0.1}]) is task
