"""Everything to know of a new GPU or TPU, in ten minutes: `python -m experiments.benchmarks.device`.

Whether it finds what a CPU finds; how fast it trains, beside PyTorch where that is installed; what a launch costs and
how many steps a chunk has to have; what the kernel gains; and the quickstart, timed. It writes what it found to
`experiments/results/<device>.md`, or into the directory of --out. With --small it takes sizes that suit a test.
"""

import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import jax
import pandas as pd
from absl import app, flags

from capacity_jax.training import Devices, Trial, default_devices, train_population, use_all_cores
from capacity_jax.training.kernels import kernel_of
from experiments.benchmarks.machine import describe
from experiments.benchmarks.ours import population
from experiments.benchmarks.report import as_text
from experiments.benchmarks.timing import interleaved
from experiments.benchmarks.work import Work

RESULTS = Path(__file__).parents[1] / "results"
CELLS = ("rnn", "gru", "lstm")
# The largest difference between two losses that rounding explains after so few steps.
AGREEMENT_STEPS, AGREES = 200, 1e-3

SMALL = flags.DEFINE_bool("small", False, "Sizes for a test.")
OUT = flags.DEFINE_string("out", str(RESULTS), "Directory of the page.")


def main(_) -> None:
    """Runs all parts and writes the page."""
    small = SMALL.value
    units, batch = (3, 32) if small else (16, 64)
    cells = CELLS[:1] if small else CELLS
    parts = {
        "Agreement with the CPU": agreement([Work(cell, units, batch) for cell in cells], 4 if small else 64),
        "Chunks and launches": chunks(Work("rnn", units, batch), 100 if small else 10_000),
        "The kernel": kernel([Work(cell, units, batch) for cell in cells], 0.05 if small else 2.0),
        "Populations": command("population", *(["--quick", "--cells=rnn", "--shapes=3x32"] if small else ["--quick"])),
        "Quickstart": quickstart(small),
    }
    page = f"# {describe()}\n\n{date.today()}, `python -m experiments.benchmarks.device`.\n"
    page += "".join(f"\n## {title}\n\n{text}\n" for title, text in parts.items())
    kind = jax.local_devices()[0].device_kind.lower().replace(" ", "_")
    path = Path(OUT.value) / f"{kind}.md"
    path.write_text(page)
    print(page)
    print(f"written to {path}", file=sys.stderr)


def agreement(works: list[Work], n_trials: int) -> str:
    """The largest relative difference between losses on the device and on a CPU, in 32 bits at `highest` precision."""
    on_cpu = Devices(tuple(jax.local_devices(backend="cpu")), in_turn=True)
    rows = []
    for work in works:
        settings = [{"train_steps": AGREEMENT_STEPS, "lr_init": 0.001, "b": 100 + i} for i in range(n_trials)]
        trials = [Trial(one, seed) for seed, one in enumerate(settings)]
        losses = [
            {one.trial.seed: one.scores["loss"] for one in train_population(work.bucket, trials, devices=devices)}
            for devices in (default_devices(), on_cpu)
        ]
        apart = max(abs(losses[0][seed] / losses[1][seed] - 1) for seed in losses[1])
        verdict = "agrees" if apart < AGREES else "DIFFERS"
        rows.append({"cell": work.cell, "trials": n_trials, "steps": AGREEMENT_STEPS, "apart": apart, "": verdict})
    return _listing(as_text(pd.DataFrame(rows)))


def chunks(work: Work, most: int) -> str:
    """Seconds of a chunk by its number of steps: what a launch costs is what a chunk of one step takes longer."""
    contender = population(work)
    contender.run(1)
    rows, n = [], 1
    while n <= most:
        began = perf_counter()
        contender.run(n)
        taken = perf_counter() - began
        rows.append({"steps": n, "ms": 1e3 * taken, "member_steps_per_s": contender.members * n / taken})
        n *= 10
    return _listing(as_text(pd.DataFrame(rows)))


def kernel(works: list[Work], seconds: float) -> str:
    """Member-steps per second by the plain path and by the kernel, interleaved."""
    plain = default_devices()
    if plain.in_turn:
        return f"left out: a {plain.devices[0].platform} does not run it."
    rows = []
    for work in works:
        if kernel_of(work.bucket, plain):
            contenders = [population(work, plain), population(work, replace(plain, kernel=True))]
            speeds, _ = interleaved(contenders, 3, seconds)
            slow, fast = pd.DataFrame(speeds).median()
            rows.append({"cell": work.cell, "plain": slow, "kernel": fast, "times": fast / slow})
    return _listing(as_text(pd.DataFrame(rows)))


def command(benchmark: str, *arguments: str) -> str:
    """What another benchmark prints, in a process of its own."""
    return _listing(_output(["-m", f"experiments.benchmarks.{benchmark}", *arguments]))


def quickstart(small: bool) -> str:
    """The quickstart's table and how long it took."""
    with TemporaryDirectory() as workdir:
        extent = ":smoke" if small else ""
        config = f"--config={Path(__file__).parents[1] / 'configs' / 'quickstart.py'}{extent}"
        arguments = ["--config.cells=rnn", "--config.budgets=300"] if small else []
        began = perf_counter()
        table = _output(["-m", "experiments.run", config, f"--workdir={workdir}", *arguments])
        return f"{perf_counter() - began:.0f} seconds.\n\n{_listing(table)}"


def _output(arguments: list[str]) -> str:
    done = subprocess.run([sys.executable, *arguments], stdout=subprocess.PIPE, text=True)
    return done.stdout.rstrip() if done.returncode == 0 else f"FAILED with exit code {done.returncode}\n{done.stdout}"


def _listing(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())


if __name__ == "__main__":
    use_all_cores()
    app.run(main)
