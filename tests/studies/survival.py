"""A small study run in a process of its own, which a test may kill at any moment."""

import os
import signal
import sys
from pathlib import Path

import jax

from capacity_jax.cells import rnn
from capacity_jax.networks import Network
from capacity_jax.search import search_space
from capacity_jax.studies import Persistence, Study, Worker, open_storage, run_studies
from capacity_jax.tasks import per_cap
from capacity_jax.training import Bucket


def studies(sampler: str, trials: int = 8, seeds: int = 2) -> list[Study]:
    """Two sizes; a trial takes between some hundredths of a second and one."""
    found = []
    for units in (4, 6):
        bucket = Bucket(Network(rnn, 6, units, 1), per_cap(n_in=6, b_max=100, n_steps=2), 16)
        space = search_space(bucket, {"train_steps": (300, 10_000), "b": (10, 90), "lr_init": (0.001, 0.5)})
        fields = {
            "initial_settings": [{"b": 50, "train_steps": 3000}],
            "trials": trials,
            "seeds": seeds,
            "seed": 1,
            "proposals": 4,
        }
        found.append(Study(bucket, space, name=f"rnn/{units}", sampler=sampler, **fields))
    return found


def run(directory: Path, sampler: str, url: str, **sizes: int) -> None:
    """Runs the studies in a directory, or goes on with them; a checkpoint at every chunk, the best weights kept."""
    storage = open_storage(url or f"sqlite:///{directory / 'studies.db'}")
    persistence = Persistence(storage, Worker(directory / "workers"), interval=0.2, weights=directory / "weights")
    for _ in run_studies(studies(sampler, **sizes), persistence):
        pass


def child(
    directory: Path,
    sampler: str,
    devices: int,
    url: str = "",
    host: tuple[str, int, int] | None = None,
    **sizes: int,
) -> None:
    """`run` in a fresh process with so many devices, silent on stderr.

    Given a host, as one of several: the address of the first, how many there are, which of them this is.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.dup2(os.open(directory / "stderr", os.O_CREAT | os.O_WRONLY | os.O_APPEND), sys.stderr.fileno())
    jax.config.update("jax_num_cpu_devices", devices)
    jax.config.update("jax_compilation_cache_dir", str(directory.parent / "compiled"))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    if host:
        jax.config.update("jax_cpu_collectives_implementation", "gloo")
        jax.distributed.initialize(*host)
        assert jax.process_count() == host[1]
        assert len(jax.devices()) == host[1] * len(jax.local_devices())
    run(directory, sampler, url, **sizes)
    if host:
        # Children of a test leave without the farewell that ends a program, and the first host takes the other along.
        jax.distributed.shutdown()
