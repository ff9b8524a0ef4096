"""One call from a cell to its capacity."""

import pickle
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from flax import linen as nn
from flax import nnx
from made_up import BUCKET, records_of, study_of

from capacity_jax import Batch, Cell, Network, StorageError, Task, measure_capacity, per_cap, read_records, rnn
from capacity_jax.measure import _with_settings_inside
from capacity_jax.results import Capacity
from capacity_jax.search import search_space
from capacity_jax.stats import mean_difference, mean_interval, pooled_slope_interval
from capacity_jax.training import Bucket

TINY = {"trials": 1, "train_steps": 30, "seeds": 2, "batch_size": 16}


@pytest.fixture(scope="module")
def of_rnn():
    return measure_capacity("rnn", budgets=(150, 300, 400), **TINY)


@pytest.fixture(scope="module")
def leaky():
    """A user's own cell with a hyperparameter of its own."""

    def init(key, n_in, n_hidden, hparams):
        keep = hparams.get("keep", 0.9)
        return {
            "W": jax.random.normal(key, (n_in, n_hidden)) / jnp.sqrt(n_in),
            "keep": jnp.full(n_hidden, keep, jnp.float32),
        }

    def step(params, h, x):
        h = params["keep"] * h + x @ params["W"]
        return h, jnp.tanh(h)

    return Cell("leaky", init, lambda params: jnp.zeros(params["keep"].shape), step, {"keep": 0.9})


@pytest.fixture
def sum_of_three():
    """A user's own task: three numbers, then their sum."""

    def batch(shared, data, key, step, size):
        xs = jax.random.normal(key, (size, 3, 1))
        return Batch(xs, xs.sum((1, 2)), jnp.ones(size))

    return Task(
        name="sum",
        n_in=1,
        n_out=1,
        n_steps=3,
        n_reads=1,
        draw=lambda key, hparams, size: key,
        batch=batch,
        evaluation=lambda shared, key, i, size: batch(shared, (), jax.random.fold_in(key, i), 0, size),
        n_evaluation=64,
        score=lambda outputs, target: {"loss": (outputs[-1, 0] - target) ** 2},
        measures=lambda scores, hparams, network: {},
        chance=3.0,
    )


def test_a_name_gives_table_fit_and_figure(of_rnn, tmp_path):
    """Breaks if a size is not measured, or the result lacks one of its faces."""
    table = of_rnn.to_dataframe()
    assert (table["parameters"] <= [150, 300, 400]).all()
    assert (table["trials"] >= 5).all()
    assert of_rnn.bits_per_parameter.low < of_rnn.bits_per_parameter.value < of_rnn.bits_per_parameter.high
    figure = of_rnn.plot()
    assert len(figure.axes) == 2
    figure.savefig(tmp_path / "capacity.png")


def test_shown_in_terminal_and_notebook(of_rnn):
    """Breaks if a notebook or a terminal shows no result, or one without its interval."""
    first, *table = repr(of_rnn).splitlines()
    assert first.startswith("rnn on per_cap: ")
    assert "95% [" in first
    assert "mean over 2 seeds" in first
    assert "slope over sizes" in first
    assert len(table) == 4
    assert "<table" in of_rnn._repr_html_()


def test_the_same_seed_gives_the_same_result(of_rnn):
    """Breaks if a measurement cannot be repeated, or seeds change nothing."""
    again = measure_capacity("rnn", budgets=(150,), **TINY).to_dataframe()
    other = measure_capacity("rnn", budgets=(150,), seed=1, **TINY).to_dataframe()
    assert again.loc[0, "mean_bits"] == of_rnn.to_dataframe().loc[0, "mean_bits"]
    assert again.loc[0, "mean_bits"] != other.loc[0, "mean_bits"]


@pytest.fixture
def planned(monkeypatch):
    """The studies that a call would run, without running them."""

    def studies_of(*args, **changes):
        found = []
        monkeypatch.setattr(
            "capacity_jax.measure.run_studies",
            lambda studies, persistence: [(study, []) for study in found.extend(studies) or studies],
        )
        measure_capacity(*args, **(TINY | changes))
        return found

    return studies_of


