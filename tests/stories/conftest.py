"""Stories of the whole product."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .product import Product, free_port


@pytest.fixture(scope='session')
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A running sandbox with its sample, for stories that leave it as they found it."""
    made = Product(tmp_path_factory.mktemp('shared') / 'state', free_port())
    try:
        made.start()
        made.wait_state('working')
        yield made
    finally:
        made.close()


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Product]:
    """One that a story may kill."""
    made = Product(tmp_path / 'state', free_port())
    try:
        made.start()
        made.wait_state('working')
        yield made
    finally:
        made.close()
