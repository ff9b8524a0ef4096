"""Bad inputs to the command line, and the command run on one of them in a process of its own."""

import os
import resource
import sys
from pathlib import Path

from forked import command

# CPU seconds and bytes that a refusal may take, and the address space in which it must live.
SECONDS, MEMORY, ADDRESSES = 30, 2 * 2**30, 12 * 2**30

# Configuration files by name: `base` stands for a sound configuration.
SOUND = """
from experiments.configs.quickstart import get_config as sound

def get_config(extent="smoke"):
    config = sound("smoke")
    config.cells = "rnn"
    config.budgets = (80,)
{}
    return config
"""
FILES = {
    "syntax.py": "def get_config(:\n",
    "raises.py": "def get_config():\n    raise KeyError('a\\nb')\n",
    "divides.py": "1 / 0\n",
    "asserts.py": "def get_config():\n    assert False\n",
    "imports.py": "import no_such_module\n",
    "exits.py": "import sys\nsys.exit(0)\n",
    "recurses.py": "def get_config():\n    return get_config()\n",
    "empty.py": "",
    "needs.py": "def get_config(extent, more):\n    return None\n",
    "none.py": "def get_config():\n    return None\n",
    "dict.py": "def get_config():\n    return {'cells': 'rnn'}\n",
    "text.py": "def get_config():\n    return 'rnn'\n",
    "lacks.py": "from ml_collections import ConfigDict\n\ndef get_config():\n    return ConfigDict({'cells': 'rnn'})\n",
    "binary.py": "\0\0\0",
    "notes.txt": "cells = rnn\n",
}
FIELDS = {
    "space = {1: 2}": "space",
    "space = {'lr_init': {}}": "lr_init",
    "space = {'lr_init': None}": "lr_init",
    "space = {'lr_init': 'fast'}": "lr_init",
    "space = {'lr_init': [[0.1, 0.2]]}": "lr_init",
    "space = {'optimizer': [1.5]}": "optimizer",
    "space = {'optimizer': []}": "optimizer",
    "space = 3": "space",
    "space = None": "space",
    "task_args = {1: 2}": "task_args",
    "task_args = None": "task_args",
    "task_args = {'n_in': ()}": "n_in",
    "task_args = {'n_in': 'x'}": "n_in",
    "task_args = {'n_in': (8, 'x')}": "n_in",
    "task = None": "task",
    "task = 3": "task",
    "cells = None": "cells",
    "cells = ('rnn', 'gru')": "cells",
    "budgets = None": "budgets",
    "budgets = 80": "budgets",
    "budgets = '80'": "budgets",
    "budgets = ('80',)": "budgets",
    "budgets = (80.5,)": "budgets",
    "units = 3": "units",
    "seeds = None": "seeds",
    "seeds = 2.5": "seeds",
    "seeds = True": "seeds",
    "seed = None": "seed",
    "trials = 1.5": "trials",
    "batch_size = '64'": "batch_size",
    "sampler = None": "sampler",
    "sampler = 3": "sampler",
    "name = None": "name",
    "name = 3": "name",
    "figure = 3": "figure",
    "warm_start = 3": "warm_start",
    "max_train_steps = 'x'": "max_train_steps",
    "checkpoint_interval = None": "checkpoint_interval",
    "checkpoint_interval = 'x'": "checkpoint_interval",
    "transformation = 3": "transformation",
    "transformation = 'adam'": "transformation",
    "transformation = 'optax:adamm'": "transformation",
    "transformation = 'math:pi'": "transformation",
    "rungs = 0.5": "rungs",
    "rungs = (2.0,)": "rungs",
    "initial_settings = None": "initial_settings",
    "initial_settings = 3": "initial_settings",
    "initial_settings = {'rnn': 3}": "initial_settings",
    "initial_settings = {'rnn': (3,)}": "initial_settings",
    "initial_settings = {'rnn': ({'lr_init': -1.0},)}": "lr_init",
    "initial_settings = {'rnn': ({'lr_init': (0.1, 0.2)},)}": "lr_init",
    "initial_settings = {'rnn': ({'train_steps': 0},)}": "train_steps",
    "initial_settings = {'rnn': ({'b': 0},)}": "b is 0",
    "initial_settings = {'rnn': ({'lr_int': 0.1},)}": "lr_int",
    "initial_settings = {'rnn': ({1: 2},)}": "initial_settings",
    "initial_settings = {'rnn': ({'train_steps': 9, 'relative_rate': -1.0},)}": "relative_rate",
    "initial_settings = {'rnn': ({'relative_labels': 1.0},)}": "relative_labels",
    "initial_settings = {'rnn': ({'relative_to': 'sgd'},)}": "relative_to",
}