def test_more_is_what_asking_for_all_at_once_gives():
    """Breaks if trials, seeds or budgets that come later change what is found, or are measured twice."""
    small = measure_capacity("rnn", budgets=(150,), **TINY)
    grown = small.more(trials=3).more(seeds=2, budgets=(300,))
    at_once = measure_capacity("rnn", budgets=(150, 300), **(TINY | {"trials": 4, "seeds": 4}))
    pd.testing.assert_frame_equal(grown.to_dataframe(), at_once.to_dataframe())
    found = {record.key for record in grown.records if record.budget == 150}
    assert {record.key for record in small.records if record.role != "repeat"} <= found


def test_a_directory_keeps_what_a_kernel_forgets(tmp_path):
    """Breaks if a second call trains again what is there, or more trials are refused."""
    first = measure_capacity("rnn", budgets=(150,), workdir=tmp_path, **TINY)
    stored = read_records(f"sqlite:///{tmp_path / 'studies.db'}")
    again = measure_capacity("rnn", budgets=(150,), workdir=tmp_path, **TINY)
    assert [record.finished for record in stored] == sorted(record.finished for record in again.records)
    assert [record.scores for record in again.records] == [record.scores for record in first.records]
    more = measure_capacity("rnn", budgets=(150,), workdir=tmp_path, **(TINY | {"trials": 2}))
    assert len(more.records) > len(again.records)
    with pytest.raises(StorageError, match="has batch_size 16, not 8"):
        measure_capacity("rnn", budgets=(150,), workdir=tmp_path, **(TINY | {"trials": 2, "batch_size": 8}))


def test_variants_of_a_cell_stay_apart(leaky, tmp_path):
    """Breaks if two cells of one name share their trials, or cannot be told apart in tables and figures."""
    ask = {"budgets": (150,), "workdir": tmp_path, **(TINY | {"trials": 0})}
    measure_capacity(leaky, **ask)

    def steeper(params, h, x):
        h, _ = leaky.step(params, h, x)
        return h, jnp.tanh(2 * h)

    other = replace(leaky, step=steeper)
    with pytest.raises(StorageError, match="is of another cell named leaky; give this one another name"):
        measure_capacity(other, **ask)
    named = measure_capacity(other, name="leaky x 2", **ask)
    assert named.to_dataframe()["cell"].tolist() == ["leaky x 2"]


def test_a_result_outlives_its_process(of_rnn, leaky, tmp_path):
    """Breaks if a saved or pickled result loses a number, or a pickled one cannot be extended."""
    of_rnn.save(tmp_path / "rnn.json")
    loaded, pickled = Capacity.load(tmp_path / "rnn.json"), pickle.loads(pickle.dumps(of_rnn))
    for found in (loaded, pickled):
        assert found.records == of_rnn.records
        assert repr(found) == repr(of_rnn)
    assert len(pickled.more(seeds=1).records) > len(of_rnn.records)
    with pytest.raises(ValueError, match="does not know how it was measured"):
        loaded.more(seeds=1)
    users = measure_capacity(leaky, budgets=(150,), **(TINY | {"trials": 0}))
    assert pickle.loads(pickle.dumps(users)).measure is None
    (tmp_path / "broken.json").write_text("[{}]")
    with pytest.raises(ValueError, match=r"broken.json holds no capacity"):
        Capacity.load(tmp_path / "broken.json")


