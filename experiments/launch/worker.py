"""One worker as a job of submitit: the command of a single machine, queued again where it is taken from its machine."""

import signal
import subprocess
import sys
from collections.abc import Sequence
from typing import Any


class Worker:
    """Runs `experiments.run` with these arguments in a process of its own."""

    def __init__(self, arguments: Sequence[str]):
        self.arguments = list(arguments)
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
        return DelayedSubmission(Worker(self.arguments))
