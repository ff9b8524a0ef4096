"""The contender all others are measured against: capacity_jax's population."""

from time import perf_counter

import numpy as np

from capacity_jax.training import Devices, default_devices, fill_defaults, fitting_slots, hyperparameters_of
from capacity_jax.training.program import Assignment, compiled_chunk, idle_members
from capacity_jax.training.settings import encode
from experiments.benchmarks.machine import program_bytes
from experiments.benchmarks.work import LEARNING_RATE, Contender, Work

NAME = "capacity_jax"
HPARAMS = {"lr_init": LEARNING_RATE, "lr_decay_rate": 1.0, "train_steps": 2**31 - 1}


def population(work: Work, devices: Devices | None = None) -> Contender:
    """The program that `Population` runs, all slots busy; the hyperparameters of every member are traced."""
    bucket, shared, devices = work.bucket, (), devices or default_devices()
    began = perf_counter()
    n_slots = fitting_slots(bucket, devices=devices)
    program = compiled_chunk(bucket, n_slots, devices)
    compile_seconds = perf_counter() - began

    encoded = encode(fill_defaults(bucket, HPARAMS), hyperparameters_of(bucket))
    hparams = {name: np.repeat(value, n_slots) for name, value in encoded.items()}
    seeds = np.arange(n_slots, dtype=np.uint32)
    fresh, going_on = (Assignment(np.full(n_slots, flag), seeds, hparams) for flag in (True, False))
    members, _ = program((np.int32(1), shared), idle_members(bucket, n_slots, devices), fresh)

    def run(n):
        nonlocal members
        members, report = program((np.int32(n), shared), members, going_on)
        return float(np.max(report.loss))

    return Contender(NAME, n_slots, bucket.network.n_params, run, compile_seconds, lambda: program_bytes(program))