def test_a_comparison_is_over_common_budgets():
    """Breaks if the difference has the wrong sign, mixes sizes, or compares what was not measured."""

    def capacity(**values):
        pairs = [(study_of(name=budget, budget=int(budget[1:])), found) for budget, found in values.items()]
        return Capacity([record for study, found in pairs for record in records_of(study, [{"b": 50}] * 2, found)])

    first = capacity(p100=[3.0, 3.2], p200=[3.1, 3.3], p300=[9.0, 9.0])
    second = capacity(p100=[2.0, 2.2], p200=[2.3, 2.5])
    difference = first.compare(second)
    np.testing.assert_allclose(difference, mean_difference([[3.0, 3.2], [3.1, 3.3]], [[2.0, 2.2], [2.3, 2.5]]))
    np.testing.assert_allclose(second.compare(first), [-difference.value, -difference.high, -difference.low])
    np.testing.assert_allclose(difference.value, 0.9)
    with pytest.raises(ValueError, match=r"budgets are \[400\] and \[100, 200\]"):
        capacity(p400=[1.0, 2.0]).compare(second)


def test_a_headline_says_what_still_learns():
    """Breaks if a capacity that longer training would raise passes for a final one."""
    rising = {"bits_per_parameter": list(np.linspace(0, 3, 30))}
    capacity = Capacity(
        [
            replace(record, curve=rising, scores={**record.scores, "accuracy": 0.9})
            for record in records_of(study_of(), [{"b": 50}] * 2, [3.0, 3.0])
        ]
    )
    assert capacity.headline().endswith("; 2 of 2 runs were still learning")
    assert capacity.to_dataframe()["still_learning"].tolist() == [2]


def test_a_users_cell_keeps_its_defaults_unless_asked(leaky, planned):
    """Breaks if a user's hyperparameter is drawn unasked, or its range is not heard."""
    (plain,) = planned(leaky, budgets=(150,))
    assert "keep" not in plain.space
    assert {setting["keep"] for setting in plain.initial_settings} == {0.9}
    (ranged,) = planned(leaky, budgets=(150,), space={"keep": (0.1, 0.5)})
    assert (ranged.space["keep"].low, ranged.space["keep"].high) == (0.1, 0.5)
    assert {setting["keep"] for setting in ranged.initial_settings} == {0.5}


def test_cells_of_flax_are_measured(planned):
    """Breaks if a Flax cell has to be wrapped by its user, or is reported under another name."""
    cells = [planned(cell, budgets=(200,))[0].bucket.network.cell for cell in (nn.MGUCell(features=1), nnx.SimpleCell)]
    assert [cell.name for cell in cells] == ["MGUCell", "SimpleCell"]


def test_a_users_cell_and_task_are_measured_by_the_objective(leaky, sum_of_three, tmp_path):
    """Breaks if a task without bits fails, or claims bits per parameter."""
    capacity = measure_capacity(leaky, sum_of_three, budgets=(100,), **TINY)
    assert capacity.bits_per_parameter is None
    assert capacity.to_dataframe()["mean_loss"].notna().all()
    assert "loss" in repr(capacity)
    capacity.plot().savefig(tmp_path / "sum.png")


def test_a_task_with_arguments_of_its_own(planned):
    """Breaks if a ready task is replaced by the registered one, or a hyperparameter that is fixed moves."""
    (study,) = planned(rnn, per_cap(n_in=6, b_max=5000), budgets=(150,), space={"b": 100})
    assert study.bucket.task.n_in == 6
    assert {setting["b"] for setting in study.initial_settings} == {100}
    assert (study.space["b"].low, study.space["b"].high) == (100, 100)


def test_initial_settings_move_into_the_users_space():
    """Breaks if a hyperparameter that the user has fixed is trained at another value."""
    space = search_space(BUCKET, {"nonlinearity": "relu", "lr_init": (0.1, 0.2)})
    settings = [{"lr_init": 0.007, "b": 50}, {"lr_init": 0.015, "b": 50}]
    (setting,) = _with_settings_inside(study_of(space=space, initial_settings=settings)).initial_settings
    assert (setting["nonlinearity"], setting["lr_init"], setting["b"]) == ("relu", 0.1, 50)


