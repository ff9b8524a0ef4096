"""What all tasks keep: one object for equal arguments, and evaluation sets that no batch size changes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from capacity_jax.tasks import (
    TASKS,
    Batch,
    Corpus,
    Task,
    arithmetic,
    mem_thru,
    parens_counting,
    per_cap,
    rcf,
    task_by_name,
    text8,
)

N_EVALUATION = 23
CORPUS = Corpus("test", np.frombuffer(b"one fish two fish " * 200, np.uint8))
SMALL = {
    "per_cap": lambda: per_cap(n_in=4, b_max=N_EVALUATION),
    "mem_thru": lambda: mem_thru(n_in=3, n_steps=2, n_evaluation=N_EVALUATION),
    "rcf": lambda: rcf(n_examples=N_EVALUATION, n_in=3),
    "text8": lambda: text8(CORPUS, n_steps=6, n_warmup=2, n_evaluation=N_EVALUATION),
    "parens_counting": lambda: parens_counting(2, 1, 3, 9, N_EVALUATION),
    "arithmetic": lambda: arithmetic(9, 2, 14, N_EVALUATION),
}


def rows(task, held_out, size):
    """The rows that count of a held-out set, taken in batches of a size."""
    defaults = {name: one.default for name, one in task.hyperparameters.items()}
    shared, data = task.shared(), task.draw(jax.random.key(0), defaults, size)
    taken = [held_out(shared, data, i, size) for i in range(-(-N_EVALUATION // size))]
    batch = jax.tree.map(lambda *parts: np.concatenate(parts), *taken)
    return jax.tree.map(lambda leaf: leaf[batch.weights > 0], batch)


@pytest.mark.parametrize("of_set", ["evaluation", "validation"])
@pytest.mark.parametrize("name", TASKS)
def test_no_batch_size_changes_an_evaluation_set(name, of_set):
    """Breaks if the examples that a task is scored by depend on the batches they are taken in."""
    task = SMALL[name]()
    held_out = getattr(task, of_set)
    if held_out is None:
        assert name in ("per_cap", "rcf")
        return
    by_7, by_23 = (rows(task, held_out, size) for size in (7, N_EVALUATION))
    assert len(by_7.weights) == N_EVALUATION
    # Normal values may differ in their last bit by the length of the vectors they are computed in.
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-6), by_7, by_23)


@pytest.mark.parametrize("name", TASKS)
def test_equal_arguments_give_one_task(name):
    """Breaks if a task that is built twice is two, so that it is compiled twice."""
    assert SMALL[name]() is SMALL[name]()


def test_arguments_given_by_place_or_name_are_equal_and_wrong_ones_are_still_refused():
    """Breaks if `per_cap(8)` and `per_cap(n_in=8)` differ, or True passes for the 1 that was built before."""
    assert per_cap(8) is per_cap(n_in=8)
    assert per_cap(n_in=1) is not per_cap(n_in=2)
    for wrong in (True, 1.0, [1]):
        with pytest.raises(ValueError, match=r"^n_in is "):
            per_cap(n_in=wrong)


def test_the_objective_is_always_reported():
    """Breaks if tables leave out what a search is told."""
    constant = Batch(jnp.zeros((1, 1, 1)), jnp.zeros(1), jnp.ones(1))
    task = Task(
        name="own",
        n_in=1,
        n_out=1,
        n_steps=1,
        n_reads=1,
        draw=lambda key, hparams, size: (),
        batch=lambda shared, data, key, step, size: constant,
        evaluation=lambda shared, data, i, size: constant,
        n_evaluation=1,
        score=lambda outputs, target: {"loss": jnp.zeros(()), "accuracy": jnp.ones(())},
        measures=lambda scores, hparams, network: {},
        chance=1.0,
        reported=("accuracy",),
    )
    assert task.reported == ("accuracy", "loss")
    for builder in TASKS.values():
        assert builder().objective in builder().reported


def test_an_unknown_name_is_an_error_with_a_hint():
    """Breaks if a misspelt task leaves the user guessing."""
    with pytest.raises(ValueError, match="'percap' is unknown; did you mean per_cap"):
        task_by_name("percap")
