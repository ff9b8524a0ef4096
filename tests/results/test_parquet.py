"""Trials as Parquet, read back."""

import json

import numpy as np
import pandas as pd
import pytest
from trial_tables import table

from capacity_jax.results.parquet import read_parquet, write_parquet
from capacity_jax.results.workdir import WorkdirError, open_trials


def test_every_column_comes_back(tmp_path):
    """Breaks if a trial, a hyperparameter or a version is lost, or mixed words and numbers stop the export."""
    hparams = [{"lr_init": 0.1 + 0.2, "optimizer": "adam", "mine": 3}, {"lr_init": 0.01, "mine": "three"}]
    trials = table([{"study": "a", "task": "rcf", "cell": "rnn", "depth": 1, "hparams": one} for one in hparams])
    trials["curve"] = [{"step": [10], "loss": [np.nan]}, {}]
    write_parquet(tmp_path / "trials.parquet", trials)
    read = pd.read_parquet(tmp_path / "trials.parquet")
    kept = trials.drop(columns=["hparams", "versions", "curve", "task_args"])
    pd.testing.assert_frame_equal(read[list(kept)], kept, check_dtype=False)
    assert read["hparams.lr_init"].tolist() == [0.1 + 0.2, 0.01]
    assert read["hparams.mine"].tolist() == ["3", "three"]
    assert read["hparams.optimizer"].isna().tolist() == [False, True]
    assert [json.loads(one) for one in read["curve"]] == [{"step": [10], "loss": [None]}, {}]
    assert read["versions.jaxlib"].tolist() == ["0.10.2"] * 2
    again = read_parquet(tmp_path / "trials.parquet")
    assert again["hparams"].tolist() == [
        {"lr_init": 0.1 + 0.2, "optimizer": "adam", "mine": "3"},
        {"lr_init": 0.01, "mine": "three"},
    ]
    assert again["versions"].tolist() == trials["versions"].tolist()
    assert set(again) == set(trials)


def test_a_directory_of_exports_is_read_as_one_table(tmp_path):
    """Breaks if results kept without their storage cannot be judged, or studies of one name in two runs are mixed."""
    for name in ("b", "a"):
        write_parquet(tmp_path / f"{name}.parquet", table([{"study": "x", "task": "rcf", "cell": "rnn", "depth": 1}]))
    assert open_trials(tmp_path)["study"].tolist() == ["a/x", "b/x"]
    pd.DataFrame({"x": [1]}).to_parquet(tmp_path / "c.parquet")
    with pytest.raises(
        WorkdirError, match=r"trials cannot be read: .*c\.parquet holds no trials: column curve is missing"
    ):
        open_trials(tmp_path)


def test_without_pyarrow_it_says_what_to_install(tmp_path, monkeypatch):
    """Breaks if an installation without the extra ends in a traceback."""
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    trials = table([{"study": "a", "task": "rcf", "cell": "rnn", "depth": 1}])
    with pytest.raises(ValueError, match=r"pip install 'capacity_jax\[parquet\]'"):
        write_parquet(tmp_path / "trials.parquet", trials)
