"""Associative recall: what is told and asked, what is scored, and that a memory which holds all pairs recalls all."""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from capacity_jax.cells import cell_by_name
from capacity_jax.networks import Network
from capacity_jax.tasks import assoc_recall

N_KEYS, N_VALUES, MAX_PAIRS, PAIRS, SIZE = 6, 4, 5, 3, 512
TASK = assoc_recall(N_KEYS, N_VALUES, MAX_PAIRS, n_evaluation=100)


@pytest.fixture(scope="module")
def batch():
    data = TASK.draw(jax.random.key(0), {"pairs": PAIRS}, SIZE)
    return jax.device_get(jax.jit(lambda key: TASK.batch((), data, key, 0, SIZE))(jax.random.key(1)))


def read(xs):
    """The pairs told and the keys asked of one example, by a reader that knows nothing of how it was made."""
    keys, values = xs[:, :N_KEYS], xs[:, N_KEYS:]
    told = {int(k.argmax()): int(v.argmax()) for k, v in zip(keys, values, strict=True) if v.any()}
    asked = [int(k.argmax()) if k.any() and not v.any() else None for k, v in zip(keys, values, strict=True)]
    return told, asked


def test_each_key_is_told_once_and_asked_once_in_any_order(batch):
    """Breaks if keys repeat, a query has no answer or another one, or queries stand in the order of the pairs."""
    in_order = 0
    for i, xs in enumerate(batch.xs[:64]):
        told, asked = read(xs)
        assert len(told) == PAIRS
        assert asked[:PAIRS] == [None] * PAIRS
        assert sorted(asked[PAIRS : 2 * PAIRS]) == sorted(told)
        assert not xs[2 * PAIRS :].any()
        target = jax.tree.map(lambda leaf, i=i: leaf[i], batch.targets)
        np.testing.assert_array_equal(target["asked"], [key is not None for key in asked])
        assert [told[key] for key in asked if key is not None] == list(target["value"][target["asked"]])
        in_order += list(told) == asked[PAIRS : 2 * PAIRS]
    assert 0 < in_order < 32


def test_keys_and_values_are_uniform(batch):
    """Breaks if some keys or values come more often, which an answer could bet on."""
    told = batch.xs[:, :PAIRS]
    for symbols in (told[..., :N_KEYS], told[..., N_KEYS:]):
        shares, n = symbols.mean((0, 1)), symbols.shape[-1]
        assert np.abs(shares - 1 / n).max() < 5 * np.sqrt(1 / n / (SIZE * PAIRS))


def measured(outputs, targets):
    scores = jax.jit(jax.vmap(TASK.score))(jnp.asarray(outputs), targets)
    scores = {name: float(values.mean()) for name, values in scores.items()}
    network = SimpleNamespace(depth=2, n_hidden=3, cell=cell_by_name("lstm"))
    return scores | dict(TASK.measures(scores, {"pairs": PAIRS}, network))


def test_all_bits_are_recalled_by_right_answers_none_by_guesses_and_fewer_by_wrong_ones(batch):
    """Breaks if steps without a query count, the bits are per query, or a wrong answer costs nothing.

    The state of the network has 2 layers of 2·3 values.
    """
    right = 50.0 * np.eye(N_VALUES)[batch.targets["value"]]
    guess, all_bits = np.zeros_like(right), PAIRS * np.log2(N_VALUES)
    elsewhere = np.where(batch.targets["asked"][..., None], right, -right)
    for outputs in (right, elsewhere):
        perfect = measured(outputs, batch.targets)
        np.testing.assert_allclose(perfect["bits_recalled"], all_bits, rtol=1e-6)
        np.testing.assert_allclose(perfect["bits_per_state"], all_bits / 12, rtol=1e-6)
        assert perfect["accuracy"] == 1
    np.testing.assert_allclose(measured(guess, batch.targets)["bits_recalled"], 0, atol=1e-5)
    assert measured(-right, batch.targets)["bits_recalled"] < -all_bits


def test_a_matrix_memory_with_a_place_for_each_key_recalls_all(batch):
    """Breaks if a query is heard unlike the key of its pair, or the output is read a step late."""
    n = max(N_KEYS, N_VALUES)
    network = Network(cell_by_name("deltanet"), TASK.n_in, n, N_VALUES)
    params = jax.tree.map(
        lambda leaf: np.zeros(leaf.shape, np.float32), jax.eval_shape(network.init, jax.random.key(0))
    )
    [layer] = params["layers"]
    for name in "qk":
        layer[name]["W"][:N_KEYS] = 20 * np.eye(N_KEYS, n)
    layer["v"]["W"][N_KEYS:] = 20 * np.eye(N_VALUES, n)
    # Where no value is heard, nothing is written.
    layer["beta"]["b"][:] = -20
    layer["beta"]["W"][N_KEYS:] = 40
    params["readout"]["W"][:] = 10 * np.eye(n, N_VALUES)
    outputs = jax.jit(network.apply)(params, jnp.moveaxis(batch.xs, 0, -1))
    recalled = measured(np.moveaxis(outputs, 1, 0), batch.targets)
    np.testing.assert_allclose(recalled["bits_recalled"], PAIRS * np.log2(N_VALUES), rtol=1e-5)


def test_fit_makes_room_for_the_most_pairs_asked_for_and_no_more():
    """Breaks if a member pays for steps that nobody asks for, or asks for pairs that have no room."""
    assert TASK.fit(None, [{"pairs": 2}, {"pairs": [1, 4]}, {}]).n_steps == 8
    assert TASK.fit(None, [{}]).n_steps == TASK.n_steps


def test_more_pairs_than_keys_are_refused():
    """Breaks if keys would have to repeat, and their values contradict each other."""
    with pytest.raises(ValueError, match=r"^n_keys is 4; it must be at least 5"):
        assoc_recall(n_keys=4, max_pairs=5)
