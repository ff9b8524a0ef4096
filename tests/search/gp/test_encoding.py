"""Settings to columns and back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from capacity_jax.search.gp.encoding import Encoding

SPACE = {
    "float": FloatDistribution(-2.0, 3.0),
    "log_float": FloatDistribution(1e-6, 10.0, log=True),
    "stepped": FloatDistribution(0.5, 2.0, step=0.25),
    "int": IntDistribution(-3, 4),
    "even": IntDistribution(2, 100, step=2),
    "log_int": IntDistribution(50_000, 20_000_000, log=True),
    "word": CategoricalDistribution(["a", "b", "c"]),
    "mixed": CategoricalDistribution([None, True, 3, 0.5]),
    "fixed": FloatDistribution(0.1, 0.1),
    "fixed_word": CategoricalDistribution(["only"]),
}
ENCODING = Encoding(SPACE)
UNIFORM = st.lists(st.floats(0, 1), min_size=len(ENCODING.searched), max_size=len(ENCODING.searched))


@settings(max_examples=100, deadline=None)
@given(UNIFORM)
def test_every_point_of_the_cube_is_a_setting_that_survives_the_round_trip(uniform):
    """Breaks if a kind of dimension leaves its range or grid, or is read back as another value."""
    columns = ENCODING.spread(np.array([uniform]))
    setting = ENCODING.decode(columns[0])
    assert ENCODING.holds(setting)
    for name, value in setting.items():
        assert SPACE[name]._contains(SPACE[name].to_internal_repr(value)), name
    np.testing.assert_allclose(ENCODING.encode([setting]), columns, atol=1e-12)
    for name, value in ENCODING.decode(ENCODING.encode([setting])[0]).items():
        assert value == (pytest.approx(setting[name]) if type(value) is float else setting[name]), name


def test_whole_numbers_and_choices_are_spread_evenly():
    """Breaks if the ends of a grid are drawn half as often as the rest."""
    uniform = (np.arange(8000)[:, None] + 0.5) / 8000 * np.ones(len(ENCODING.searched))
    drawn = [ENCODING.decode(row) for row in ENCODING.spread(uniform)]
    for name, n in (("int", 8), ("word", 3), ("mixed", 4), ("stepped", 7)):
        _, counts = np.unique([str(setting[name]) for setting in drawn], return_counts=True)
        assert len(counts) == n
        assert counts.max() - counts.min() <= 1


def test_moves_reach_every_value_of_small_grids_and_choices():
    """Breaks if a move changes another dimension, or misses a value."""
    start = ENCODING.spread(np.full((1, len(ENCODING.searched)), 0.3))[0]
    kept, put = ENCODING.moves
    before = ENCODING.decode(start)
    reached = {}
    for setting in map(ENCODING.decode, start * kept + put):
        changed = [name for name in SPACE if str(setting[name]) != str(before[name])]
        assert len(changed) <= 1
        for name in changed:
            reached.setdefault(name, set()).add(setting[name])
    assert {name: len(values) for name, values in reached.items()} == {"stepped": 6, "int": 7, "word": 2, "mixed": 3}


def test_a_trial_outside_the_space_is_not_held():
    """Breaks if foreign values are encoded as if they were near."""
    setting = ENCODING.decode(ENCODING.spread(np.full((1, len(ENCODING.searched)), 0.3))[0])
    assert ENCODING.holds({**setting, "another": 1})
    assert not ENCODING.holds({**setting, "word": "z"})
    assert not ENCODING.holds({**setting, "float": 3.1})
    assert not ENCODING.holds({name: setting[name] for name in setting if name != "int"})
