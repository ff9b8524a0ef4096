"""`capacity-jax measure` from its arguments to the result, and its mistakes in one line."""

import subprocess
import sys

import pytest

from capacity_jax.cells import gru
from capacity_jax.commands.main import main


# `.ci/run` does the same with a wheel in an environment of its own.
@pytest.mark.slow
def test_a_cell_is_measured_in_a_process_of_its_own(tmp_path):
    """Breaks if an installed package cannot measure without a clone, or shows no progress meanwhile."""
    sizes = ("--budgets=80,120", "--steps=50", "--trials=0", "--seeds=2")
    done = subprocess.run(
        [sys.executable, "-m", "capacity_jax", "measure", "rnn", *sizes], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("rnn on per_cap: ")
    assert [line.split()[0] for line in done.stdout.splitlines()[1:]] == ["cell", "rnn", "rnn"]
    assert "8/8 trials" in done.stderr


def test_arguments_are_those_of_the_call(monkeypatch, capsys):
    """Breaks if an option is lost or renamed on its way, or one that is left out is passed on."""
    calls = []
    monkeypatch.setattr(
        "capacity_jax.commands.measure.measure_capacity", lambda *args, **given: calls.append((args, given))
    )
    options = "--task=mem_thru --budgets=300,600 --steps=20 --trials=1 --seeds=3 --seed=4 --batch_size=5"
    main(["measure", "capacity_jax.cells:gru@2", *options.split(), "--workdir=a", "--name=b", "--storage=c"])
    given = {"task": "mem_thru", "budgets": (300, 600), "train_steps": 20, "trials": 1, "seeds": 3, "seed": 4}
    given |= {"batch_size": 5, "workdir": "a", "name": "b", "storage": "c"}
    assert calls == [((gru,), {"depth": 2, **given})]
    assert "capacity-jax report a" in capsys.readouterr().out
    main(["measure", "gru"])
    assert calls[1] == ((gru,), {"depth": 1})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("measure", "the following arguments are required: cell"),
        ("measur gru", "invalid choice: 'measur'"),
        ("measure gruu", "cell 'gruu' is unknown; did you mean gru?"),
        ("measure gru@0", "cells holds 'gru@0'"),
        ("measure gru --task=percap", "task 'percap' is unknown; did you mean per_cap?"),
        ("measure gru --budgets=some", "argument --budgets: 'some' holds no whole numbers; allowed: numbers such as"),
        ("measure gru --budgets=5", "max_params is 5; the smallest gru network"),
        ("measure gru --seeds=0", "seeds is 0; it must be a whole number of at least 1"),
        ("measure gru --steps=many", "argument --steps: invalid int value: 'many'"),
        ("measure gru --size=3", "unrecognized arguments: --size=3"),
    ],
)
def test_a_mistake_is_one_line_and_exit_2(arguments, message, capsys):
    """Breaks if a mistake on the command line gets a traceback, or trains something else."""
    with pytest.raises(SystemExit) as ended:
        main(arguments.split())
    assert ended.value.code == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert printed.err.startswith("capacity_jax: ")
    assert message in printed.err
