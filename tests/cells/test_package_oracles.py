"""Cells against packages that others wrote, in 32 bits to 1e-5: what a release needs (the extra `oracles`).

Conventions: packages without biases are given a constant input of 1 whose weights are our biases. The kernels of
flash-linear-attention and mLSTM take queries, keys, values and gates, so that projections, activations and unit lengths
(with its 1e-6) are ours.
"""

import importlib.util
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from capacity_jax.cells import cell_by_name

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("exact_products")]

M, N, H, N_STEPS = 3, 4, 2, 6
PACKAGES = ("torch", "einops", "torchrecurrent", "minGRU_pytorch", "LRU_pytorch", "fla", "mlstm_kernels")


def loaded(package, path):
    """A module of a package by its path alone: the packages' own imports want a GPU's compiler."""
    (root,) = importlib.util.find_spec(package).submodule_search_locations
    spec = importlib.util.spec_from_file_location(Path(path).stem, Path(root, path))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def tensor(a):
    import torch

    return torch.tensor(np.array(a))


def projected(params, name, xs, activation=lambda a: a):
    return np.asarray(activation(xs @ params[name]["W"] + params[name]["b"]))


def of_heads(a):
    """[steps, n] as [batch 1, steps, heads, d]."""
    return tensor(a.reshape(1, N_STEPS, H, -1))


def unit(a):
    heads = a.reshape(N_STEPS, H, -1)
    return (heads / np.sqrt(np.sum(heads**2, -1, keepdims=True) + 1e-6)).reshape(N_STEPS, -1)


def merged(outputs):
    return outputs.reshape(N_STEPS, -1).numpy()


def delta_inputs(params, xs):
    q, k, v = (projected(params, name, xs, jax.nn.silu) for name in "qkv")
    return unit(q), unit(k), v, projected(params, "beta", xs, jax.nn.sigmoid)


def deltanet(params, xs):
    *qkv, beta = (of_heads(a).transpose(1, 2) for a in delta_inputs(params, xs))
    outputs, _ = loaded("fla", "ops/delta_rule/naive.py").delta_rule_recurrence(*qkv, beta)
    return merged(outputs.transpose(1, 2))


def gated_deltanet(params, xs):
    *qkv, beta = delta_inputs(params, xs)
    log_alpha = -np.exp(params["A"]) * projected(params, "a", xs, jax.nn.softplus)
    gates = [tensor(a[None]) for a in (beta, log_alpha)]
    recurrent = loaded("fla", "ops/gated_delta_rule/naive.py").naive_recurrent_gated_delta_rule
    return merged(recurrent(*map(of_heads, qkv), *gates)[0])


def gla(params, xs):
    alpha = params["alpha"]
    log_alpha = np.asarray(jax.nn.log_sigmoid(xs @ alpha["W_1"] @ alpha["W_2"] + alpha["b"])) / 16
    arguments = [projected(params, name, xs) for name in "qkv"]
    recurrent = loaded("fla", "ops/gla/naive.py").naive_recurrent_gla
    return merged(recurrent(*map(of_heads, [*arguments, log_alpha]))[0])


def hgrn2(params, xs):
    f = projected(params, "f", xs, jax.nn.sigmoid)
    q = projected(params, "q", xs, jax.nn.silu) * np.float32(np.sqrt(N / H))
    arguments = q, 1 - f, projected(params, "v", xs), np.log(f)
    return merged(loaded("fla", "ops/gla/naive.py").naive_recurrent_gla(*map(of_heads, arguments))[0])


def linear_attention(params, xs):
    q, k = (projected(params, name, xs, jax.nn.elu) + 1 for name in "qk")
    recurrent = loaded("fla", "ops/linear_attn/naive.py").naive_recurrent_linear_attn
    return merged(recurrent(*map(of_heads, (q, k, projected(params, "v", xs))), normalize=True)[0])


