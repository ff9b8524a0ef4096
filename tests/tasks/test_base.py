"""What all tasks keep: the paper's sizes, one object for equal arguments, what their keys decide, sets and refusals."""

from dataclasses import replace

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


@pytest.mark.parametrize("name", CHANCE)
def test_silent_outputs_score_chance(name):
    """Breaks if chance is not what guessing loses, or a loss is a mean over another axis."""
    task = SMALL[name]()
    target = jax.tree.map(lambda leaf: leaf[0], rows(task, task.evaluation, N_EVALUATION).targets)
    np.testing.assert_allclose(
        task.score(jnp.zeros((task.n_reads, task.n_out)), target)["loss"], task.chance, rtol=1e-6
    )
    np.testing.assert_allclose(task.chance, CHANCE[name])


def drawn(task, size, seed=0):
    """What all members share, and what one of them draws."""
    defaults = {name: one.default for name, one in task.hyperparameters.items()}
    return task.shared(), jax.jit(task.draw, static_argnums=2)(jax.random.key(seed), defaults, size)


def rows(task, held_out, size):
    """The rows that count of a held-out set, taken in batches of a size."""
    shared, data = drawn(task, size)
    batch_at = jax.jit(held_out, static_argnums=3)
    taken = [batch_at(shared, data, i, size) for i in range(-(-N_EVALUATION // size))]
    batch = jax.tree.map(lambda *parts: np.concatenate(parts), *taken)
    return jax.tree.map(lambda leaf: leaf[batch.weights > 0], batch)


@pytest.mark.parametrize("of_set", ["evaluation", "validation"])
@pytest.mark.parametrize("name", TASKS)
def test_no_batch_size_changes_an_evaluation_set(name, of_set):
    """Breaks if the examples that a task is scored by depend on the batches they are taken in."""
    task = SMALL[name]()
    held_out = getattr(task, of_set)
    if held_out is None:
        assert name in ("per_cap", "rcf", "label_memory")
        return
    by_7, by_23 = (rows(task, held_out, size) for size in (7, N_EVALUATION))
    assert len(by_7.weights) == N_EVALUATION
    # Normal values may differ in their last bit by the length of the vectors they are computed in.
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-6), by_7, by_23)


@pytest.mark.parametrize("name", TASKS)
def test_keys_alone_decide_what_is_drawn(name):
    """Breaks if randomness comes from anywhere but the keys, a key is ignored, or a training example lacks weight."""
    task = SMALL[name]()

    def batch(of_member, of_step):
        found = jax.jit(task.batch, static_argnums=4)(*drawn(task, 7, of_member), jax.random.key(of_step), 0, 7)
        return jax.tree.map(np.asarray, found)

    first = batch(0, 0)
    jax.tree.map(np.testing.assert_array_equal, first, batch(0, 0))
    assert np.any(first.xs != batch(0, 1).xs)
    assert np.all(first.weights == 1) == (name != "rcf")
    evaluation = jax.jit(task.evaluation, static_argnums=3)
    evaluated = [evaluation(*drawn(task, 7, seed), 0, 7).xs for seed in (0, 1)]
    assert np.all(evaluated[0] == evaluated[1]) == (name in ("rcf", "text8"))


@pytest.mark.parametrize("name", ["mem_thru", "parens_counting", "arithmetic"])
def test_no_example_comes_twice(name):
    """Breaks if a member is told or tested on what it trained on, or a step repeats another's examples."""
    task, key = task_by_name(name)(n_evaluation=64), jax.random.key(5)
    shared, data = drawn(task, 32, 5)
    keys = [key, *(jax.random.fold_in(key, step) for step in range(4))]
    batches = [jax.jit(task.batch, static_argnums=4)(shared, data, one, 0, 32) for one in keys]
    for held_out in (task.evaluation, task.validation):
        batches += [jax.jit(held_out, static_argnums=3)(shared, data, i, 32) for i in range(2)]
    assert len({x.tobytes() for batch in batches for x in np.asarray(batch.xs)}) == 9 * 32


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
