"""The population: a member's result is its own, whatever trains beside it."""

from collections import Counter
from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from capacity_jax.cells import gru, lstm, rnn
from capacity_jax.estimators import bits_per_parameter, mutual_information
from capacity_jax.networks import Network
from capacity_jax.tasks import mem_thru, per_cap
from capacity_jax.training import (
    Bucket,
    Devices,
    Population,
    Snapshot,
    Trial,
    default_devices,
    devices,
    fill_defaults,
    hyperparameters_of,
    train_population,
)
from capacity_jax.training.member import advance, draw_member, evaluate, kept_bytes
from capacity_jax.training.program import compiled_chunk
from capacity_jax.training.settings import encode
from capacity_jax.training.trial import Rung


def bucket_of(cell=rnn, n_hidden=6, n_in=8, b_max=200, batch_size=32, depth=1):
    return Bucket(Network(cell, n_in, n_hidden, 1, depth), per_cap(n_in=n_in, b_max=b_max), batch_size)


def varied_trials(n, seed=0):
    """Trials in which every hyperparameter that can differ does."""
    rng = np.random.default_rng(seed)
    return [
        Trial(
            {
                "b": int(rng.integers(1, 200)),
                "train_steps": int(rng.integers(20, 400)),
                "optimizer": ("sgd", "momentum", "rmsprop", "adam")[i % 4],
                "nonlinearity": ("tanh", "relu")[i % 2],
                "recurrent_matrix_init_type": ("identity", "orthogonal", "normal")[i % 3],
                "recurrent_bias_init_type": ("delta", "normal")[i % 2],
                "recurrent_bias_scale_h": float(rng.uniform(-1, 1)),
                "lr_init": float(rng.uniform(0.001, 0.01)),
                "lr_decay_rate": float(rng.uniform(0.1, 1)),
                "gradient_clip_val": float(rng.uniform(0.5, 2)),
                "l2_decay": float(rng.uniform(0, 1e-4)),
            },
            seed=100 + i,
        )
        for i in range(n)
    ]


def by_seed(outcomes):
    return {outcome.trial.seed: outcome for outcome in outcomes}


@pytest.mark.parametrize("n_slots", [2, 4])
def test_a_member_alone_equals_the_same_member_among_others_bitwise(n_slots):
    """Breaks if a result depends on the slot, the neighbours, refilling or the chunks."""
    bucket = bucket_of()
    trials = varied_trials(7)
    together = by_seed(train_population(bucket, trials, n_slots=n_slots))
    reversed_order = by_seed(train_population(bucket, trials[::-1], n_slots=n_slots))
    assert together.keys() == {trial.seed for trial in trials}
    for trial in trials[:3]:
        (alone,) = train_population(bucket, [trial], n_slots=2)
        for other in (together[trial.seed], reversed_order[trial.seed]):
            assert other.scores == alone.scores
            assert other.steps_made == alone.steps_made == trial.hparams["train_steps"]


def test_agrees_with_a_plain_loop_over_one_member():
    """Breaks if the compiled population computes something else than draw_member, advance and evaluate do."""
    bucket = bucket_of()
    trial = Trial({"b": 150, "train_steps": 100, "lr_init": 0.003, "recurrent_bias_scale_h": 0.5}, seed=3)
    (outcome,) = train_population(bucket, [trial])

    @jax.jit
    def plain_loop(seed, hparams):
        member = draw_member(bucket, seed, hparams)
        member = lax.fori_loop(0, 10, lambda _, one: advance(bucket, default_devices(), (), one, jnp.int32(10)), member)
        return evaluate(bucket, (), member)["evaluation"]

    scores = plain_loop(
        jnp.uint32(trial.seed), encode(fill_defaults(bucket, trial.hparams), hyperparameters_of(bucket))
    )
    np.testing.assert_allclose(outcome.scores["loss"], scores["loss"], rtol=1e-4)


