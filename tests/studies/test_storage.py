"""What is said of a storage: never its password."""

import pytest

from capacity_jax.studies import StorageError, masked, open_storage


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql+psycopg://me:p%40ss:w/rd@host:5432/db", "postgresql+psycopg://me:***@host:5432/db"),
        ("--storage=mysql://me:a@b@host/db", "--storage=mysql://me:***@host/db"),
        ("mysql://me:a b'c\"d@host/db", "mysql://me:***@host/db"),
        ("postgresql://host:5432/db?user=me&password=pw&x=1", "postgresql://host:5432/db?user=me&password=***&x=1"),
        ("redis://:pw@host:6379/0", "redis://:***@host:6379/0"),
        ("sqlite:///studies.db", "sqlite:///studies.db"),
        ("postgresql://me@host/db", "postgresql://me@host/db"),
    ],
)
def test_passwords_are_masked(text, shown):
    """Breaks if any part of a password is shown, or anything else is hidden."""
    assert masked(text) == shown


def test_a_driver_that_tells_the_password_is_masked():
    """Breaks if the password, spelt as in the URL or plainly, passes in the words of a driver."""
    url = "postgresql://me:p%40ss@host/db"
    assert masked('cannot log in with "p@ss" (p%40ss)', url) == 'cannot log in with "***" (***)'


@pytest.mark.parametrize("url", ["postgresql://me:secret@127.0.0.1:1/db", "nonsense://me:secret@host/db"])
def test_a_storage_that_cannot_be_opened_keeps_its_password(url):
    """Breaks if the error, or the representation of what it came from, holds the password."""
    with pytest.raises(StorageError, match="which cannot be opened: ") as caught:
        open_storage(url)
    assert "secret" not in str(caught.value)
    assert "***" in str(caught.value)
    assert caught.value.__cause__ is None
