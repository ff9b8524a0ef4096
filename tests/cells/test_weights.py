"""Initial weights: what each hyperparameter does, and that it does it to the gate in its name."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from capacity_jax.cells import cell_by_name, rnn

GATES = {
    "rnn": ["h"],
    "ugrnn": ["c", "g"],
    "gru": ["r", "u", "c"],
    "lstm": ["i", "g", "c", "o"],
    "intersection": ["y", "h", "gy", "gh"],
}
EVERY_GATE = [(name, gate) for name, gates in GATES.items() for gate in gates]
WORDS = {
    "recurrent_matrix_init_type": ("identity", "orthogonal", "normal"),
    "recurrent_bias_init_type": ("delta", "normal"),
}
N = 5


@partial(jax.jit, static_argnums=(0, 2, 3))
def init(name, key, n_in, n, hparams):
    return cell_by_name(name).init(key, n_in, n, hparams)


def drawn(name, n=N, n_in=None, seed=0, **hparams):
    """Params with every hyperparameter traced, so that a cell compiles once; words become their indices."""
    declared = cell_by_name(name).hyperparameters
    encoded = {h: one.encode(hparams.get(h, one.default)) for h, one in declared.items() if h != "nonlinearity"}
    return jax.device_get(init(name, jax.random.key(seed), n_in or n, n, encoded))


def by_gate(name, leaf):
    """The blocks of columns of a leaf, one per gate."""
    return dict(zip(GATES[name], np.split(leaf, len(GATES[name]), axis=-1), strict=True))


@pytest.mark.parametrize("name", GATES)
def test_identity_is_the_identity_in_every_gate(name):
    """Breaks if the word `identity` picks another matrix, or fills one gate alone."""
    for W in by_gate(name, drawn(name, recurrent_matrix_init_type="identity")["W_h"]).values():
        assert_array_equal(W, np.eye(N))


@pytest.mark.parametrize("name", GATES)
def test_orthogonal_is_orthogonal_by_gate_and_differs_between_gates(name):
    """Breaks if the fused matrix instead of each gate's is orthogonal, or if gates share one draw."""
    blocks = list(by_gate(name, drawn(name, recurrent_matrix_init_type="orthogonal")["W_h"]).values())
    for i, W in enumerate(blocks):
        assert_allclose(W.T @ W, np.eye(N), atol=1e-5)
        assert not any(np.allclose(W, other) for other in blocks[:i])


@pytest.mark.parametrize("name", GATES)
def test_normal_matrices_have_variance_one_over_their_inputs(name):
    """Breaks if a Gaussian matrix is unscaled, or scaled by outputs or by the width of all gates."""
    n, n_in = (40, 40) if name == "intersection" else (40, 90)
    params = drawn(name, n, n_in, recurrent_matrix_init_type="normal")
    for leaf, inputs in (("W_h", n), ("W_x", n_in)):
        for W in by_gate(name, params[leaf]).values():
            assert W.shape == (inputs, n)
            # Five standard errors: the relative one of a variance of k samples is sqrt(2 / k).
            assert_allclose(inputs * np.var(W), 1, atol=5 * np.sqrt(2 / W.size))
    assert not np.allclose(params["W_h"][:n] * np.sqrt(n), params["W_x"][:n] * np.sqrt(n_in))


@pytest.mark.parametrize(
    ("kind", "leaf"), [("recurrent_matrix_scale", "W_h"), ("input_scale", "W_x"), ("recurrent_bias_scale", "b")]
)
@pytest.mark.parametrize(("name", "gate"), EVERY_GATE)
def test_a_scale_multiplies_the_weights_of_its_gate_alone(name, gate, kind, leaf):
    """Breaks if a scale lands on another gate's columns or another array, or is not a factor."""
    others = {f"recurrent_bias_scale_{g}": 1.0 for g in GATES[name]}
    before = drawn(name, **others)
    after = drawn(name, **{**others, f"{kind}_{gate}": 0.25})
    for each in before:
        if each != leaf:
            assert_array_equal(after[each], before[each])
    changed = by_gate(name, after[leaf])
    for g, block in by_gate(name, before[leaf]).items():
        assert_array_equal(changed[g], block * (0.25 if g == gate else 1))


@pytest.mark.parametrize(("name", "gate"), EVERY_GATE)
def test_delta_biases_are_the_scale_itself(name, gate):
    """Breaks if a constant bias is drawn at random, loses its sign, or spreads to another gate."""
    biases = drawn(name, recurrent_bias_init_type="delta", **{f"recurrent_bias_scale_{gate}": -1.5})["b"]
    for g, b in by_gate(name, biases).items():
        assert_array_equal(b, np.full(N, -1.5 if g == gate else 0.0, np.float32))


@pytest.mark.parametrize("name", GATES)
def test_normal_biases_are_gaussian_of_the_given_scale(name):
    """Breaks if `normal` biases are constant, shared by the gates, or of another mean or spread."""
    n, n_in = (40, 40) if name == "intersection" else (40, 90)
    scales = {gate: 0.5 + k for k, gate in enumerate(GATES[name])}
    hparams = {f"recurrent_bias_scale_{gate}": scale for gate, scale in scales.items()}
    hparams["recurrent_bias_init_type"] = "normal"
    biases = [by_gate(name, drawn(name, n, n_in, seed, **hparams)["b"]) for seed in range(10)]
    standard = [np.concatenate([b[gate] for b in biases]) / scale for gate, scale in scales.items()]
    for i, b in enumerate(standard):
        assert_allclose(np.mean(b), 0, atol=5 / np.sqrt(b.size))
        assert_allclose(np.var(b), 1, atol=5 * np.sqrt(2 / b.size))
        assert not any(np.allclose(b, other) for other in standard[:i])