AT_ONCE = Devices(default_devices().devices, in_turn=False)


def short_trials(n):
    """So few steps that roundings of two orders of the same sums stay below 1e-3."""
    return [Trial({**one.hparams, "train_steps": 60 + 5 * i}, one.seed) for i, one in enumerate(varied_trials(n))]


def test_members_together_agree_with_members_in_turn():
    """Breaks if the path for GPU and TPU, members under vmap, trains differently (1e-3 after at most 100 steps)."""
    bucket = bucket_of(gru, 5)
    trials = [
        Trial({name: value for name, value in one.hparams.items() if "_h" not in name}, one.seed)
        for one in short_trials(4)
    ]
    together = by_seed(train_population(bucket, trials, n_slots=4, devices=AT_ONCE))
    for seed, outcome in by_seed(train_population(bucket, trials, n_slots=4)).items():
        assert together[seed].steps_made == outcome.steps_made
        np.testing.assert_allclose(together[seed].scores["loss"], outcome.scores["loss"], rtol=1e-3)


def test_gangs_that_take_turns_agree_with_members_in_turn(monkeypatch):
    """Breaks if members are mixed up between gangs, or a gang ends before its slowest member (1e-3, as above)."""
    bucket, trials = bucket_of(), short_trials(8)
    in_turn = by_seed(train_population(bucket, trials, n_slots=4))
    kept = kept_bytes(bucket, (), encode(fill_defaults(bucket, {}), hyperparameters_of(bucket)))
    monkeypatch.setattr(devices, "ON_CHIP", {"cpu": 3 * kept})
    assert AT_ONCE.gang_size(4, lambda: kept) == 2
    for seed, outcome in by_seed(train_population(bucket, trials, n_slots=8, devices=AT_ONCE)).items():
        assert outcome.steps_made == in_turn[seed].steps_made
        np.testing.assert_allclose(outcome.scores["loss"], in_turn[seed].scores["loss"], rtol=1e-3)
    compiled_chunk.cache_clear()


@pytest.mark.parametrize(("kept", "size"), [(1, 12), (10, 12), (11, 6), (30, 4), (60, 2), (70, 1), (1000, 1)])
def test_a_gang_keeps_its_activations_on_the_chip(monkeypatch, kept, size):
    """Breaks if a gang is larger than the chip's memory, smaller than it has to be, or leaves members over."""
    monkeypatch.setattr(devices, "ON_CHIP", {"cpu": 120})
    assert Devices(default_devices().devices, in_turn=False).gang_size(12, lambda: kept) == size
    assert Devices(default_devices().devices, in_turn=True).gang_size(12, lambda: kept) == 12


def test_a_caller_chooses_the_devices():
    """Breaks if a population trains elsewhere than it was told, or its result depends on how many devices there are."""
    bucket, trials = bucket_of(), varied_trials(3)
    one = Devices(default_devices().devices[:1], in_turn=True)
    population = Population(bucket, one, n_slots=1)
    assert population.n_slots == 1
    on_one = by_seed(train_population(bucket, trials, devices=one))
    for seed, outcome in by_seed(train_population(bucket, trials)).items():
        assert on_one[seed].scores == outcome.scores


def test_a_diverging_member_touches_no_other_and_frees_its_slot():
    """Breaks if a NaN spreads, stops its neighbours, or its member goes on training."""
    bucket = bucket_of()
    good = Trial({"b": 50, "train_steps": 200}, 1)
    bad = Trial({"b": 50, "train_steps": 200, "lr_init": 1e30, "optimizer": "sgd", "nonlinearity": "relu"}, 2)
    outcomes = by_seed(train_population(bucket, [good, bad, Trial(good.hparams, 3)], n_slots=2))
    (alone,) = train_population(bucket, [good])
    assert outcomes[1].scores == alone.scores
    assert outcomes[2].infeasible
    assert outcomes[2].steps_made < 200
    assert not outcomes[1].infeasible
    assert not outcomes[3].infeasible


