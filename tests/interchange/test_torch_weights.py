"""Weights of torch's recurrent modules in our cells and out again."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from torch_oracle import draw, draw_state, forward

from capacity_jax.cells import gru, gru_reset_after, irnn, lstm, rnn, ugrnn
from capacity_jax.interchange import Directions, weights_from_torch, weights_to_torch

XS = np.random.default_rng(3).normal(size=(6, 3))
CELLS = {"rnn": rnn, "gru": gru_reset_after, "lstm": lstm}

pytestmark = pytest.mark.usefixtures("exact_products")


def run(cell, layers, xs, *nonlinearity):
    """All outputs of our layers, of one direction or two, one upon the other, in 64 bits."""

    def one(params, xs):
        state, ys = cell.initial_state(params), []
        for x in xs:
            state, y = cell.step(params, state, jnp.asarray(x), *nonlinearity)
            ys.append(y)
        return np.stack(ys)

    with jax.enable_x64(True):
        for layer in layers:
            if isinstance(layer, Directions):
                xs = np.concatenate([one(layer.forward, xs), one(layer.backward, xs[::-1])[::-1]], axis=-1)
            else:
                xs = one(layer, xs)
    return xs


@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize(("layers", "both"), [(1, False), (3, False), (1, True), (2, True)])
@pytest.mark.parametrize("bias", [True, False])
def test_loaded_weights_compute_what_torch_documents(kind, layers, both, bias):
    """Fails if a gate, a bias, a layer, a direction, the transposition or the initial state is misplaced."""
    state_dict, cell = draw(kind, 3, 4, layers, bias=bias, both=both), CELLS[kind]
    state = draw_state(kind, 4, layers * (1 + both))
    ours = run(cell, weights_from_torch(cell, state_dict, state), XS)
    np.testing.assert_allclose(ours, forward(kind, state_dict, XS, state), rtol=0, atol=1e-12)
    from_rest = run(cell, weights_from_torch(cell, state_dict), XS)
    np.testing.assert_allclose(from_rest, forward(kind, state_dict, XS), rtol=0, atol=1e-12)


def test_relu_networks_load_into_the_irnn():
    """Fails if the IRNN, the ReLU network of torch.nn.RNN, is not accepted or reads other columns."""
    state_dict = draw("rnn", 3, 4, 1)
    expected = run(rnn, weights_from_torch(rnn, state_dict), XS, jax.nn.relu)
    np.testing.assert_array_equal(run(irnn, weights_from_torch(irnn, state_dict), XS), expected)


@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize("both", [False, True])
def test_round_trip_from_ours_is_exact(kind, both):
    """Fails if a value, a dtype or a learned initial state is lost between ours, torch and ours."""
    cell = CELLS[kind]
    layers = weights_from_torch(cell, draw(kind, 3, 4, 2, both=both), draw_state(kind, 4, 2 * (1 + both)))
    layers = jax.tree.map(lambda leaf: leaf.astype(np.float32), layers)
    back = weights_from_torch(cell, *weights_to_torch(cell, layers))
    assert jax.tree.structure(back) == jax.tree.structure(layers)
    for found, expected in zip(jax.tree.leaves(back), jax.tree.leaves(layers), strict=True):
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize("both", [False, True])
def test_round_trip_from_torch_moves_only_the_bias(kind, both):
    """Fails if weights change on the way, or biases are not summed into the first but for the one inside a reset."""
    state_dict = draw(kind, 3, 4, 2, both=both)
    back, state = weights_to_torch(CELLS[kind], weights_from_torch(CELLS[kind], state_dict))
    assert back.keys() == state_dict.keys()
    stays = 8 if kind == "gru" else None
    for name, array in back.items():
        if name.startswith("weight"):
            np.testing.assert_array_equal(array, state_dict[name])
        elif name.startswith("bias_hh"):
            first = name.replace("hh", "ih")
            summed = state_dict[first] + state_dict[name]
            np.testing.assert_array_equal(back[first][:stays], summed[:stays])
            assert not array[:stays].any()
            if stays:
                np.testing.assert_array_equal(array[stays:], state_dict[name][stays:])
                np.testing.assert_array_equal(back[first][stays:], state_dict[first][stays:])
    assert not np.any(state)
    rows = 2 * (1 + both)
    assert np.shape(state) == ((2, rows, 4) if kind == "lstm" else (rows, 4))


def in_a_model(state_dict, prefix):
    return {f"{prefix}.{name}": array for name, array in state_dict.items()} | {"embedding.weight": np.ones((9, 3))}


@pytest.mark.parametrize("given", [None, "encoder.rnn"])
def test_a_module_is_found_in_its_model(given):
    """Fails if a prefix is not taken off, or entries of other modules are taken for this one's."""
    state_dict = draw("lstm", 3, 4, 2)
    found = weights_from_torch(lstm, in_a_model(state_dict, "encoder.rnn"), prefix=given)
    jax.tree.map(np.testing.assert_array_equal, found, weights_from_torch(lstm, state_dict))