def test_fewer_than_three_sizes_report_the_largest():
    """Breaks if two sizes pretend to a slope, or the mean is taken over sizes instead of seeds."""
    large = study_of(bucket=Bucket(Network(rnn, 6, 9, 1), BUCKET.task, 16), name="large")
    values = [3.0, 3.2, 3.4]
    sizes = [(large, values), (study_of(), [1.0] * 3)]
    capacity = Capacity([record for study, found in sizes for record in records_of(study, [{"b": 50}] * 3, found)])
    # The bits that are made up are those of 71 parameters.
    np.testing.assert_allclose(capacity.bits_per_parameter, mean_interval(np.array(values) * 71 / 163))
    assert "mean over 3 seeds at 163 parameters" in capacity.headline()
    assert capacity.slope is None
    assert "slope" not in capacity.headline()


def test_three_sizes_give_the_slope_of_their_seeds_too():
    """Breaks if the headline is not of the largest size, or the slope not of single measurements."""
    networks = [Network(rnn, 6, units, 1) for units in (5, 9, 16)]
    values = [[2.8, 3.0, 2.9], [3.1, 3.2, 3.0], [3.3, 3.1, 3.2]]
    studies = [study_of(bucket=Bucket(network, BUCKET.task, 16), name=str(network.n_params)) for network in networks]
    # The bits that are made up are those of 71 parameters.
    scaled = [np.array(some) * network.n_params / 71 for some, network in zip(values, networks, strict=True)]
    pairs = zip(studies, scaled, strict=True)
    capacity = Capacity([record for study, found in pairs for record in records_of(study, [{"b": 50}] * 3, found)])
    parameters = np.repeat([network.n_params for network in networks], 3)
    np.testing.assert_allclose(capacity.bits_per_parameter, mean_interval(values[2]))
    np.testing.assert_allclose(capacity.slope, pooled_slope_interval(parameters, parameters * np.ravel(values)))
    line = capacity.headline()
    assert line.startswith("rnn on per_cap: 3.20 bits per parameter, 95% [2.95, 3.45] (mean over 3 seeds at ")
    assert f"; slope over sizes {capacity.slope.value:.2f}, 95% [{capacity.slope.low:.2f}, " in line


def test_nothing_feasible_is_no_number():
    """Breaks if a cell that always diverges gets a capacity, or no result at all."""
    study = study_of()
    capacity = Capacity(records_of(study, [{"b": 50}] * 3, [np.nan] * 3))
    assert np.isnan(capacity.bits_per_parameter.value)
    assert "no trial was feasible" in repr(capacity)
    assert "no interval" in repr(capacity)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cell": "rnnn"}, "cell 'rnnn' .*rnn"),
        ({"cell": 3}, "cell is 3; allowed: a capacity_jax.Cell"),
        ({"task": "percap"}, "task 'percap' .*per_cap"),
        pytest.param({"task": per_cap}, "task is <function per_cap.*>; allowed: a capacity_jax.Task", id="a builder"),
        ({"budgets": 600}, "budgets is 600"),
        ({"budgets": ()}, r"budgets is \(\)"),
        ({"budgets": (0,)}, "budgets is 0"),
        ({"budgets": (10,)}, "max_params is 10"),
        ({"trials": -1}, "trials is -1"),
        ({"train_steps": 0}, "train_steps is 0"),
        ({"seeds": 0}, "seeds is 0"),
        ({"seed": 0.5}, "seed is 0.5"),
        ({"depth": 0}, "depth is 0"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"space": [1]}, r"space is \[1\]; allowed: a dict"),
        ({"space": {"lr_innit": 1.0}}, "'lr_innit' .*lr_init"),
        ({"space": {"lr_init": "fast"}}, "lr_init is 'fast'"),
        ({"space": {"lr_init": -1.0}}, "lr_init is -1.0"),
    ],
    ids=str,
)
def test_a_bad_argument_is_one_clear_sentence(changes, message):
    """Breaks if an impossible argument trains something, or is not named in the message."""
    with pytest.raises(ValueError, match=message) as refusal:
        measure_capacity(**({"cell": "rnn", "budgets": (150,), **TINY} | changes))
    assert "\n" not in str(refusal.value)
