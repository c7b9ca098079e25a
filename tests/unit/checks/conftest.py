import pytest


@pytest.fixture(autouse=True)
def checks_may_ask_the_database(db: None) -> None:
    """From Django 6 on its own do, on SQLite: whether it has JSON."""
