"""Proposals from a process of their own, for while this one trains.

XLA's threads are a process's own and few: beside a training run on all CPU devices every call of a proposal waits for a
chunk of training to end. A process of its own shares only the cores, and lets training go first.
"""

import os
import pickle
import signal
import subprocess
import sys
from threading import Lock
from typing import IO, Any

from capacity_jax.search.gp.propose import propose

# How far the process stands back for others.
NICENESS = 10


class Proposer:
    """A process that proposes: called like `propose`, it returns the same.

    It starts with the first call and ends on exit, or with this process, however that ends. Calls from several threads
    follow one another.

    Raises:
      RuntimeError: the process has died.

    Example:
      >>> from optuna.distributions import FloatDistribution
      >>> from capacity_jax.search.gp import Proposer, propose
      >>> question = [], {"lr_init": FloatDistribution(1e-4, 1e-1, log=True)}, 2
      >>> with Proposer() as elsewhere:
      ...     elsewhere(*question, maximize=False, seed=0) == propose(*question, maximize=False, seed=0)
      True
    """

    def __enter__(self) -> "Proposer":
        self._lock = Lock()
        self._process: subprocess.Popen | None = None
        return self

    def __exit__(self, *_) -> None:
        if self._process:
            self._process.kill()
            self._process.communicate()

    def __call__(self, *args: Any, **kwargs: Any) -> list[dict[str, Any]]:
        """What `propose` returns or raises for these arguments."""
        with self._lock:
            self._process = process = self._process or _started()
            assert process.stdin is not None
            assert process.stdout is not None
            try:
                _send(process.stdin, (args, kwargs))
                answer = pickle.load(process.stdout)
            except (BrokenPipeError, EOFError) as error:
                raise RuntimeError(f"the process that proposes has died: status {process.wait()}") from error
        if isinstance(answer, Exception):
            raise answer
        return answer


def _started() -> subprocess.Popen:
    # A session of its own: Ctrl-C is for this process, which then decides.
    return subprocess.Popen(
        [sys.executable, "-c", f"from {__name__} import serve; serve()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
        env={**os.environ, "JAX_PLATFORMS": "cpu", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )


def _send(pipe: IO[bytes], thing):
    pickle.dump(thing, pipe)
    pipe.flush()


def serve() -> None:
    """Answers what comes on the standard input, until it ends: the other side of a `Proposer`."""
    os.nice(NICENESS)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers, sys.stdout = sys.stdout.buffer, sys.stderr
    while True:
        try:
            args, kwargs = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        try:
            answer = propose(*args, **kwargs)
        except Exception as error:
            answer = error
        _send(answers, answer)
