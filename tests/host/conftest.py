"""One sandbox for all stories of this folder, one linked session `shop` per module; Anna is a customer."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.events import Connected, PairingCodeShown
from core.sandbox.control import Fault
from core.sandbox.process import Sandbox, start_sandbox
from tests.host.stage import ANNA, Stage, eventually


@pytest.fixture(scope='session')
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    running = start_sandbox(tmp_path_factory.mktemp('sandbox'))
    running.add_phone(ANNA, 'Anna')
    yield running
    running.close()


@pytest.fixture(scope='module')
def stage(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """`shop` is linked and connected."""
    made = Stage(sandbox, tmp_path_factory.mktemp('sessions'))
    made.linked('shop', '15550000001')
    eventually(lambda: any(each.push_name for each in made.of(Connected)))  # nothing comes by itself any more
    yield made
    made.hosts.stop()


@pytest.fixture
def empty_stage(sandbox: Sandbox, tmp_path: Path) -> Iterator[Stage]:
    made = Stage(sandbox, tmp_path / 'sessions')
    yield made
    made.hosts.stop()


@pytest.fixture(autouse=True)
def _no_faults_left(sandbox: Sandbox) -> Iterator[None]:
    yield
    sandbox.clear_fault()


@pytest.fixture(scope='session')
def unscanned(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A pairing with one code of twenty seconds and nobody to scan it."""
    made = Stage(sandbox, tmp_path_factory.mktemp('unscanned'))
    sandbox.set_fault(Fault(kind='qr_refs', refs=1))
    made.hosts.open('unscanned')
    made.until(PairingCodeShown, 'unscanned')
    sandbox.clear_fault()
    yield made
    made.hosts.stop()
