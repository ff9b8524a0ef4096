"""A process of its own that proposes."""

import os
import signal

import pytest
from optuna.distributions import FloatDistribution

from capacity_jax.search.gp import Proposer, propose

SPACE = {"rate": FloatDistribution(1e-4, 1.0, log=True)}


def test_proposer_answers_raises_and_dies_as_it_should():
    """Breaks if answers differ from those of this process, errors vanish or kill it, or a death goes unnoticed."""
    with Proposer() as proposer:
        assert proposer([], SPACE, 3, maximize=True, seed=1) == propose([], SPACE, 3, maximize=True, seed=1)
        with pytest.raises(TypeError, match="seed"):
            proposer([], SPACE, 3, maximize=True)
        assert len(proposer([], SPACE, 2, maximize=False, seed=2)) == 2
        os.kill(proposer._process.pid, signal.SIGKILL)
        with pytest.raises(RuntimeError, match="has died: status -9"):
            proposer([], SPACE, 2, maximize=False, seed=2)


def test_proposer_ends_with_its_block():
    """Breaks if processes are left behind."""
    with Proposer() as proposer:
        proposer([], SPACE, 1, maximize=True, seed=0)
        process = proposer._process
    assert process.poll() is not None
