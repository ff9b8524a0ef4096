"""Where members train together, the slots of a study follow the trials that are left."""

import pytest
from made_up import study_of

from capacity_jax.studies import run, run_studies
from capacity_jax.training import Devices, Population, default_devices, population, program, train_population
from capacity_jax.training.program import compiled_chunk


@pytest.mark.slow
def test_slots_go_as_trials_end(monkeypatch):
    """Breaks if idle slots stay to the end, or a trial that changes its slot loses a step or what it has learned."""
    together = Devices(default_devices().devices[:1], in_turn=False)
    for module in (population, program):
        monkeypatch.setattr(module, "default_devices", lambda: together)
    sizes = []

    def make(bucket, devices=None, n_slots=None):
        sizes.append(n_slots)
        return Population(bucket, devices, n_slots)

    monkeypatch.setattr(run, "Population", make)
    settings = [{"b": 95, "train_steps": steps, "lr_init": 0.002} for steps in (20_000, 500, 400, 300)]
    study = study_of(initial_settings=settings, trials=0, seeds=1)
    # What is compiled is not waited for.
    for n_slots in (4, 3, 2, 1):
        compiled_chunk(study.bucket, n_slots, together)
    ((_, found),) = run_studies([study])
    outcomes = train_population(study.bucket, study.initial_trials(), devices=together, n_slots=4)
    expected = {outcome.trial.key: outcome for outcome in outcomes}
    assert sizes[0] == 4
    assert sizes[-1] == 1
    for record in found:
        outcome = expected[record.key]
        assert record.steps_made == outcome.steps_made == record.hparams["train_steps"]
        assert record.scores["loss"] == pytest.approx(outcome.scores["loss"], rel=1e-3)
        assert record.curve["step"] == outcome.curve["step"]
