"""A sandbox and a process with real clients, one of each for all the stories of a module."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.sandbox.library import original
from core.sandbox.process import Sandbox, start_sandbox
from core.sandbox.tokens import Dictionary, load
from tests.sandbox.rig import Rig

SHOP, BOB, CAROL, DORA = (f'1555000000{n}' for n in range(1, 5))


@pytest.fixture(scope='session')
def words(tmp_path_factory: pytest.TempPathFactory) -> Dictionary:
    return load(original(), tmp_path_factory.mktemp('tokens') / 'tokens.json')


@pytest.fixture(scope='module')
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    running = start_sandbox(tmp_path_factory.mktemp('state') / 'sandbox')
    for number, name in zip((SHOP, BOB, CAROL, DORA), ('Shop', 'Bob', 'Carol', 'Dora'), strict=True):
        running.add_phone(number, name)
    yield running
    running.close()


@pytest.fixture(scope='module')
def rig(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    clients = Rig(sandbox, tmp_path_factory.mktemp('clients'))
    yield clients
    clients.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / 'sandbox'
