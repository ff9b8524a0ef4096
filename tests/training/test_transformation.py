"""Update rules of a user's own, made of optax."""

from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.flatten_util import ravel_pytree
from optax.contrib import muon

from capacity_jax import Hyperparameter, Network, measure_capacity, per_cap, rnn
from capacity_jax.studies import Persistence, StorageError, Study, open_storage, run_studies
from capacity_jax.training import Bucket, Population, Trial, train_population, with_hyperparameters

TASK = per_cap(n_in=4, n_steps=2, b_max=40)
SETTING = {"train_steps": 40, "b": 30, "lr_init": 0.02, "lr_decay_rate": 0.1}


def bucket_of(transformation=None):
    return Bucket(Network(rnn, TASK.n_in, 5, TASK.n_out), TASK, 16, transformation)


def adam_of_optax(hparams):
    """What the package does by default, as optax writes it."""

    def rate(count):
        return hparams["lr_init"] * hparams["lr_decay_rate"] ** (count / hparams["train_steps"])

    b1 = jax.nn.sigmoid(hparams["optimizer_logit_momentum"])
    return optax.chain(optax.clip_by_global_norm(hparams["gradient_clip_val"]), optax.adam(rate, b1))


def muon_of_optax(hparams):
    return muon(hparams["lr_init"])


def scaled_momentum(hparams, factor):
    return optax.sgd(hparams["lr_init"] * factor, momentum=0.9)


def trained(transformation, setting=SETTING):
    (outcome,) = train_population(bucket_of(transformation), [Trial(setting, seed=3)])
    return outcome


def test_it_trains_as_the_packages_own_rule_where_both_are_adam():
    """Breaks if the rule gets other gradients, parameters or hyperparameters than our own, or another step's."""
    ours, theirs = trained(None), trained(adam_of_optax)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-5), ours.params, theirs.params)
    other = trained(adam_of_optax, SETTING | {"lr_init": 0.002})
    assert not np.allclose(theirs.params["readout"]["W"], other.params["readout"]["W"], atol=1e-3)


def test_it_sees_matrices_and_goes_on_from_a_snapshot():
    """Breaks if a rule for matrices gets one vector, or what it remembers is lost when a run is continued."""
    seen = []

    def watched(hparams):
        rule = scaled_momentum(hparams, 1.0)
        return rule._replace(init=lambda params: seen.append(jax.tree.map(jnp.shape, params)) or rule.init(params))

    setting = SETTING | {"train_steps": 150}
    whole = trained(watched, setting)
    assert {2} <= {len(shape) for shape in jax.tree.leaves(seen[0], is_leaf=lambda one: isinstance(one, tuple))}
    population = Population(bucket_of(watched), n_slots=1)
    population.fill(iter([Trial(setting, seed=3)]))
    population.advance()
    ((trial, snapshot),) = population.snapshots()
    assert 0 < snapshot.step < 150
    (continued,) = train_population(bucket_of(watched), [replace(trial, snapshot=snapshot)])
    jax.tree.map(np.testing.assert_array_equal, whole.params, continued.params)


def test_a_study_is_not_continued_by_another_rule():
    """Breaks if trials of two rules pass for those of one."""
    storage = open_storage()
    fields = {"space": {}, "initial_settings": [SETTING], "trials": 0, "seeds": 1, "seed": 0, "name": "a"}
    assert list(run_studies([Study(bucket_of(adam_of_optax), **fields)], Persistence(storage)))
    for other in (None, muon_of_optax):
        with pytest.raises(StorageError, match="transformation"):
            list(run_studies([Study(bucket_of(other), **fields)], Persistence(storage)))


def test_two_rules_of_one_name_are_two():
    """Breaks if a study of one partial, or lambda, goes on with another of the same module."""
    storage = open_storage()
    fields = {"space": {}, "initial_settings": [SETTING], "trials": 0, "seeds": 1, "seed": 0, "name": "a"}
    slow, fast = (bucket_of(partial(scaled_momentum, factor=factor)) for factor in (0.5, 2.0))
    assert list(run_studies([Study(slow, **fields)], Persistence(storage)))
    with pytest.raises(StorageError, match="study a is of another transformation named functools:partial"):
        list(run_studies([Study(fast, **fields)], Persistence(storage)))


def test_what_is_no_function_is_refused():
    """Breaks if a finished transformation, which is what optax users have at hand, fails deep inside JAX."""
    with pytest.raises(ValueError, match=r"transformation is a GradientTransformation.*; allowed: a function"):
        measure_capacity("rnn", TASK, (60,), transformation=optax.adam(1e-3), trials=0, train_steps=10)


def test_a_rule_declares_hyperparameters():
    """Breaks if a rule's own hyperparameter does not reach it, is unknown to settings, or leaks to other rules."""

    @with_hyperparameters(slowness=Hyperparameter(1.0, above=0), lr_init=Hyperparameter(0.02, above=0))
    def slowed(hparams):
        return optax.sgd(hparams["lr_init"] / hparams["slowness"])

    once, half = (trained(slowed, {"train_steps": 1, "b": 30, "slowness": slowness}) for slowness in (1.0, 2.0))
    start = trained(slowed, {"train_steps": 1, "b": 30, "slowness": 1e30})
    moves = [ravel_pytree(one.params)[0] - ravel_pytree(start.params)[0] for one in (once, half)]
    np.testing.assert_allclose(moves[0], 2 * moves[1], rtol=1e-3, atol=1e-6)
    assert once.trial.hparams["lr_init"] == 0.02
    with pytest.raises(ValueError, match="slowness is -1"):
        trained(slowed, SETTING | {"slowness": -1.0})
    with pytest.raises(ValueError, match="'slowness' is unknown"):
        trained(adam_of_optax, SETTING | {"slowness": 1.0})
