"""One worker as a job of submitit: the command of a single machine, queued again where it is taken from its machine."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

# The first of the ports by which the processes of a TPU would find one another.
TPU_PORT = 8476


def of_chip(i: int) -> dict[str, str]:
    """The environment of a process that sees the i-th GPU or TPU chip of this machine alone.

    Raises:
      ValueError: CUDA_VISIBLE_DEVICES, whose i-th it would be, names fewer.
    """
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    gpus = list(map(str, range(i + 1))) if visible is None else [gpu for gpu in visible.split(",") if gpu]
    if i >= len(gpus):
        raise ValueError(f"CUDA_VISIBLE_DEVICES is {visible!r}; with --chips it must name one for each of --workers")
    return {
        "CUDA_VISIBLE_DEVICES": gpus[i],
        "TPU_VISIBLE_CHIPS": str(i),
        # A topology of one chip and one process, so that none waits for the others.
        "TPU_CHIPS_PER_PROCESS_BOUNDS": "1,1,1",
        "TPU_PROCESS_BOUNDS": "1,1,1",
        "TPU_PROCESS_ADDRESSES": f"localhost:{TPU_PORT + i}",
        "TPU_PROCESS_PORT": str(TPU_PORT + i),
        "CLOUD_TPU_TASK_ID": "0",
        "ALLOW_MULTIPLE_LIBTPU_LOAD": "1",
    }


class Worker:
    """Runs `experiments.run` with these arguments in a process of its own, with additions to its environment."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str]):
        self.arguments, self.environment = list(arguments), dict(environment)
        self.process: subprocess.Popen | None = None

    def __call__(self) -> None:
        """Runs until the studies are done.

        Raises:
          RuntimeError: the command has failed, as its messages in the log tell.
        """
        # SLURM's signal to all processes of a job is for submitit, which then calls `checkpoint`.
        signals = {signal.SIGUSR1, signal.SIGUSR2}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "experiments.run", *self.arguments],
            env=os.environ | self.environment,
            preexec_fn=lambda: [signal.signal(one, signal.SIG_IGN) for one in signals],
        )
        if code := self.process.wait():
            raise RuntimeError(f"experiments.run has ended with exit code {code}")

    def checkpoint(self) -> Any:
        """Saves what is being trained; what submitit is to put into the queue."""
        from submitit.helpers import DelayedSubmission

        if self.process:
            self.process.terminate()
            self.process.wait()
        return DelayedSubmission(Worker(self.arguments, self.environment))
