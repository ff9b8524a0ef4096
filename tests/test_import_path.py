"""What stands at `module:name`, and one sentence where nothing does."""

import sys

import pytest

from capacity_jax.cells import CELLS, cell_by_name
from capacity_jax.import_path import load
from capacity_jax.tasks import Task, task_by_name


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A current directory of its own that no module was imported from."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    return tmp_path


def test_the_current_directory_is_looked_through(here):
    """Breaks if an installed command does not find the module beside which it is started."""
    (here / "beside_the_user.py").write_text("import capacity_jax\nmine = capacity_jax.gru\n")
    assert load("cell", "beside_the_user:mine") is CELLS["gru"]
    assert cell_by_name("beside_the_user:mine") is CELLS["gru"]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("a b:c", "cell is 'a b:c'; allowed: a name, or module:name such as mypackage.cells:mine"),
        (":gru", "cell is ':gru'; allowed"),
        ("capacity_jax.cells:", "cell is 'capacity_jax.cells:'; allowed"),
        (
            "no_such_package.cells:gru",
            "cell is 'no_such_package.cells:gru', whose module cannot be imported: No module",
        ),
        ("broken_module:gru", "cell is 'broken_module:gru', whose module cannot be imported: what was I thinking$"),
        ("capacity_jax.cells:grru", "cell of capacity_jax.cells 'grru' is unknown; did you mean gru?"),
        ("capacity_jax.cells:linear", "cell is 'capacity_jax.cells:linear', a function; allowed: a capacity_jax.Cell"),
    ],
)
def test_a_path_that_leads_to_no_cell_is_one_sentence(path, message, here):
    """Breaks if a mistyped path, or a module that fails in its own way, gives a traceback."""
    (here / "broken_module.py").write_text("raise RuntimeError('what was I thinking\\nindeed')")
    with pytest.raises(ValueError, match=message):
        cell_by_name(path)


def test_a_task_is_one_object_for_equal_arguments():
    """Breaks if every size of a user's task is compiled anew, or what builds no task is trained on."""
    build = task_by_name("capacity_jax.tasks:mem_thru")
    assert isinstance(build(n_in=3), Task)
    assert task_by_name("capacity_jax.tasks:mem_thru")(n_in=3) is build(n_in=3)
    with pytest.raises(ValueError, match="task is 'os:getcwd', which gives a str; allowed"):
        task_by_name("os:getcwd")()
    with pytest.raises(ValueError, match="task is 'os:sep', which gives a str"):
        task_by_name("os:sep")