def test_a_loss_far_above_chance_is_infeasible():
    """Breaks if a run that ended finite but blown up counts as a result, or lacks a score that others have."""
    bucket = bucket_of()
    (good,) = train_population(bucket, [Trial({"b": 100, "train_steps": 30}, 5)])
    trial = Trial({"b": 100, "train_steps": 30, "lr_init": 30.0, "lr_decay_rate": 1.0, "optimizer": "adam"}, 5)
    (outcome,) = train_population(bucket, [trial])
    assert np.isfinite(outcome.train_loss)
    assert outcome.infeasible
    for scores in (outcome.scores, outcome.validation):
        assert scores.keys() == good.scores.keys()
        assert np.all(np.isnan(list(scores.values())))


def test_a_bucket_compiles_once_for_all_hyperparameters(caplog):
    """Breaks if a value that differs between trials is static anywhere: then a second population compiles."""
    bucket = bucket_of(n_hidden=7)

    def compilations(trials):
        caplog.clear()
        with jax.log_compiles(), caplog.at_level("WARNING"):
            list(train_population(bucket, trials, n_slots=2))
        return [record.message for record in caplog.records if "Finished XLA compilation" in record.message]

    assert sum("all_members" in message for message in compilations(varied_trials(6))) == 1
    assert compilations(varied_trials(6, seed=9)) == []


def test_untrained_networks_measure_nothing():
    """Breaks if chance level measures information: 0 ± 0.02 bits per label."""
    trials = [Trial({"b": 200, "train_steps": 1, "lr_init": 1e-6}, seed) for seed in range(4)]
    for outcome in train_population(bucket_of(), trials):
        assert abs(outcome.scores["bits"] / 200) < 0.02


@pytest.mark.parametrize("cell", [rnn, pytest.param(lstm, marks=pytest.mark.slow)], ids=lambda cell: cell.name)
def test_far_below_capacity_all_bits_are_stored(cell):
    """Breaks if training does not train: 20 labels in a hundred parameters are to be known by heart."""
    trials = [Trial({"b": 20, "train_steps": 1500, "lr_init": 0.01}, seed) for seed in range(2)]
    for outcome in train_population(bucket_of(cell), trials):
        assert outcome.scores["bits"] == 20


def test_steps_are_reported_as_they_are_made():
    """Breaks if steps are lost or counted twice in what drives the progress bar, or no trials are an error."""
    trials, made = varied_trials(5), Counter()
    population, left = Population(bucket_of(), n_slots=2), iter(trials)
    population.fill(left)
    while population.n_working:
        made.update({trial.seed: n for trial, n in population.advance()})
        for outcome in population.finished():
            assert outcome.steps_made == outcome.trial.hparams["train_steps"]
        population.fill(left)
    assert made == {trial.seed: trial.hparams["train_steps"] for trial in trials}
    assert list(train_population(bucket_of(), [])) == []


def test_many_short_trials_in_few_slots():
    """Breaks if chunks that end early let the length of the next one grow beyond 32 bits."""
    trials = [Trial({"b": 10, "train_steps": 5}, seed) for seed in range(60)]
    assert [outcome.steps_made for outcome in train_population(bucket_of(), trials, n_slots=2)] == [5] * 60


@pytest.mark.parametrize("n_slots", [0, -2, 1.5])
def test_number_of_slots_is_checked(n_slots):
    """Breaks if an impossible number of slots fails somewhere deep."""
    with pytest.raises(ValueError, match="n_slots is"):
        list(train_population(bucket_of(), varied_trials(1), n_slots=n_slots))


def test_network_and_task_must_fit():
    """Breaks if a network of other sizes than the task's is trained on it."""
    with pytest.raises(ValueError, match=r"network has 5 inputs and 1 outputs; task per_cap needs 8 and 1"):
        Bucket(Network(rnn, 5, 4, 1), per_cap(n_in=8), 32)


