"""Proposals: where they go, that they differ, and that nothing but their arguments decides them."""

import importlib
import threading

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import Mesh, PartitionSpec
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState, create_trial

from capacity_jax.search.gp import Proposer, ascent, candidates, process, propose
from capacity_jax.search.gp.encoding import Encoding

# The module, which the function of the same name hides in its package.
module = importlib.import_module("capacity_jax.search.gp.propose")

SPACE = {
    "rate": FloatDistribution(1e-4, 1.0, log=True),
    "scale": FloatDistribution(0.0, 1.0),
    "units": IntDistribution(1, 64, log=True),
    "layers": IntDistribution(1, 3),
    "cell": CategoricalDistribution(["rnn", "gru", "lstm"]),
    "depth": IntDistribution(2, 2),
}


def value(params):
    """Diverges above a rate of 0.03, close to the best rate, 0.01."""
    if params["rate"] > 0.03:
        return np.inf
    return (np.log10(params["rate"]) + 2) ** 2 + (params["scale"] - 0.7) ** 2 + 0.3 * (params["cell"] != "gru")


def trial(params, result=None, **kind):
    return create_trial(params=params, distributions=SPACE, value=result, **kind)


def history(n):
    return [trial(params, value(params)) for params in propose([], SPACE, n, maximize=False, seed=7)]


@pytest.fixture(scope="module")
def finished():
    return history(40)


@pytest.fixture(scope="module")
def batch(finished):
    return propose(finished, SPACE, 8, maximize=False, seed=0)


def test_proposals_are_good_and_avoid_what_diverges(finished, batch):
    """Breaks if the search does not learn: of the random settings over a third diverged and few were good."""
    results = [value(params) for params in batch]
    assert np.mean(np.isinf([t.value for t in finished])) > 0.3
    assert np.mean(np.isinf(results)) <= 0.25
    assert min(results) < min(t.value for t in finished)
    assert all(params["depth"] == 2 for params in batch)


@pytest.mark.parametrize("mark", ["failed", "pruned", "negative"])
def test_every_way_to_be_infeasible_is_learned_from(mark, finished, batch):
    """Breaks if a diverged trial is dropped because of how it was told."""
    ways = {
        "failed": {"state": TrialState.FAIL, "user_attrs": {"infeasible": True}},
        "pruned": {"state": TrialState.PRUNED, "user_attrs": {"infeasible": True}},
        "negative": {"result": -np.inf},
    }
    retold = [t if np.isfinite(t.value) else trial(t.params, **ways[mark]) for t in finished]
    assert propose(retold, SPACE, 8, maximize=False, seed=0) == batch


def test_a_batch_spreads_out_and_keeps_off_what_is_pending(finished, batch):
    """Breaks if the best so far leaves out what is pending: then a batch falls onto one point."""
    assert len({tuple(params.values()) for params in batch}) == len(batch)
    points = np.array([[np.log10(p["rate"]) / 4, p["scale"]] for p in batch])
    distances = np.linalg.norm(points[:, None] - points[None], axis=2)[np.triu_indices(len(batch), 1)]
    assert np.median(distances) > 0.02
    pending = [trial(params, state=TrialState.RUNNING) for params in batch[:4]]
    following = propose(finished + pending, SPACE, 4, maximize=False, seed=0)
    assert not any(params in batch[:4] for params in following)
    assert following[0] != batch[0]


def test_what_is_known_or_pending_is_not_proposed_again(finished, monkeypatch):
    """Breaks if a search that finds only known settings, as in a small space, makes them the proposals."""
    known = Encoding(SPACE).encode([trial.params for trial in finished[:8]])
    monkeypatch.setattr(module, "optima", lambda search: known)
    settings = propose(finished, SPACE, 3, maximize=False, seed=0)
    assert len({str(setting) for setting in settings}) == 3
    assert not any(setting in [trial.params for trial in finished] for setting in settings)


def test_start_up_settings_differ_and_fill_the_space():
    """Breaks if the sequence starts again when some of it has run, or leaves a choice out."""
    first = propose([], SPACE, 6, maximize=False, seed=3)
    second = propose([trial(params, 1.0) for params in first], SPACE, 3, maximize=False, seed=3)
    assert len({str(params) for params in first + second}) == 9
    assert {params["cell"] for params in first + second} == {"rnn", "gru", "lstm"}


def test_a_space_of_one_setting_is_that_setting():
    """Breaks if a process without dimensions is fitted."""
    assert propose([], {"depth": IntDistribution(2, 2)}, 2, maximize=True, seed=0) == [{"depth": 2}] * 2


def test_a_growing_history_compiles_nothing_within_a_size(batch):
    """Breaks if a shape depends on the number of trials."""
    programs = process._compiled_loss, candidates.begin, candidates.add, ascent._value_and_gradient, ascent._best_move
    before = [program._cache_size() for program in programs]
    propose(history(43), SPACE, 8, maximize=False, seed=0)
    assert [program._cache_size() for program in programs] == before


@pytest.mark.slow
def test_a_fresh_process_proposes_the_same(finished, batch):
    """Breaks if anything but the arguments decides: order of sets, a warm start, the number of devices."""
    with Proposer() as elsewhere:
        assert elsewhere(finished, SPACE, 8, maximize=False, seed=0) == batch


def test_proposals_come_while_all_devices_train(finished, batch):
    """Breaks if the factorisation waits for threads that training holds, or training's floats become 64-bit."""
    mesh = Mesh(np.array(jax.devices()), ("members",))
    spec = PartitionSpec("members")

    @jax.jit
    @jax.shard_map(mesh=mesh, in_specs=spec, out_specs=spec)
    def train(w):
        return jax.lax.fori_loop(0, 200, lambda _, w: jnp.tanh(w @ w), w)

    w = jnp.ones((len(jax.devices()), 64, 64)) / 64
    proposed = []
    thread = threading.Thread(
        target=lambda: proposed.extend(propose(finished, SPACE, 8, maximize=False, seed=0)), daemon=True
    )
    thread.start()
    while thread.is_alive():
        w = train(w)
        assert w.dtype == jnp.float32
        w.block_until_ready()
        thread.join(0.001)
    assert proposed == batch
