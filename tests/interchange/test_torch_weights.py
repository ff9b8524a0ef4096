"""Weights of torch's recurrent modules in our cells and out again."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from torch_oracle import draw, draw_state, forward

from capacity_jax.cells import CELLS, gru, irnn, lstm, rnn, ugrnn
from capacity_jax.interchange import weights_from_torch, weights_to_torch

XS = np.random.default_rng(3).normal(size=(6, 3))


def run(cell, layers, xs, *nonlinearity):
    """All outputs of our layers, one upon the other, in 64 bits."""
    with jax.enable_x64(True):
        for params in layers:
            state, ys = cell.initial_state(params), []
            for x in xs:
                state, y = cell.step(params, state, jnp.asarray(x), *nonlinearity)
                ys.append(y)
            xs = np.stack(ys)
    return xs


def convertible(layers, bias=True):
    """A GRU that may be reset before or after the product: a diagonal candidate matrix and no bias inside."""
    state_dict = draw("gru", 3, 4, layers, bias=bias)
    for k in range(layers):
        state_dict[f"weight_hh_l{k}"][8:] = np.diag(np.diagonal(state_dict[f"weight_hh_l{k}"][8:]))
        if bias:
            state_dict[f"bias_hh_l{k}"][8:] = 0
    return state_dict


def weights_of(kind, layers, bias=True):
    return convertible(layers, bias) if kind == "gru" else draw(kind, 3, 4, layers, bias=bias)


@pytest.mark.parametrize("kind", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("bias", [True, False])
def test_loaded_weights_compute_what_torch_documents(kind, layers, bias):
    """Fails if a gate, a bias, a layer, the transposition or the initial state is misplaced."""
    state_dict, state = weights_of(kind, layers, bias), draw_state(kind, 4, layers)
    ours = run(CELLS[kind], weights_from_torch(CELLS[kind], state_dict, state), XS)
    np.testing.assert_allclose(ours, forward(kind, state_dict, XS, state), rtol=0, atol=1e-12)
    from_rest = run(CELLS[kind], weights_from_torch(CELLS[kind], state_dict), XS)
    np.testing.assert_allclose(from_rest, forward(kind, state_dict, XS), rtol=0, atol=1e-12)


def test_relu_networks_load_into_the_irnn():
    """Fails if the IRNN, the ReLU network of torch.nn.RNN, is not accepted or reads other columns."""
    state_dict = draw("rnn", 3, 4, 1)
    expected = run(rnn, weights_from_torch(rnn, state_dict), XS, jax.nn.relu)
    np.testing.assert_array_equal(run(irnn, weights_from_torch(irnn, state_dict), XS), expected)


@pytest.mark.parametrize("kind", ["rnn", "gru", "lstm"])
def test_round_trip_from_ours_is_exact(kind):
    """Fails if a value, a dtype or a learned initial state is lost between ours, torch and ours."""
    layers = weights_from_torch(CELLS[kind], weights_of(kind, 2), draw_state(kind, 4, 2))
    layers = [{name: leaf.astype(np.float32) for name, leaf in params.items()} for params in layers]
    for params, back in zip(
        layers, weights_from_torch(CELLS[kind], *weights_to_torch(CELLS[kind], layers)), strict=True
    ):
        assert list(back) == list(params)
        for name in params:
            assert back[name].dtype == np.float32
            np.testing.assert_array_equal(back[name], params[name])


@pytest.mark.parametrize("kind", ["rnn", "gru", "lstm"])
def test_round_trip_from_torch_moves_only_the_bias(kind):
    """Fails if weights change on the way, or the biases are not summed into the first."""
    state_dict = weights_of(kind, 2)
    back, state = weights_to_torch(CELLS[kind], weights_from_torch(CELLS[kind], state_dict))
    assert back.keys() == state_dict.keys()
    for k in range(2):
        for name in (f"weight_ih_l{k}", f"weight_hh_l{k}"):
            np.testing.assert_array_equal(back[name], state_dict[name])
        np.testing.assert_array_equal(back[f"bias_ih_l{k}"], state_dict[f"bias_ih_l{k}"] + state_dict[f"bias_hh_l{k}"])
        assert not back[f"bias_hh_l{k}"].any()
    assert not np.any(state)
    assert np.shape(state) == ((2, 2, 4) if kind == "lstm" else (2, 4))


def test_gru_with_equal_reset_gates_is_exact():
    """Fails if a full candidate matrix is refused, or differs, where all reset gates are equal."""
    state_dict = draw("gru", 3, 4, 1)
    state_dict["bias_hh_l0"][8:] = 0
    for name in state_dict:
        state_dict[name][:4] = state_dict[name][:1]
    state = draw_state("gru", 4, 1)
    ours = run(gru, weights_from_torch(gru, state_dict, state), XS)
    np.testing.assert_allclose(ours, forward("gru", state_dict, XS, state), rtol=0, atol=1e-12)


@pytest.mark.parametrize("inner_bias", [False, True])
def test_gru_that_resets_elsewhere_is_refused(inner_bias):
    """Fails if weights that compute something else here are passed on as if they did not."""
    state_dict = draw("gru", 3, 4, 1)
    if inner_bias:
        state_dict = convertible(1)
        state_dict["bias_hh_l0"][9] = 0.1
    else:
        state_dict["bias_hh_l0"][8:] = 0
    with pytest.raises(ValueError, match="reset a gru after the recurrent product"):
        weights_from_torch(gru, state_dict)


def test_our_gru_is_refused_on_the_way_out():
    """Fails if a GRU of ours is handed to torch, which would compute something else."""
    [params] = weights_from_torch(gru, convertible(1))
    params["W_h"] = np.ones_like(params["W_h"])
    with pytest.raises(ValueError, match="reset a gru after the recurrent product"):
        weights_to_torch(gru, [params])


@pytest.mark.parametrize(
    ("cell", "change", "message"),
    [
        (ugrnn, {}, "cell is 'ugrnn'; allowed: rnn, irnn, gru, lstm"),
        (rnn, {}, "weights have the shapes"),
        (lstm, {"weight_hr_l0": np.ones((2, 4))}, "holds 'weight_hr_l0'"),
        (lstm, {"weight_ih_l0_reverse": np.ones((16, 3))}, "holds 'weight_ih_l0_reverse'"),
        (lstm, {"weight_hh_l1": np.ones((16, 4))}, "lacks weight_ih_l1"),
        (lstm, {"bias_hh_l0": np.ones(4)}, "weights have the shapes"),
    ],
)
def test_other_weights_are_refused(cell, change, message):
    """Fails if a second direction, a projection, a missing layer or another shape passes unseen."""
    with pytest.raises(ValueError, match=message):
        weights_from_torch(cell, draw("lstm", 3, 4, 1) | change)


def test_initial_state_of_other_layers_is_refused():
    """Fails if layers beyond the module's are ignored."""
    with pytest.raises(ValueError, match="initial_state has 3 layers; state_dict has 2"):
        weights_from_torch(rnn, draw("rnn", 3, 4, 2), draw_state("rnn", 4, 3))


@pytest.mark.parametrize("kind", ["rnn", "gru", "lstm"])
def test_torch_itself_agrees(kind):
    """Fails if the documented equations are not what torch computes with our weights; needs torch."""
    torch = pytest.importorskip("torch")
    state_dict, state = weights_to_torch(
        CELLS[kind], weights_from_torch(CELLS[kind], weights_of(kind, 2), draw_state(kind, 4, 2))
    )
    module = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}[kind](3, 4, 2).double()
    module.load_state_dict({name: torch.tensor(array.copy()) for name, array in state_dict.items()})
    with torch.no_grad():
        ys, _ = module(torch.tensor(XS), jax.tree.map(torch.tensor, state))
    np.testing.assert_allclose(ys.numpy(), forward(kind, state_dict, XS, state), rtol=0, atol=1e-12)