# Arguments, and what the one line names. {tmp} is a directory with the files above.
ARGUMENTS = {
    "--config=": "empty string",
    "--config={tmp}/missing.py": "missing.py",
    "--config={tmp}": "",
    "--config=/dev/null": "",
    "--config=experiments/configs/quickstart.py:huge": "extent is 'huge'",
    **{f"--config={{tmp}}/{name}": "config" for name in FILES},
    "stray": "unknown argument 'stray'",
    "--bogus=1": "bogus",
    "--workdir": "workdir",
    "--config.budgts=100,": "budgts",
    "--config.space.lr=0.1": "lr",
    "--config.task_args.foo=1": "foo",
    "--config.seeds=0": "seeds is 0",
    "--config.seeds=-1": "seeds is -1",
    "--config.seeds=x": "seeds",
    "--config.seeds=1.5": "seeds",
    "--config.seeds=": "seeds",
    "--config.seeds=100000000000": "seeds is 100000000000",
    "--config.seed=-1": "seed is -1",
    "--config.seed=x": "seed",
    "--config.trials=-1": "trials is -1",
    "--config.trials=1e3": "trials",
    "--config.trials=100000000000": "trials is 100000000000",
    "--config.proposals=0": "proposals is 0",
    "--config.proposals=x": "proposals",
    "--config.proposals=100000000000": "proposals is 100000000000",
    "--config.batch_size=0": "batch_size is 0",
    "--config.batch_size=-64": "batch_size is -64",
    "--config.batch_size=x": "batch_size",
    "--config.batch_size=100000000000": "batch_size is 100000000000",
    "--config.batch_size=2000000000": "a smaller batch",
    "--config.checkpoint_interval=0": "checkpoint_interval is 0",
    "--config.checkpoint_interval=-1": "checkpoint_interval is -1",
    "--config.checkpoint_interval=nan": "checkpoint_interval is nan",
    "--config.checkpoint_interval=inf": "checkpoint_interval is inf",
    "--config.checkpoint_interval=x": "checkpoint_interval",
    "--config.budgets=0,": "budgets is 0",
    "--config.budgets=-5,": "budgets is -5",
    "--config.budgets=x,": "budgets",
    "--config.budgets=3,": "max_params is 3",
    "--config.budgets=()": "budgets is ()",
    "--config.budgets=80.5,": "budgets",
    "--config.budgets=1000000000000000000000000000000,": "budgets is 1000000000000000000000000000000",
    "--config.budgets=2000000000,": "",
    "--config.units=8,": "exactly one must hold sizes",
    "--config.budgets=() --config.units=0,": "units is 0",
    "--config.budgets=() --config.units=-3,": "units is -3",
    "--config.budgets=() --config.units=x,": "units",
    "--config.budgets=() --config.units=100000000000,": "units is 100000000000",
    "--config.budgets=() --config.units=1000000,": "",
    "--config.cells=": "cells holds ''",
    "--config.cells=,": "cells holds ''",
    "--config.cells=rnnn": "cell 'rnnn' is unknown",
    "--config.cells=rnn,,gru": "cells holds ''",
    "--config.cells=rnn;gru": "rnn;gru",
    "--config.cells=gru@0": "cells holds 'gru@0'",
    "--config.cells=gru@-1": "cells holds 'gru@-1'",
    "--config.cells=gru@x": "cells holds 'gru@x'",
    "--config.cells=gru@1.5": "cells holds 'gru@1.5'",
    "--config.cells=gru@2@3": "cells holds 'gru@2@3'",
    "--config.cells=gru@1000000000": "gru@1000000000",
    "--config.cells=gru@²": "gru@",
    "--config.cells=rnn,rnn": "cells holds 'rnn' twice",
    "--config.task=": "task ''",
    "--config.task=percap": "task 'percap' is unknown",
    "--config.task=text9": "task 'text9' is unknown",
    "--config.task_args.n_in=0": "n_in is 0",
    "--config.task_args.n_in=-1": "n_in is -1",
    "--config.task_args.n_in=x": "n_in",
    "--config.task_args.n_in=100000000000": "n_in is 100000000000",
    "--config.task_args.n_steps=0": "n_steps is 0",
    "--config.task_args.n_steps=100000000000": "n_steps is 100000000000",
    "--config.sampler=": "sampler ''",
    "--config.sampler=tep": "sampler 'tep' is unknown",
    "--config.sampler=GridSampler": "GridSampler",
    "--config.sampler=PartialFixedSampler": "PartialFixedSampler",
    "--config.sampler=BaseSampler": "BaseSampler",
    "--config.figure=fig99": "figure is 'fig99'",
    "--config.figure=fig2c": "no folder of that import path holds a figure.py",
    "--config.space.ema=0.9": "hyperparameter 'ema' is unknown",
    "--config.figure=..": "figure is '..'",
    "--config.figure=fig1;x": "figure is 'fig1;x'",
    "--config.figure=experiments.paper": "figure is 'experiments.paper'",
    "--config.warm_start={tmp}/missing.tar.gz": "missing.tar.gz",
    "--config.warm_start={tmp}/empty.py": "empty.py",
    "--config.warm_start={tmp}": "",
    "--config.max_train_steps=0": "max_train_steps is 0",
    "--config.max_train_steps=-5": "max_train_steps is -5",
    "--config.max_train_steps=x": "max_train_steps",
    "--config.max_train_steps=100000000000": "max_train_steps is 100000000000",
    "--config.name= ": "name is ",
    "--config.name=": "name is ''",
    "--config.name=a/b": "name is 'a/b'",
    "--config.name=..": "name is '..'",
    "--config.space.train_steps=0": "train_steps is 0",
    "--config.space.train_steps=-1": "train_steps is -1",
    "--config.space.train_steps=1.5": "train_steps is 1.5",
    "--config.space.train_steps=x": "train_steps",
    "--config.space.train_steps=5,1": "train_steps is (5, 1)",
    "--config.space.train_steps=1,2,3": "train_steps is (1, 2, 3)",
    "--config.space.train_steps=0,5": "train_steps is 0",
    "--config.space.train_steps=99999999999999999999": "train_steps is 99999999999999999999",
    "--config.space.train_steps=1,99999999999999999999": "train_steps is 99999999999999999999",
    "--config.space.train_steps=()": "train_steps has no value",
    "--config.space.train_steps=True": "train_steps is 'True'",
    "--config.space.lr_init=0": "lr_init is 0",
    "--config.space.lr_init=-0.1": "lr_init is -0.1",
    "--config.space.lr_init=nan": "lr_init is",
    "--config.space.lr_init=inf": "lr_init is",
    "--config.space.lr_init=True": "lr_init is 'True'",
    "--config.space.lr_init=x": "lr_init",
    "--config.space.lr_init=0.1,0.01": "lr_init is (0.1, 0.01)",
    "--config.space.lr_init=0,0.01": "lr_init is 0",
    "--config.space.lr_init=1e300": "lr_init is 1e+300",
    "--config.space.lr_init='a','b'": "lr_init is 'a'",
    "--config.space.lr_init=()": "lr_init has no value",
    "--config.space.lr_decay_rate=0": "lr_decay_rate is 0",
    "--config.space.gradient_clip_val=0,1": "gradient_clip_val is 0",
    "--config.space.l2_decay=-1,0": "l2_decay is -1",
    "--config.space.optimizer=foo": "optimizer is 'foo'",
    "--config.space.optimizer='adam','foo'": "optimizer is 'foo'",
    "--config.space.optimizer=()": "optimizer has no value",
    "--config.space.optimizer_logit_momentum='x',": "optimizer_logit_momentum is 'x'",
    "--config.space.recurrent_matrix_scale=1e300,1e308": "recurrent_matrix_scale_h is 1e+300",
    "--config.space.input_scale=nan": "input_scale",
    "--config.space.b_per_parameter=0": "b_per_parameter is 0",
    "--config.space.b_per_parameter=-1,2": "b_per_parameter is (-1, 2)",
    "--config.space.b_per_parameter=4,2": "b_per_parameter is (4, 2)",
    "--config.space.b_per_parameter=1e30": "b",
    "--config.space.b_per_parameter=1,1e7": "",
    "--config.space.b_per_parameter='x',": "b_per_parameter is",
    "--workdir=/dev/null/results": "workdir is /dev/null/results",
    "--workdir=/proc/results": "workdir is /proc/results",
    "--workdir={tmp}/notes.txt": "notes.txt",
    "--storage=sqlite://": "storage is sqlite://",
    "--storage=sqlite:///": "storage is sqlite:///",
    "--storage=sqlite:////nowhere/at/all.db": "storage is sqlite:////nowhere/at/all.db",
    "--storage=sqlite:///{tmp}": "storage is sqlite:///",
    "--storage=sqlite:///{tmp}/notes.txt": "notes.txt",
    "--storage=nonsense": "storage is nonsense",
    "--storage=studies.db": "storage is studies.db",
    "--storage=://": "storage is ://",
    "--storage=redis://localhost": "storage is redis://localhost",
    "--storage=mysql://nobody@localhost/nothing": "storage is mysql://nobody@localhost/nothing",
    "--storage=postgresql+psycopg://nobody:pw@127.0.0.1:1/x": "postgresql+psycopg://nobody:***@127.0.0.1:1/x",
    "--storage=journal:": "storage is journal:",
    "--storage=journal:/nowhere/at/all": "storage is journal:/nowhere/at/all",
    "--storage=journal:{tmp}": "storage is journal:",
    "--storage=journal:{tmp}/notes.txt": "notes.txt",
    "--config=experiments/configs/text8.py:smoke --config.task_args.corpus={tmp}/missing": "missing",
    "--config=experiments/configs/text8.py:smoke --config.task_args.n_warmup=50": "n_warmup",
    "--config=experiments/configs/text8.py:smoke --config.task_args.n_evaluation=0": "n_evaluation is 0",
    "--config=experiments/configs/text8.py:smoke --config.task_args.n_steps=100000000": "n_steps",
    "--config=experiments/configs/mem_thru.py:smoke --config.task_args.n_in=0": "n_in is 0",
    "--config=experiments/configs/mem_thru.py:smoke --config.task_args.n_evaluation=100000000000": "n_evaluation is",
    "--config=experiments/configs/rcf.py:smoke --config.task_args.n_examples=1": "n_examples is 1",
    "--config=experiments/configs/parens_counting.py:smoke --config.task_args.n_kinds=0": "n_kinds is 0",
    "--config=experiments/configs/arithmetic.py:smoke --config.task_args.largest=0": "largest is 0",
    "--config=experiments/configs/arithmetic.py:smoke --config.space.compute_steps=7": "compute_steps is 7",
}


