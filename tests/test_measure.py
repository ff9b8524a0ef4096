"""One call from a cell to its capacity."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn
from flax import nnx

from capacity_jax import Batch, Cell, Task, measure_capacity, per_cap, rnn
from capacity_jax.estimators import mean_interval
from capacity_jax.measure import _with_starts_inside
from capacity_jax.networks import Network
from capacity_jax.results import Capacity
from capacity_jax.search import Study, search_space
from capacity_jax.training import Bucket, Outcome

TINY = {"trials": 1, "steps": 30, "seeds": 2, "batch_size": 16}


@pytest.fixture(scope="module")
def of_rnn():
    return measure_capacity("rnn", budgets=(150, 300, 400), **TINY)


@pytest.fixture
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
    assert "slope over 3 sizes" in first
    assert len(table) == 4
    assert "<table" in of_rnn._repr_html_()


def test_the_same_seed_gives_the_same_result(of_rnn):
    """Breaks if a measurement cannot be repeated, or seeds change nothing."""
    again = measure_capacity("rnn", budgets=(150,), **TINY).to_dataframe()
    other = measure_capacity("rnn", budgets=(150,), seed=1, **TINY).to_dataframe()
    assert again.loc[0, "bits"] == of_rnn.to_dataframe().loc[0, "bits"]
    assert again.loc[0, "bits"] != other.loc[0, "bits"]


def test_a_users_cell_keeps_its_defaults_unless_asked(leaky):
    """Breaks if a user's hyperparameter is drawn unasked, or its range is not heard."""
    plain = measure_capacity(leaky, budgets=(150,), **TINY)
    assert {outcome.trial.hparams["keep"] for _, outcomes in plain.studies for outcome in outcomes} == {0.9}
    ranged = measure_capacity(leaky, budgets=(150,), space={"keep": (0.1, 0.5)}, **TINY)
    keeps = {outcome.trial.hparams["keep"] for _, outcomes in ranged.studies for outcome in outcomes}
    assert all(0.1 <= keep <= 0.5 for keep in keeps)
    assert len(keeps) > 1


@pytest.mark.parametrize("cell", [nn.MGUCell(features=1), nnx.SimpleCell], ids=["linen", "nnx"])
def test_cells_of_flax_are_measured(cell):
    """Breaks if a Flax cell has to be wrapped by its user, or is reported under another name."""
    table = measure_capacity(cell, budgets=(200,), **(TINY | {"trials": 0})).to_dataframe()
    assert table["cell"].tolist() == [cell.__name__ if isinstance(cell, type) else "MGUCell"]
    assert table["bits"].notna().all()


def test_a_users_task_is_measured_by_its_objective(sum_of_three, tmp_path):
    """Breaks if a task without bits fails, or claims bits per parameter."""
    capacity = measure_capacity("gru", sum_of_three, budgets=(100,), **TINY)
    assert capacity.bits_per_parameter is None
    assert capacity.to_dataframe()["loss"].notna().all()
    assert "loss" in repr(capacity)
    capacity.plot().savefig(tmp_path / "sum.png")


def test_a_task_with_arguments_of_its_own():
    """Breaks if a ready task is replaced by the registered one."""
    capacity = measure_capacity(rnn, per_cap(n_in=6, b_max=5000), budgets=(150,), space={"b": 100}, **TINY)
    study, outcomes = capacity.studies[0]
    assert study.bucket.task.n_in == 6
    assert {outcome.trial.hparams["b"] for outcome in outcomes} == {100}


def test_starts_move_into_the_users_space():
    """Breaks if a hyperparameter that the user has fixed is trained at another value."""
    bucket = Bucket(Network(rnn, 6, 5, 1), per_cap(n_in=6, b_max=100), 16)
    space = search_space(bucket, {"nonlinearity": "relu", "lr_init": (0.1, 0.2)})
    starts = [{"lr_init": 0.007, "b": 50}, {"lr_init": 0.015, "b": 50}]
    (start,) = _with_starts_inside(Study(bucket, space, starts, n_trials=0, n_seeds=1, seed=0)).starts
    assert (start["nonlinearity"], start["lr_init"], start["b"]) == ("relu", 0.1, 50)


def outcomes_of(study, per_parameter):
    n_params = study.bucket.network.n_params
    return [
        Outcome(trial, {"bits": value * n_params, "bits_per_parameter": value}, 10, np.isnan(value), 1.0)
        for trial, value in zip(study.starting_trials(), per_parameter, strict=True)
    ]


def study_of(n_hidden):
    bucket = Bucket(Network(rnn, 6, n_hidden, 1), per_cap(n_in=6, b_max=100), 16)
    return Study(bucket, space={}, starts=[{"b": 50}], n_trials=0, n_seeds=3, seed=0)


def test_fewer_than_three_sizes_report_the_largest():
    """Breaks if two sizes pretend to a slope, or the mean is taken over sizes instead of seeds."""
    small, large = study_of(5), study_of(9)
    values = [3.0, 3.2, 3.4]
    capacity = Capacity([(large, outcomes_of(large, values)), (small, outcomes_of(small, [1.0, 1.0, 1.0]))])
    np.testing.assert_allclose(capacity.bits_per_parameter, mean_interval(values))
    assert "mean over 3 seeds at 163 parameters" in capacity.headline()


def test_nothing_feasible_is_no_number():
    """Breaks if a cell that always diverges gets a capacity, or no result at all."""
    study = study_of(5)
    capacity = Capacity([(study, outcomes_of(study, [np.nan] * 3))])
    assert np.isnan(capacity.bits_per_parameter.value)
    assert "no trial was feasible" in repr(capacity)
    assert "no interval" in repr(capacity)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cell": "rnnn"}, "cell is 'rnnn'; known cells: rnn"),
        ({"cell": 3}, "cell is 3; allowed: a capacity_jax.Cell, a flax.linen cell"),
        ({"task": "percap"}, "task is 'percap'; known tasks: per_cap"),
        ({"task": per_cap}, "task is <function per_cap.*>; allowed: a capacity_jax.Task"),
        ({"budgets": 600}, "budgets is 600; allowed: numbers of parameters"),
        ({"budgets": ()}, r"budgets is \(\); allowed: numbers of parameters"),
        ({"budgets": (0,)}, "budgets is 0; it must be a whole number of at least 1"),
        ({"budgets": (10,)}, "max_params is 10; the smallest rnn network of depth 1"),
        ({"trials": -1}, "trials is -1; it must be a whole number of at least 0"),
        ({"steps": 0}, "steps is 0; it must be"),
        ({"seeds": 0}, "seeds is 0; it must be"),
        ({"seed": 0.5}, "seed is 0.5; it must be"),
        ({"depth": 0}, "depth is 0; it must be"),
        ({"batch_size": 0}, "batch_size is 0; it must be"),
        ({"space": [1]}, r"space is \[1\]; allowed: a dict"),
        ({"space": {"lr_innit": 1.0}}, "'lr_innit' is unknown here; did you mean lr_init"),
        ({"space": {"lr_init": "fast"}}, "space.lr_init is 'fast'; allowed: a number"),
        ({"space": {"lr_init": -1.0}}, "lr_init is -1.0; it must be positive"),
    ],
)
def test_a_bad_argument_is_one_clear_sentence(changes, message):
    """Breaks if an impossible argument trains something, or is not named in the message."""
    with pytest.raises(ValueError, match=message) as refusal:
        measure_capacity(**({"cell": "rnn", "budgets": (150,), **TINY} | changes))
    assert "\n" not in str(refusal.value)
