"""What all tasks keep: the paper's sizes, one object for equal arguments, what their keys decide, sets and refusals."""

from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from capacity_jax.tasks import (
    TASKS,
    Corpus,
    arithmetic,
    assoc_recall,
    label_memory,
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
    "assoc_recall": lambda: assoc_recall(4, 3, 2, N_EVALUATION),
    "label_memory": lambda: label_memory(n_in=4, b_max=N_EVALUATION, n_labels=3, heard="always"),
}
# Inputs, outputs, steps and reads.
OF_THE_PAPER = {
    "mem_thru": (64, 64, 12, 1),
    "rcf": (50, 1, 5, 1),
    "text8": (27, 27, 50, 37),
    "parens_counting": (30, 110, 175, 175),
    "arithmetic": (14, 14, 36, 31),
}
SIZES = {
    "mem_thru": "n_in n_steps n_evaluation",
    "rcf": "n_examples n_in n_steps n_evaluation seed",
    "parens_counting": "n_kinds n_noise max_open n_steps n_evaluation",
    "arithmetic": "largest max_compute_steps n_steps n_evaluation",
    "assoc_recall": "n_keys n_values max_pairs n_evaluation",
    "label_memory": "n_in b_max n_steps n_labels",
}
FIELDS = [(name, field) for name, fields in SIZES.items() for field in fields.split()]
# The loss of guessing.
CHANCE = {
    "text8": np.log(27),
    "parens_counting": 2 * np.log(4),
    "arithmetic": np.log(14),
    "assoc_recall": np.log(3),
    "label_memory": np.log(3),
}


@pytest.mark.parametrize("name", OF_THE_PAPER)
def test_the_sizes_of_the_paper_are_the_defaults(name):
    """Breaks if a default drifts from the paper, or results report a name that no study finds."""
    task = task_by_name(name)()
    assert (task.n_in, task.n_out, task.n_steps, task.n_reads) == OF_THE_PAPER[name]
    assert task.name.startswith(name)


@pytest.mark.parametrize("bad", [0, -1, 2.5, True, "8"])
@pytest.mark.parametrize(("name", "field"), FIELDS)
def test_bad_sizes_are_named(name, field, bad):
    """Breaks if a size fails later with a message about shapes, or the message does not name it and what is allowed."""
    bad = -2 if field == "seed" and bad == 0 else bad
    with pytest.raises(ValueError, match=f"^{field} is {bad!r}; it must be a whole number of at least [012]$"):
        TASKS[name](**{field: bad})


@partial(jax.jit, static_argnums=(0, 1))
def _held_out(task, size, seed):
    """The evaluation set of a member of a seed, taken in batches of a size, and its validation set where it has one."""
    shared, data = jax.tree.map(jnp.asarray, task.shared()), task.draw(jax.random.key(seed), defaults(task), size)
    indices = jnp.arange(-(-N_EVALUATION // size))
    return [
        jax.lax.map(lambda i, batch_at=batch_at: batch_at(shared, data, i, size), indices)
        for batch_at in (task.evaluation, task.validation)
        if batch_at is not None
    ]


def held_out(task, size, seed=0):
    """Of each held-out set the rows that count."""
    sets = [jax.tree.map(np.concatenate, one) for one in jax.device_get(_held_out(task, size, seed))]
    return [jax.tree.map(lambda leaf, counts=one.weights > 0: leaf[counts], one) for one in sets]


def defaults(task):
    return {name: one.default for name, one in task.hyperparameters.items()}


@pytest.mark.parametrize("name", CHANCE)
def test_silent_outputs_score_chance(name):
    """Breaks if chance is not what guessing loses, or a loss is a mean over another axis."""
    task = SMALL[name]()
    target = jax.tree.map(lambda leaf: leaf[0], held_out(task, N_EVALUATION)[0].targets)
    score = jax.jit(task.score)(np.zeros((task.n_reads, task.n_out), np.float32), target)
    np.testing.assert_allclose(score["loss"], task.chance, rtol=1e-6)
    np.testing.assert_allclose(task.chance, CHANCE[name])


@pytest.mark.parametrize("name", TASKS)
def test_no_batch_size_changes_a_held_out_set(name):
    """Breaks if the examples that a task is scored by depend on the batches they are taken in, or a set is missing."""
    by_7, by_23 = (held_out(SMALL[name](), size) for size in (7, N_EVALUATION))
    assert len(by_7) == (1 if name in ("per_cap", "rcf", "label_memory") else 2)
    assert all(len(one.weights) == N_EVALUATION for one in by_7)
    # Normal values may differ in their last bit by the length of the vectors they are computed in.
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-6), by_7, by_23)


@pytest.mark.parametrize("name", TASKS)
def test_keys_alone_decide_what_is_drawn(name):
    """Breaks if randomness comes from anywhere but the keys, a key is ignored, or a training example lacks weight."""
    task = SMALL[name]()

    @jax.jit
    def batch(of_member, of_step):
        data = task.draw(jax.random.key(of_member), defaults(task), 7)
        return task.batch(jax.tree.map(jnp.asarray, task.shared()), data, jax.random.key(of_step), 0, 7)

    first = batch(0, 0)
    jax.tree.map(np.testing.assert_array_equal, first, batch(0, 0))
    assert np.any(np.asarray(first.xs) != batch(0, 1).xs)
    assert np.all(np.asarray(first.weights) == 1) == (name != "rcf")
    evaluated = [held_out(task, 7, seed)[0].xs for seed in (0, 1)]
    assert np.all(evaluated[0] == evaluated[1]) == (name in ("rcf", "text8"))


@pytest.mark.parametrize("name", ["mem_thru", "parens_counting", "arithmetic"])
def test_no_example_comes_twice(name):
    """Breaks if a member is told or tested on what it trained on, or a step repeats another's examples."""
    task, key = task_by_name(name)(n_evaluation=64), jax.random.key(5)

    @jax.jit
    def batches():
        data = task.draw(key, defaults(task), 32)
        keys = jnp.stack([key, *(jax.random.fold_in(key, step) for step in range(4))])
        trained = jax.lax.map(lambda one: task.batch((), data, one, 0, 32).xs, keys)
        sets = task.evaluation, task.validation
        held_out = [jax.lax.map(lambda i, one=one: one((), data, i, 32).xs, jnp.arange(2)) for one in sets]
        return trained, *held_out

    assert len({x.tobytes() for of_set in batches() for xs in np.asarray(of_set) for x in xs}) == 9 * 32


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
    task = replace(arithmetic(), reported=("accuracy",))
    assert task.reported == ("accuracy", "loss")
    for builder in TASKS.values():
        assert builder().objective in builder().reported


def test_an_unknown_name_is_an_error_with_a_hint():
    """Breaks if a misspelt task leaves the user guessing."""
    with pytest.raises(ValueError, match="'percap' is unknown; did you mean per_cap"):
        task_by_name("percap")
