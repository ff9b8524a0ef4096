"""A process of its own that proposes."""

import os
import signal
import subprocess
import sys

import pytest
from optuna.distributions import FloatDistribution

from capacity_jax.search.gp import Proposer, propose

SPACE = {"rate": FloatDistribution(1e-4, 1.0, log=True)}

# Neither guarded by its name nor fit to run twice; the process must not outlive it, however it ends.
SCRIPT = """
import os, signal
from optuna.distributions import FloatDistribution
from capacity_jax.search.gp import Proposer
print("begun", flush=True)
proposer = Proposer().__enter__()
proposer([], {"rate": FloatDistribution(0.1, 1.0)}, 1, maximize=True, seed=0)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_proposer_answers_raises_and_is_started_again():
    """Breaks if answers differ from those of this process, errors vanish or kill it, or a death is not got over."""
    with Proposer() as proposer:
        assert proposer([], SPACE, 3, maximize=True, seed=1) == propose([], SPACE, 3, maximize=True, seed=1)
        process, _ = proposer._running
        with pytest.raises(TypeError, match="seed"):
            proposer([], SPACE, 3, maximize=True)
        assert proposer._running[0] is process
        assert os.getpgid(process.pid) != os.getpgrp()
        os.kill(process.pid, signal.SIGKILL)
        assert proposer([], SPACE, 2, maximize=False, seed=2) == propose([], SPACE, 2, maximize=False, seed=2)
        process, _ = proposer._running
    assert process.poll() is not None
    with pytest.raises(RuntimeError, match="ended"):
        proposer([], SPACE, 2, maximize=False, seed=2)


def test_a_process_that_cannot_live_is_given_up(monkeypatch):
    """Breaks if it is started for ever, or the call waits for an answer that never comes."""
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with Proposer() as proposer, pytest.raises(RuntimeError, match="died"):
        proposer([], SPACE, 2, maximize=False, seed=2)


def test_an_interrupted_call_leaves_no_answer_behind():
    """Breaks if the next call is answered with what the interrupted one asked for."""

    def interrupt(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with Proposer() as proposer:
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            with pytest.raises(KeyboardInterrupt):
                proposer([], SPACE, 3, maximize=True, seed=1)
            assert proposer._running is None
    finally:
        signal.signal(signal.SIGALRM, before)


def test_proposer_ends_with_a_script_that_is_killed_and_does_not_run_it_again(tmp_path):
    """Breaks if processes are left behind, or the user's script is imported in them."""
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    # The output ends when nobody is left who could write to it.
    done = subprocess.run([sys.executable, path], stdout=subprocess.PIPE, text=True, timeout=300)
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, "begun\n")