def test_one_module_of_several_is_chosen_by_its_prefix():
    """Fails if weights of two modules mix, or one of them is taken unasked."""
    encoder, decoder = draw("rnn", 3, 4, 1, seed=0), draw("rnn", 3, 4, 1, seed=1)
    model = in_a_model(encoder, "encoder.rnn") | in_a_model(decoder, "decoder")
    found = weights_from_torch(rnn, model, prefix="decoder")
    jax.tree.map(np.testing.assert_array_equal, found, weights_from_torch(rnn, decoder))
    with pytest.raises(ValueError, match=r"prefix is None; .*one of \['decoder', 'encoder.rnn'\]"):
        weights_from_torch(rnn, model)
    with pytest.raises(ValueError, match=r"state_dict lacks encoder\.weight_ih_l0; it holds nothing"):
        weights_from_torch(rnn, model, prefix="encoder")


def test_the_gru_of_the_paper_is_refused_both_ways():
    """Fails if a GRU that computes something else there passes, or the message does not say which cell is meant."""
    state_dict = draw("gru", 3, 4, 1)
    with pytest.raises(ValueError, match=r"cell is 'gru', which resets before .*; allowed: gru_reset_after"):
        weights_from_torch(gru, state_dict)
    with pytest.raises(ValueError, match=r"cell is 'gru', which resets before .*; allowed: gru_reset_after"):
        weights_to_torch(gru, weights_from_torch(gru_reset_after, state_dict))


@pytest.mark.parametrize(
    ("cell", "change", "message"),
    [
        (ugrnn, {}, "cell is 'ugrnn'; allowed: rnn, irnn, gru_reset_after, lstm"),
        (rnn, {}, "weights have the shapes"),
        (lstm, {"weight_hr_l0": np.ones((2, 4))}, "holds 'weight_hr_l0'.*no projection"),
        (lstm, {"weight_ih_l0_reverse": np.ones((16, 3))}, "lacks weight_hh_l0_reverse"),
        (lstm, {"weight_hh_l1": np.ones((16, 4))}, "lacks weight_ih_l1"),
        (lstm, {"bias_hh_l0": np.ones(4)}, "weights have the shapes"),
    ],
)
def test_other_weights_are_refused(cell, change, message):
    """Fails if half a direction, a projection, a missing layer or another shape passes unseen."""
    with pytest.raises(ValueError, match=message):
        weights_from_torch(cell, draw("lstm", 3, 4, 1) | change)


def test_initial_state_of_other_layers_is_refused():
    """Fails if layers beyond the module's are ignored."""
    with pytest.raises(ValueError, match="initial_state has 3 rows; allowed: 2, one per layer and direction"):
        weights_from_torch(rnn, draw("rnn", 3, 4, 2), draw_state("rnn", 4, 3))


def test_layers_of_one_and_two_directions_do_not_mix():
    """Fails if torch would get a state dict that no module has."""
    [layer] = weights_from_torch(rnn, draw("rnn", 3, 4, 1))
    with pytest.raises(ValueError, match="layers have 1, 2 directions; allowed: 1 or 2 in all"):
        weights_to_torch(rnn, [layer, Directions(layer, layer)])


@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize("both", [False, True])
def test_torch_itself_agrees(kind, both):
    """Fails if torch computes with our weights, or with its own, something else than documented; needs torch."""
    torch = pytest.importorskip("torch")
    module = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}[kind]
    module = module(3, 4, 2, bidirectional=both).double()
    own = {f"encoder.{name}": tensor.numpy() for name, tensor in module.state_dict().items()}
    layers = weights_from_torch(CELLS[kind], own, draw_state(kind, 4, 2 * (1 + both)))
    ours = run(CELLS[kind], layers, XS)
    state_dict, state = weights_to_torch(CELLS[kind], layers)
    for converted in (False, True):
        if converted:
            module.load_state_dict({name: torch.tensor(array.copy()) for name, array in state_dict.items()})
        with torch.no_grad():
            ys, _ = module(torch.tensor(XS), jax.tree.map(torch.tensor, state))
        np.testing.assert_allclose(ys.numpy(), ours, rtol=0, atol=1e-12)
