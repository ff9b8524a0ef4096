"""Which trial comes next: the longest of those that are known."""

from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice

import pytest
from made_up import outcome_of, study_of

from capacity_jax.search import gp
from capacity_jax.studies import open_storage
from capacity_jax.studies.ledger import Ledger
from capacity_jax.studies.next_trials import NextTrials

INITIAL = [{"b": 95, "train_steps": steps} for steps in (30, 300, 3)]


@pytest.fixture
def asking():
    with ThreadPoolExecutor(1) as executor:
        yield executor


def next_trials(asking, **changes):
    ledger = Ledger(study_of(initial_settings=INITIAL, **changes), open_storage())
    return NextTrials(ledger, asking, gp.propose), ledger


class Late(Future):
    """Done after so many looks."""

    # One for each of three initial settings, and that for the first proposal.
    looks = 4

    def done(self):
        self.looks -= 1
        return self.looks < 0


class Immediate:
    """An executor whose work ends between two looks at it."""

    def submit(self, call, *arguments, **named):
        future = Late()
        future.set_result(call(*arguments, **named))
        return future


def test_a_proposal_that_ends_while_it_is_looked_for_is_begun():
    """Breaks if a worker takes a study for done because its next settings became known a moment too soon."""
    trials, ledger = next_trials(Immediate(), sampler="random", trials=4, seeds=1)
    for trial in trials:
        if trial is not None:
            ledger.finish(outcome_of(trial))
    assert len(ledger.records()) == 7


def test_the_longest_begin_first(asking):
    """Breaks if a long trial begins last and leaves all other slots idle to the end, or one begins twice."""
    trials, _ = next_trials(asking, sampler="random", trials=8)
    begun = list(islice((one for one in trials if one is not None), 14))
    steps = [trial.hparams["train_steps"] for trial in begun]
    assert steps[:6] == [300, 300, 30, 30, 3, 3]
    assert steps[6:10] == sorted(steps[6:10], reverse=True)
    assert steps[10:] == sorted(steps[10:], reverse=True)
    assert {trial.number for trial in begun[6:10]} == {3, 4, 5, 6}
    assert len({trial.key for trial in begun}) == 14


def test_what_waits_is_known_before_it_begins(asking):
    """Breaks if a population reserves slots for trials that it has, or for none of those that come."""
    trials, ledger = next_trials(asking, trials=0, seeds=2)
    assert trials.waiting() == [30, 30, 300, 300, 3, 3]
    supply = iter(trials)
    begun = [next(supply) for _ in range(4)]
    assert trials.waiting() == [3, 3]
    for trial in [*begun, next(supply), next(supply)]:
        ledger.finish(outcome_of(trial))
    assert trials.waiting() == []
    assert list(supply) == []
    # A run that was broken off goes on with what it had begun.
    ledger = Ledger(ledger.study, open_storage())
    ledger.begin(begun[0])
    assert NextTrials(ledger, asking, gp.propose).waiting() == [300, 30, 30, 300, 3, 3]
