"""PyTorch: one model after another in the usual loop, each with all cores, or one where that is faster, or the GPU."""

# torch comes with the bench extra alone.
# pyright: reportMissingImports=false

import os
import random
from collections.abc import Callable
from functools import partial
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
EAGER, COMPILED, MODULES = "torch eager", "torch compiled", "torch nn"
TRIAL_SECONDS = 0.05


def prepare() -> bool:
    """Sets 32-bit products in 32 bits; whether this torch can compute where JAX does."""
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = _compiled_here.name
    torch.set_float32_matmul_precision("highest")
    torch.backends.cudnn.allow_tf32 = False
    return device() == "cpu" or (jax.default_backend() == "gpu" and torch.cuda.is_available())


def device() -> str:
    """Where torch is to compute: on the CPU or, where JAX does, on a GPU."""
    return "cpu" if jax.default_backend() == "cpu" else "cuda"


def makers(work: Work) -> list[Callable[[Work], Contender]]:
    """Those that build the contenders for this work, after finding out how many threads suit it."""
    n_threads = fastest_threads(work)
    forms = [eager, compiled, *([fused] if work.cell in FUSED else [])]
    return [partial(form, n_threads=n_threads) for form in forms]


def fastest_threads(work: Work) -> int:
    """All cores, or one where waiting for each other takes longer than the work."""
    run = {n: eager(work, n).run for n in {cores(), 1}}
    steps = max(1, int(TRIAL_SECONDS / _seconds(run[1], 2)))
    return min(run, key=lambda n: min(_seconds(run[n], steps) for _ in range(2)))


def eager(work: Work, n_threads: int) -> Contender:
    """The cell from its equations, operation by operation."""
    return _contender(EAGER, work, n_threads, FromEquations)


def compiled(work: Work, n_threads: int) -> Contender:
    """The same under `torch.compile`, on a GPU with CUDA graphs."""
    torch._dynamo.reset()
    mode = "default" if device() == "cpu" else "reduce-overhead"
    return _contender(COMPILED, work, n_threads, FromEquations, partial(torch.compile, mode=mode, dynamic=False))


def fused(work: Work, n_threads: int) -> Contender:
    """The module of `torch.nn` that comes nearest."""
    return _contender(MODULES, work, n_threads, Fused)


def loss(model: torch.nn.Module, x: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Mean cross-entropy over a batch."""
    return binary_cross_entropy_with_logits(model(x), labels)


def _contender(name, work, n_threads, build, transform=lambda f: f):
    params, examples = work.start
    model = build(work.cell, params, work.bucket.task.n_steps).to(device())
    xs, labels = (torch.tensor(np.asarray(part)).to(device()) for part in (examples.xs[:, 0], examples.targets))
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    adam = torch.optim.Adam(trained, LEARNING_RATE, fused=True)
    loss_of = transform(loss)

    def run(n):
        torch.set_num_threads(n_threads)
        for _ in range(n):
            start = random.randrange(N_LABELS)
            window = slice(start, start + work.batch)
            value = loss_of(model, xs[window], labels[window])
            adam.zero_grad()
            value.backward()
            adam.step()
        return value.item()

    def peak_bytes():
        if device() == "cuda":
            torch.cuda.reset_peak_memory_stats()
            run(3)
            return torch.cuda.max_memory_allocated()
        # Weights, both moments and the gradient stay between steps.
        held = xs.nbytes + labels.nbytes + 4 * sum(parameter.nbytes for parameter in trained)
        return held + resident_growth(lambda: run(3))

    first, second = _seconds(run, 1), _seconds(run, 1)
    compile_seconds = max(0.0, first - second) if name == COMPILED else 0.0
    return Contender(name, 1, sum(parameter.numel() for parameter in trained), run, compile_seconds, peak_bytes)


def _seconds(run, n):
    began = perf_counter()
    run(n)
    return perf_counter() - began
