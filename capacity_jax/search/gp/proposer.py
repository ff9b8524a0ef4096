"""Proposals from a process of their own, for while this one trains.

XLA's threads are a process's own and few: beside a training run on all CPU devices every call of a proposal waits for a
part of training to end. A process of its own shares only the cores, and lets training go first. The pools of
`multiprocessing` and loky do not serve: the former's process runs the user's script once more, both outlive a parent
that is killed.
"""

import os
import subprocess
import sys
from contextlib import suppress
from multiprocessing.connection import Connection, Pipe
from threading import Lock
from typing import Any

from capacity_jax.search.gp.propose import propose

# How far the process stands back for others.
NICENESS = 10

# In how many processes a call is tried.
MOST_TRIES = 3


class Proposer:
    """A process that proposes: called like `propose`, it returns the same.

    It starts with the first call, again where it has died, and ends on exit, or with this process, however that ends.
    Calls from several threads follow one another.

    Raises:
      RuntimeError: the process dies each time it is started, or the block has ended.

    Example:
      >>> from optuna.distributions import FloatDistribution
      >>> from capacity_jax.search.gp import Proposer, propose
      >>> question = [], {"lr_init": FloatDistribution(1e-4, 1e-1, log=True)}, 2
      >>> with Proposer() as elsewhere:
      ...     elsewhere(*question, maximize=False, seed=0) == propose(*question, maximize=False, seed=0)
      True
    """

    def __enter__(self) -> "Proposer":
        self._lock, self._open = Lock(), True
        self._running: tuple[subprocess.Popen, Connection] | None = None
        return self

    def __exit__(self, *_) -> None:
        # A call that another thread is in must not start the process again.
        self._open = False
        self._kill()

    def __call__(self, *args: Any, **kwargs: Any) -> list[dict[str, Any]]:
        """What `propose` returns or raises for these arguments."""
        with self._lock:
            for _ in range(MOST_TRIES):
                if not self._open:
                    raise RuntimeError("this Proposer's block has ended")
                _, connection = self._running = self._running or _started()
                try:
                    connection.send((args, kwargs))
                    answer = connection.recv()
                except (EOFError, ConnectionError):
                    self._kill()
                except BaseException:
                    # An answer to an interrupted call must not be the next one's.
                    self._kill()
                    raise
                else:
                    if isinstance(answer, Exception):
                        raise answer
                    return answer
        raise RuntimeError(f"the process that proposes has died {MOST_TRIES} times; its messages are on stderr")

    def _kill(self):
        running, self._running = self._running, None
        if running:
            running[0].kill()
            running[0].wait()


def _started() -> tuple[subprocess.Popen, Connection]:
    ours, others = Pipe()
    with others:
        process = subprocess.Popen(
            [sys.executable, "-c", f"from {__name__} import serve; serve({others.fileno()})"],
            stdin=subprocess.DEVNULL,
            pass_fds=[others.fileno()],
            # Ctrl-C is for this process, which then decides.
            process_group=0,
            env={**os.environ, "JAX_PLATFORMS": "cpu", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
    return process, ours


def serve(descriptor: int) -> None:
    """Answers what comes through a connection, until the other side has ended."""
    os.nice(NICENESS)
    with suppress(EOFError, ConnectionError), Connection(descriptor) as asker:
        while True:
            args, kwargs = asker.recv()
            try:
                answer = propose(*args, **kwargs)
            except Exception as error:
                answer = error
            asker.send(answer)
