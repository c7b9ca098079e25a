import pytest


@pytest.fixture(autouse=True)
def checks_may_ask_the_database(db: None) -> None:
    """Those of Django do: whether it has JSON."""
