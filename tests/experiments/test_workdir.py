"""The work directory of a run: one configuration, written once, whoever starts at the same time."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from ml_collections import ConfigDict

from experiments.workdir import CONFIG_FILE, WorkdirError, open_workdir

CONFIG = ConfigDict({"seed": 7, "checkpoint_interval": 60.0})


@pytest.mark.parametrize("damaged", [None, b"", b"{"])
def test_simultaneous_starts_agree_on_one_file(damaged, tmp_path):
    """Breaks if a start reads what another one is still writing, or an empty file of a power cut stays in the way."""
    for i in range(50):
        directory = tmp_path / str(i)
        if damaged is not None:
            directory.mkdir()
            (directory / CONFIG_FILE).write_bytes(damaged)
        with ThreadPoolExecutor(8) as pool:
            starts = [pool.submit(open_workdir, str(directory), CONFIG, "per_cap") for _ in range(8)]
        assert [start.result() for start in starts] == [directory] * 8
        assert json.loads((directory / CONFIG_FILE).read_text())["seed"] == 7
        names = {file.name for file in directory.iterdir()}
        assert names == {CONFIG_FILE} | ({f"{CONFIG_FILE}.damaged"} if damaged is not None else set())


def test_another_configuration_is_refused_and_the_first_one_stays(tmp_path):
    """Breaks if a start with other settings overwrites the file, or one that saves itself more often is refused."""
    open_workdir(str(tmp_path), CONFIG, "per_cap")
    open_workdir(str(tmp_path), ConfigDict({"seed": 7, "checkpoint_interval": 5.0}), "per_cap")
    with pytest.raises(WorkdirError, match=r"holds results of another configuration \(differing: seed\)"):
        open_workdir(str(tmp_path), ConfigDict({"seed": 8, "checkpoint_interval": 60.0}), "per_cap")
    assert json.loads((tmp_path / CONFIG_FILE).read_text())["seed"] == 7


def test_more_of_the_same_is_taken_and_told(tmp_path):
    """Breaks if a study cannot grow, shrinks, or nobody could tell what was asked for before."""
    small = {"seed": 7, "trials": 8, "seeds": 2, "budgets": (300, 500), "units": (), "cells": "rnn,gru"}
    open_workdir(str(tmp_path), ConfigDict(small), "per_cap")
    grown = small | {"trials": 16, "seeds": 4, "budgets": (300, 400, 500), "cells": "gru,rnn,lstm"}
    open_workdir(str(tmp_path), ConfigDict(grown), "per_cap")
    assert json.loads((tmp_path / CONFIG_FILE).read_text())["trials"] == 16
    assert json.loads((tmp_path / "config-before-1.json").read_text())["trials"] == 8
    open_workdir(str(tmp_path), ConfigDict(grown), "per_cap")
    less = {"trials": 8, "seeds": 3, "budgets": (300, 400), "cells": "gru,rnn"}
    for field, value in less.items():
        with pytest.raises(WorkdirError, match=rf"\(differing: {field}\)"):
            open_workdir(str(tmp_path), ConfigDict(grown | {field: value}), "per_cap")
    assert len(list(tmp_path.glob("config-before-*"))) == 1


def test_a_run_from_before_there_were_rungs_goes_on_without(tmp_path):
    """Breaks if a newer version refuses an older one's directory, or mixes trials that stop with those that do not."""
    older = {"seed": 7, "checkpoint_interval": 60.0}
    open_workdir(str(tmp_path), ConfigDict(older), "per_cap")
    open_workdir(str(tmp_path), ConfigDict(older | {"rungs": ()}), "per_cap")
    with pytest.raises(WorkdirError, match=r"\(differing: rungs\)"):
        open_workdir(str(tmp_path), ConfigDict(older | {"rungs": (0.2,)}), "per_cap")


def test_a_filesystem_without_links_will_do(tmp_path, monkeypatch):
    """Breaks if a run cannot begin on a mounted drive that knows no hard links."""

    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.link", refuse)
    open_workdir(str(tmp_path), CONFIG, "per_cap")
    assert [file.name for file in tmp_path.iterdir()] == [CONFIG_FILE]
