"""The contenders of the population benchmark: all compute the same, all count the same parameters."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from capacity_jax.cells import CELLS
from capacity_jax.interchange import weights_to_flax
from capacity_jax.tasks.base import Batch
from capacity_jax.training import fill_defaults, hyperparameters_of
from capacity_jax.training.member import scores_and_gradients
from capacity_jax.training.settings import encode
from experiments.benchmarks.ours import population
from experiments.benchmarks.peers import flax_vmap, naive
from experiments.benchmarks.work import N_LABELS, Work
from experiments.paper.cells import PAPER_CELLS

UNITS = 6


def case(cell):
    """A work, random parameters without a zero among them, and a batch."""
    work = Work(cell, UNITS, 7)
    shapes = jax.eval_shape(work.bucket.network.init, jax.random.key(0))
    rng = np.random.default_rng(3)
    params = jax.tree.map(lambda leaf: jnp.asarray(rng.normal(0, 0.7, leaf.shape), jnp.float32), shapes)
    xs = jnp.asarray(rng.choice([-1.0, 1.0], (7, 1, UNITS)), jnp.float32)
    return work, params, Batch(xs, jnp.asarray(rng.integers(0, 2, 7), jnp.float32), jnp.ones(7))


def in_population(work, params, batch):
    """The loss that the population descends, and its gradients."""
    settings = encode(fill_defaults(work.bucket, {}), hyperparameters_of(work.bucket))
    scores, gradients = scores_and_gradients(work.bucket, params, batch, settings, block_size=work.batch)
    return scores["loss"], gradients


def assert_same(found, expected):
    """Each array within 1e-4 of the largest value of the expected one."""
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=0, atol=1e-4 * max(1e-3, np.max(np.abs(b)))), found, expected
    )


def in_flax(work, params):
    """Our parameters, or gradients with respect to them, in the Flax model's places."""
    [layer], cell, n = params["layers"], work.cell, work.units
    readout = {"kernel": params["readout"]["W"], "bias": params["readout"]["b"]}
    converted = {name: layer[name] for name in ("c0", "h0") if name in layer} | {"readout": readout}
    if cell in ("rnn", "irnn", "lstm"):
        like = jax.eval_shape(lambda: flax_vmap.Model(cell, n).init(jax.random.key(0), jnp.zeros((1, 1, n))))
        converted["layer"], _ = weights_to_flax(CELLS[cell], layer, like["params"]["layer"])
    else:
        of_states = {"h": layer["W_h"]}
        if cell == "gru":
            of_states = {"h": layer["W_h"][:, : 2 * n], "hc": layer["W_h"][:, 2 * n :]}
        converted["layer"] = {"i": {"kernel": layer["W_x"], "bias": layer["b"]}} | {
            name: {"kernel": kernel} for name, kernel in of_states.items()
        }
    if "projection" in params:
        converted["projection"] = {"kernel": params["projection"]}
    return converted