def test_seeds_are_checked():
    """Breaks if a seed that does not fit 32 bits wraps silently into another."""
    for seed in (-1, 2**32):
        with pytest.raises(ValueError, match="seed is"):
            Trial({}, seed)


def test_a_trial_continued_from_a_snapshot_ends_the_same_bitwise():
    """Breaks if a snapshot loses part of a member, or continuing draws its data or batches anew."""
    bucket = bucket_of()
    trials = [replace(trial, number=i) for i, trial in enumerate(varied_trials(3))]
    whole = by_seed(train_population(bucket, trials, n_slots=2))
    population = Population(bucket, n_slots=2)
    population.fill(iter(trials))
    population.advance()
    saved = {trial.number: snapshot for trial, snapshot in population.snapshots()}
    assert saved
    assert all(0 < snapshot.step < trials[i].hparams["train_steps"] for i, snapshot in saved.items())
    resumed = [replace(trial, snapshot=saved.get(trial.number)) for trial in reversed(trials)]
    for seed, outcome in by_seed(train_population(bucket, resumed, n_slots=4)).items():
        assert outcome.scores == whole[seed].scores
        assert outcome.train_loss == whole[seed].train_loss
        assert outcome.curve == whole[seed].curve
        assert outcome.steps_made == whole[seed].steps_made


def test_the_curve_is_the_course_of_training():
    """Breaks if a place of the curve holds other steps than its own, or a score that was not trained on."""
    bucket = bucket_of()
    settings = {"b": 32, "lr_init": 0.01}
    # With 30 steps every place is one step, and 32 labels are all in every batch.
    (outcome,) = train_population(bucket, [Trial({**settings, "train_steps": 30, "lr_decay_rate": 1.0}, 3)])
    assert outcome.curve["step"] == list(range(1, 31))
    assert outcome.curve["loss"][-1] == outcome.train_loss
    stored = [float(mutual_information(share, 32)) for share in outcome.curve["accuracy"]]
    bits = [bits_per_parameter(one, bucket.network.n_params) for one in stored]
    np.testing.assert_allclose(outcome.curve["bits_per_parameter"], bits, rtol=1e-6)
    (longer,) = train_population(bucket, [Trial({**settings, "train_steps": 75, "lr_decay_rate": 1.0}, 3)])
    pairs = np.diff([0, *longer.curve["step"]])
    assert (len(pairs), set(pairs), longer.curve["step"][-1]) == (30, {2, 3}, 75)
    first = np.mean(outcome.curve["loss"][: longer.curve["step"][3]])
    np.testing.assert_allclose(np.average(longer.curve["loss"][:4], weights=pairs[:4]), first, rtol=1e-5)


def test_the_last_of_many_steps_belong_to_the_last_place():
    """Breaks if a share that rounds to 1 in 32 bits falls off the curve, or ends the run."""
    n_steps = 20_000_000
    trial = Trial({"b": 32, "train_steps": n_steps}, 3)
    population = Population(bucket_of(), n_slots=2)
    population.fill(iter([trial]))
    population.advance()
    [(_, snapshot)] = population.snapshots()
    population = Population(bucket_of(), n_slots=2)
    # The steps, and the optimizer's own count of them.
    is_count = [leaf.dtype == np.int32 for leaf in snapshot.leaves]
    pairs = zip(snapshot.leaves, is_count, strict=True)
    leaves = [np.array(n_steps - 50, np.int32) if counts else leaf for leaf, counts in pairs]
    late = snapshot._replace(step=n_steps - 50, leaves=leaves)
    population.fill(iter([replace(trial, snapshot=late)]))
    while population.n_working:
        population.advance()
    (outcome,) = population.finished()
    assert outcome.steps_made == n_steps
    assert outcome.curve["step"] == [snapshot.step, snapshot.step + 50]