@pytest.mark.parametrize("bias", ["delta", "normal"])
@pytest.mark.parametrize(
    ("name", "hparam", "gate"),
    [
        ("ugrnn", "forget_gate_bias_hack", "g"),
        ("gru", "forget_gate_bias_hack", "u"),
        ("lstm", "forget_gate_bias_hack", "g"),
        ("intersection", "forget_gate_bias_hack_gy", "gy"),
        ("intersection", "forget_gate_bias_hack_gh", "gh"),
    ],
)
def test_a_forget_bias_is_added_to_its_gate_alone(name, hparam, gate, bias):
    """Breaks if b_fg lands on another gate, replaces the bias, or is scaled with it."""
    others = {"recurrent_bias_init_type": bias} | {f"recurrent_bias_scale_{g}": 0.5 for g in GATES[name]}
    before, after = drawn(name, **others), drawn(name, **others, **{hparam: 4.0})
    after_by_gate = by_gate(name, after["b"])
    for g, b in by_gate(name, before["b"]).items():
        assert_allclose(after_by_gate[g], b + (4 if g == gate else 0), rtol=1e-6)
    for leaf in ("W_x", "W_h"):
        assert_array_equal(after[leaf], before[leaf])


@pytest.mark.parametrize("name", ["ugrnn", "gru", "lstm", "intersection"])
def test_a_large_forget_bias_keeps_the_state(name):
    """Breaks if b_fg closes the gate it should open; needs no knowledge of the columns."""
    cell = cell_by_name(name)
    b_fg = {hparam: 100.0 for hparam in cell.hyperparameters if hparam.startswith("forget")}
    closed = {"recurrent_bias_scale_i": -100.0} if name == "lstm" else {}
    params = drawn(name, **b_fg, **closed)
    x, *state = jax.random.normal(jax.random.key(1), (3, N))
    state = tuple(state) if name == "lstm" else state[0]
    new_state, y = cell.step(params, state, x)
    # The LSTM keeps c; the intersection network keeps h along time and passes x on along depth.
    kept, was = (new_state[0], state[0]) if name == "lstm" else (new_state, state)
    assert_array_equal(kept, was)
    if name == "intersection":
        assert_array_equal(y, x)


def test_irnn_starts_from_a_scaled_identity_and_zero_bias_whatever_else_is_asked():
    """Breaks if the IRNN obeys a hyperparameter that would make it another network."""
    unfit = {"recurrent_matrix_init_type": "normal", "recurrent_bias_scale_h": 2.0}
    scales = {"recurrent_matrix_scale_h": 0.5, "input_scale_h": 0.25}
    before = drawn("irnn", n_in=3, **unfit)
    params = drawn("irnn", n_in=3, **unfit, **scales)
    assert_array_equal(params["W_h"], 0.5 * np.eye(N))
    assert_array_equal(params["b"], np.zeros(N))
    assert_array_equal(params["W_x"], 0.25 * before["W_x"])
    assert np.std(params["W_x"]) > 0


@pytest.mark.parametrize("name", [*GATES, "irnn", "gru_reset_after"])
def test_initial_states_are_params_and_start_at_zero(name):
    """Breaks if the state before the first step is not trained, or does not start at rest."""
    cell = cell_by_name(name)
    params = drawn(name)
    assert all(np.all(leaf == 0) for leaf in jax.tree.leaves(cell.initial_state(params)))
    moved = jax.tree.map(lambda leaf: leaf + 1, params)
    assert all(np.all(leaf == 1) for leaf in jax.tree.leaves(cell.initial_state(moved)))


@pytest.mark.parametrize("hparam", WORDS)
def test_an_index_means_its_word_under_vmap(hparam):
    """Breaks if the order of the words moves, or if a traced choice draws something else."""
    words = WORDS[hparam]

    def draw(choice):
        return rnn.init(jax.random.key(0), N, N, {"recurrent_bias_scale_h": 1.0, hparam: choice})

    by_index = jax.jit(jax.vmap(draw))(jnp.arange(len(words)))
    by_word = jax.jit(lambda: [draw(word) for word in words])()
    for i, word in enumerate(words):
        for leaf, value in by_word[i].items():
            assert_allclose(by_index[leaf][i], value, atol=1e-6, err_msg=word)
    assert len({str(by_word[i]) for i in range(len(words))}) == len(words)


@pytest.mark.parametrize("wrong", ["Orthogonal", "", -1, 3, 0.5])
@pytest.mark.parametrize("hparam", WORDS)
def test_a_wrong_choice_is_an_error_that_names_the_allowed(hparam, wrong):
    """Breaks if a misspelt word or an index out of range passes in silence, as some other choice."""
    with pytest.raises(ValueError, match=f"^{hparam} is {wrong!r}; allowed: {', '.join(WORDS[hparam])}"):
        rnn.init(jax.random.key(0), N, N, {hparam: wrong})


def test_the_same_key_draws_the_same_and_another_key_another():
    """Breaks if a cell ignores its key, or draws from anything else."""
    assert_array_equal(drawn("lstm")["W_h"], drawn("lstm")["W_h"])
    for leaf in ("W_x", "W_h"):
        assert not np.any(drawn("lstm")[leaf] == drawn("lstm", seed=1)[leaf])