@pytest.mark.parametrize("cell", PAPER_CELLS)
def test_jax_peers_compute_the_same(cell, exact_products):
    """Breaks if the Flax model or the plain scan over our cells has another loss or gradient than the population."""
    work, params, batch = case(cell)

    @partial(jax.jit, compiler_options={"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True})
    def all_three(params, flax_params):
        return (
            in_population(work, params, batch),
            jax.value_and_grad(lambda params: naive.loss(work, params, batch))(params),
            jax.value_and_grad(lambda params: flax_vmap.loss(work, params, batch))(flax_params),
        )

    (loss, grads), in_naive, flax = all_three(params, in_flax(work, params))
    assert_same(in_naive, (loss, grads))
    assert_same(flax, (loss, in_flax(work, grads)))


@pytest.mark.parametrize("cell", PAPER_CELLS)
def test_torch_from_equations_computes_the_same(cell, exact_products):
    """Breaks if the PyTorch model has another loss or gradient than the population; needs torch."""
    torch = pytest.importorskip("torch")
    from experiments.benchmarks.peers.torch_models import FromEquations

    work, params, batch = case(cell)
    loss, grads = jax.jit(partial(in_population, work))(params, batch)
    found, model = torch_loss(torch, FromEquations, work, params, batch)
    [layer] = grads["layers"]
    gradients = {name: layer[name] for name in ("W_x", "W_h", "b")} | {
        "readout_W": grads["readout"]["W"],
        "readout_b": grads["readout"]["b"],
    }
    gradients |= {"projection": grads["projection"]} if "projection" in grads else {}
    assert_same(found, loss)
    assert_same({name: getattr(model, name).grad.numpy() for name in gradients}, gradients)
    initial = [layer[name] for name in ("c0", "h0") if name in layer]
    assert_same([vector.grad.numpy() for vector in model.initial], initial)


@pytest.mark.parametrize("cell", ["rnn", "irnn", "gru", "lstm"])
def test_torch_modules_compute_the_same(cell, exact_products):
    """Breaks if `torch.nn`'s modules have another loss or gradient than the population; needs torch.

    The GRUs differ in what the candidate makes of the state: here it makes nothing of it.
    """
    torch = pytest.importorskip("torch")
    from experiments.benchmarks.peers.torch_models import Fused

    work, params, batch = case(cell)
    [layer] = params["layers"]
    own_candidate = UNITS * 2 if cell == "gru" else None
    if own_candidate:
        layer["W_h"] = layer["W_h"].at[:, own_candidate:].set(0)
    loss, grads = jax.jit(partial(in_population, work))(params, batch)
    [layer] = grads["layers"]
    found, model = torch_loss(torch, Fused, work, params, batch)
    assert_same(found, loss)
    assert_same(model.layer.weight_ih_l0.grad.numpy().T, layer["W_x"])
    assert_same(model.layer.weight_hh_l0.grad.numpy().T[:, :own_candidate], layer["W_h"][:, :own_candidate])
    assert_same(model.layer.bias_ih_l0.grad.numpy(), layer["b"])
    assert model.layer.bias_hh_l0.grad is None
    assert_same([vector.grad.numpy() for vector in model.initial], [layer[k] for k in ("h0", "c0") if k in layer])


def torch_loss(torch, build, work, params, batch):
    """Loss, and the model with its gradients."""
    from experiments.benchmarks.peers.torch_loop import loss

    model = build(work.cell, params, work.bucket.task.n_steps)
    value = loss(model, *(torch.tensor(np.array(part)) for part in (batch.xs[:, 0], batch.targets)))
    value.backward()
    return value.item(), model


def assert_trains(contender, work):
    """Each batch is all data, and Adam's steps have one length: the loss falls with the number of steps."""
    assert work.batch == N_LABELS
    first, after_10, after_40 = (contender.run(n) for n in (1, 10, 30))
    np.testing.assert_allclose((first - after_40) / (first - after_10), 4, rtol=0.2)
    assert contender.n_params == work.bucket.network.n_params


@pytest.mark.parametrize(
    "make",
    [population, flax_vmap.flax_vmap, pytest.param(naive.naive, marks=pytest.mark.slow)],
    ids=lambda make: make.__name__,
)
def test_jax_contenders_train(make):
    """Breaks if a contender makes other steps than it is timed for, or miscounts its parameters or its memory."""
    work = Work("rnn", 3, N_LABELS)
    contender = make(work)
    assert_trains(contender, work)
    assert contender.members == len(jax.devices())
    weights_and_data = 4 * (4 * contender.n_params + 4 * 2 * N_LABELS)
    assert contender.peak_bytes() > contender.members * weights_and_data


@pytest.mark.parametrize("name", ["eager", "fused"])
def test_torch_contenders_train(name):
    """Breaks if a contender makes other steps than it is timed for, or miscounts its parameters; needs torch."""
    pytest.importorskip("torch")
    from experiments.benchmarks.peers import torch_loop

    work = Work("gru", 3, N_LABELS)
    assert_trains(getattr(torch_loop, name)(work, 1), work)


@pytest.mark.parametrize("cell", PAPER_CELLS)
def test_useful_operations_are_those_of_the_products(cell):
    """Breaks if the formula is not what torch counts in its model, up to what is made once per batch; needs torch."""
    torch = pytest.importorskip("torch")
    from torch.utils.flop_counter import FlopCounterMode

    from experiments.benchmarks.peers.torch_models import FromEquations

    work, params, batch = case(cell)
    batch = Batch(*(jnp.tile(part, (1000,) + (1,) * (part.ndim - 1)) for part in batch))
    with FlopCounterMode(display=False) as counter:
        torch_loss(torch, FromEquations, work, params, batch)
    counted = counter.get_total_flops() / len(batch.targets) / 2
    if cell == "intersection":
        # The gates that nobody reads, half of all, beside projection and readout.
        counted = (counted + 2 * UNITS**2 + 3 * UNITS) / 2
    np.testing.assert_allclose(counted, work.flops / work.batch / 2, rtol=0.002)