def retnet(params, xs):
    qkv = [of_heads(projected(params, name, xs)).transpose(1, 2) for name in "qkv"]
    return merged(loaded("fla", "ops/retention/naive.py").naive_retention(*qkv).transpose(1, 2))


def mlstm(params, xs):
    step = loaded("mlstm_kernels", "jax/recurrent/native_step.py").mlstm_recurrent_step__native_fw
    heads = [projected(params, name, xs).reshape(N_STEPS, 1, H, -1) for name in ("q", "k", "v", "i", "f")]
    state, outputs = (jnp.zeros((1, H, N // H, N // H)), jnp.zeros((1, H, N // H)), jnp.full((1, H, 1), -30.0)), []
    for arguments in zip(*heads, strict=True):
        y, state = step(*state, *arguments)
        outputs.append(y.reshape(-1))
    return np.stack(outputs)


def mgu(params, xs):
    from torchrecurrent import MGUCell

    theirs = MGUCell(M, N, recurrent_bias=False)
    theirs.load_state_dict(
        {
            **theirs.state_dict(),
            "weight_ih": tensor(params["W_x"].T),
            "weight_hh": tensor(params["W_h"].T),
            "bias_ih": tensor(params["b"]),
        }
    )
    state, outputs = None, []
    for x in tensor(xs):
        state = theirs(x, state)
        outputs.append(state.detach().numpy())
    return np.stack(outputs)


def mingru(params, xs):
    import torch
    from minGRU_pytorch.minGRU import minGRU

    # Ours with the bias as a weight of an input that is 1; theirs has as many inputs as units.
    theirs = minGRU(N)
    weights = [np.vstack([params[name]["W"], params[name]["b"]]) for name in "cz"]
    theirs.to_hidden_and_gate.weight = torch.nn.Parameter(tensor(np.hstack(weights).T))
    with torch.no_grad():
        return merged(theirs(tensor(np.hstack([xs, np.ones((N_STEPS, 1), np.float32)]))[None]))


def lru(params, xs):
    import torch
    from LRU_pytorch import LRU

    theirs = LRU(M, N, N)
    complex_of = [np.split(params[name], 2, axis=axis) for name, axis in (("B", 1), ("C", 0))]
    B, C = (tensor((real + 1j * imaginary).T.astype(np.complex64)) for real, imaginary in complex_of)
    values = {"nu_log": params["nu"], "theta_log": params["theta"], "gamma_log": params["gamma"], "D": params["D"].T}
    theirs.load_state_dict({name: tensor(value) for name, value in values.items()} | {"B": B, "C": C})
    with torch.no_grad():
        return theirs(tensor(xs)).numpy()


THEIRS = {
    "mgu": mgu,
    "mingru": mingru,
    "lru": lru,
    "linear_attention(heads=2)": linear_attention,
    "retnet(heads=2)": retnet,
    "gla(heads=2)": gla,
    "hgrn2(heads=2)": hgrn2,
    "mlstm(heads=2)": mlstm,
    "deltanet(heads=2)": deltanet,
    "gated_deltanet(heads=2)": gated_deltanet,
}


@pytest.mark.skipif(
    any(importlib.util.find_spec(one) is None for one in PACKAGES), reason="the extra `oracles` is not installed"
)
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", THEIRS)
def test_cell_agrees_with_a_package(name):
    """Breaks if an equation means something else than its authors' or others' code does."""
    cell, rng = cell_by_name(name), np.random.default_rng(0)
    like = jax.eval_shape(partial(cell.init, n_in=M, n_hidden=N), jax.random.key(0))
    params = jax.tree.map(lambda leaf: (rng.standard_normal(leaf.shape) / 2).astype(leaf.dtype), like)
    xs = rng.standard_normal((N_STEPS, M)).astype(np.float32)

    @jax.jit
    def outputs_of(params):
        return jax.lax.scan(partial(cell.step, params), cell.initial_state(params), xs)[1]

    ours = outputs_of(params)
    assert_allclose(ours, THEIRS[name](params, xs), rtol=1e-5, atol=1e-5)