def test_the_curve_of_a_diverged_run_ends_where_it_ended():
    """Breaks if steps that were never made count, or a curve cannot be stored."""
    settings = {"b": 50, "train_steps": 3000, "optimizer": "sgd", "nonlinearity": "relu"}
    (outcome,) = train_population(bucket_of(), [Trial({**settings, "lr_init": 1e30}, 2)])
    assert outcome.infeasible
    assert outcome.params is None
    assert outcome.curve["step"] == [outcome.steps_made]
    assert outcome.steps_made < 100


UNREACHED, REACHED = 1e9, -1e9


@pytest.mark.parametrize("in_turn", [True, False])
def test_a_trial_stops_at_the_first_rung_that_it_does_not_reach(in_turn):
    """Breaks if what stops depends on the chunks, trains further, or changes what trains beside it or after it."""
    trials = varied_trials(6)
    train = partial(train_population, bucket_of(), n_slots=4, devices=default_devices() if in_turn else AT_ONCE)
    whole = by_seed(train(trials))
    rungs = Rung(3, REACHED), Rung(20, UNREACHED), Rung(10, UNREACHED)
    some = [replace(trial, rungs=rungs if i % 2 else rungs[:1]) for i, trial in enumerate(trials)]
    found = by_seed(train(some))
    for i, trial in enumerate(some):
        ended, full = found[trial.seed], whole[trial.seed]
        assert ended.stopped == bool(i % 2)
        if not ended.stopped:
            assert (ended.scores, ended.curve) == (full.scores, full.curve)
            continue
        assert ended.steps_made == np.ceil(trial.hparams["train_steps"] / 3)
        assert ended.curve == {name: values[:10] for name, values in full.curve.items()}
        assert ended.scores == {**ended.scores, **{name: ended.curve[name][-1] for name in ("loss", "accuracy")}}
        assert ended.scores["bits_per_parameter"] == ended.curve["bits_per_parameter"][-1]


def test_a_trial_continued_from_a_snapshot_stops_where_it_would_have():
    """Breaks if a worker that goes on with another's trial passes over a rung, or judges one again."""
    bucket, [trial] = bucket_of(), varied_trials(1)
    trial = replace(trial, rungs=(Rung(1, REACHED), Rung(15, UNREACHED)))
    population = Population(bucket, n_slots=1)
    population.fill(iter([trial]))
    population.advance()
    [(_, snapshot)] = population.snapshots()
    assert snapshot.step == np.ceil(trial.hparams["train_steps"] / 30)
    again = [replace(trial, snapshot=snapshot), trial]
    continued, anew = train_population(bucket, again, n_slots=1)
    assert continued.stopped
    assert (continued.scores, continued.curve, continued.steps_made) == (anew.scores, anew.curve, anew.steps_made)


def test_a_snapshot_of_another_network_is_refused():
    """Breaks if a checkpoint of another size is trained on as if it were this one's."""
    snapshot = Snapshot(1, 0.0, [np.zeros(3)])
    trial = Trial({"b": 50, "train_steps": 200}, 1, snapshot=snapshot)
    with pytest.raises(ValueError, match="a network of another shape"):
        list(train_population(bucket_of(), [trial]))


def test_validation_has_examples_of_its_own():
    """Breaks if a search is told of the set that is reported, where the task has two."""
    bucket = Bucket(Network(rnn, 2, 3, 2), mem_thru(n_in=2, n_steps=2, n_evaluation=64), batch_size=16)
    (outcome,) = train_population(bucket, [Trial({"train_steps": 30}, 1)])
    assert outcome.validation.keys() == outcome.scores.keys()
    assert outcome.validation["loss"] != outcome.scores["loss"]
    assert outcome.validation["loss"] == pytest.approx(outcome.scores["loss"], rel=0.5)
    (remembered,) = train_population(bucket_of(), [Trial({"b": 50, "train_steps": 20}, 1)])
    assert remembered.validation == remembered.scores