def cases(directory: Path) -> list[tuple[list[str], str]]:
    """All of them: arguments, and what the line must name; writes the files that they need."""
    for name, text in FILES.items():
        (directory / name).write_text(text)
    found = [(arguments.format(tmp=directory).split(" --"), named) for arguments, named in ARGUMENTS.items()]
    found = [([one if i == 0 else f"--{one}" for i, one in enumerate(split)], named) for split, named in found]
    for i, (line, named) in enumerate(FIELDS.items()):
        file = directory / f"field_{i}.py"
        file.write_text(SOUND.format(f"    with config.unlocked(), config.ignore_type():\n        config.{line}"))
        found.append(([f"--config={file}"], named))
    (directory / "sound.py").write_text(SOUND.format(""))
    return [(with_rest(arguments, directory, i), named) for i, (arguments, named) in enumerate(found)]


def with_rest(arguments: list[str], directory: Path, i: int) -> list[str]:
    """The arguments over a sound configuration, and a work directory of their own that may be made."""
    config = [] if any(one.startswith("--config=") for one in arguments) else [f"--config={directory / 'sound.py'}"]
    workdir = [] if any(one.startswith("--workdir") for one in arguments) else [f"--workdir={directory / f'runs/{i}'}"]
    return [*config, *workdir, *arguments]


def child(arguments: list[str], report: Path) -> None:
    """The command in this process; what it says goes to the report, which ends with the memory it took."""
    opened = os.open(report, os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
    os.dup2(opened, sys.stderr.fileno())
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    try:
        command(tuple(arguments))
    finally:
        report.with_suffix(".memory").write_text(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))
