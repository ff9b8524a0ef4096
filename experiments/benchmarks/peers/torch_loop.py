"""PyTorch: one model after another, each with all cores or the GPU, in the usual loop."""

# torch comes with the bench extra alone.
# pyright: reportMissingImports=false

import os
import random
from collections.abc import Callable, Iterator
from tempfile import TemporaryDirectory
from time import perf_counter

import jax
import numpy as np
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from experiments.benchmarks.machine import cores, resident_growth
from experiments.benchmarks.peers.torch_models import FUSED, FromEquations, Fused
from experiments.benchmarks.work import LEARNING_RATE, N_LABELS, Contender, Work

# What earlier runs compiled would hide what compiling costs.
_compiled_here = TemporaryDirectory(ignore_cleanup_errors=True)
EAGER, COMPILED, FUSED_NAME = "torch eager", "torch compiled", "torch nn"


def prepare() -> bool:
    """Sets all cores and 32-bit products in 32 bits; whether this torch can compute where JAX does."""
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = _compiled_here.name
    torch.set_num_threads(cores())
    torch.set_float32_matmul_precision("highest")
    torch.backends.cudnn.allow_tf32 = False
    return device() == "cpu" or (jax.default_backend() == "gpu" and torch.cuda.is_available())


def device() -> str:
    """Where torch is to compute: on the CPU or, where JAX does, on a GPU."""
    return "cpu" if jax.default_backend() == "cpu" else "cuda"


def eager(work: Work) -> Contender:
    """The cell from its equations, operation by operation."""
    return _contender(EAGER, work, FromEquations)


def compiled(work: Work) -> Contender:
    """The same under `torch.compile`, on a GPU with CUDA graphs."""
    torch._dynamo.reset()
    mode = "default" if device() == "cpu" else "reduce-overhead"
    return _contender(COMPILED, work, FromEquations, lambda loss: torch.compile(loss, mode=mode, dynamic=False))


def fused(work: Work) -> Contender:
    """The module of `torch.nn` that comes nearest."""
    return _contender(FUSED_NAME, work, Fused)


def contenders(cell: str) -> Iterator[Callable[[Work], Contender]]:
    """All that train this cell."""
    yield eager
    yield compiled
    if cell in FUSED:
        yield fused


def loss(model: torch.nn.Module, x: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Mean cross-entropy over a batch."""
    return binary_cross_entropy_with_logits(model(x), labels)


def _contender(name, work, build, transform=lambda f: f):
    bucket = work.bucket
    model = build(work.cell, bucket.network.init(jax.random.key(0)), bucket.task.n_steps).to(device())
    data = work.data(0)
    xs, labels = (torch.tensor(np.asarray(data[part])).to(device()) for part in ("xs", "labels"))
    params = [parameter for parameter in model.parameters() if parameter.requires_grad]
    adam = torch.optim.Adam(params, LEARNING_RATE, fused=True)
    loss_of = transform(loss)

    def run(n):
        for _ in range(n):
            start = random.randrange(N_LABELS)
            window = slice(start, start + work.batch)
            value = loss_of(model, xs[window], labels[window])
            adam.zero_grad()
            value.backward()
            adam.step()
        return value.item()

    began = perf_counter()
    run(1)
    first = perf_counter() - began
    began = perf_counter()
    run(1)
    compile_seconds = max(0.0, first - (perf_counter() - began)) if name == COMPILED else 0.0
    n_params = sum(parameter.numel() for parameter in params)
    return Contender(name, 1, n_params, run, compile_seconds, _peak_bytes(run, xs, labels, params))


def _peak_bytes(run, xs, labels, params):
    if device() == "cuda":
        torch.cuda.reset_peak_memory_stats()
        run(3)
        return torch.cuda.max_memory_allocated()
    # Weights with both moments and the gradient stay between steps.
    held = sum(tensor.nbytes for tensor in (xs, labels)) + 4 * sum(tensor.nbytes for tensor in params)
    return held + resident_growth(lambda: run(3))
