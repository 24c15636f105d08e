"""A browser, and a small house to open with it."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.needs import lacks

ROOT = Path(__file__).parent.parent.parent
PASSWORD = 'correct horse'
REFUSED = ('status of 401 (Unauthorized)', 'status of 403 (Forbidden)')
CLOSES = 60  # seconds; a busy machine needs some
_addresses = count(1)
expect.set_options(timeout=20_000)  # milliseconds; on a busy machine even a click may need some seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """`token`: of the first set-up."""

    url: str
    token: str
    visitors: list[httpx.Client] = field(default_factory=list)

    def visitor(self) -> httpx.Client:
        """A browser without scripts, at an address of its own, so that nobody pays for another's wrong passwords."""
        number = next(_addresses)
        headers = {'origin': self.url, 'x-forwarded-for': f'203.0.113.{number % 250}', 'accept': 'text/html'}
        self.visitors.append(
            httpx.Client(base_url=self.url, headers=headers, trust_env=False, verify=False, timeout=20)
        )
        return self.visitors[-1]

    def close(self) -> None:
        for visitor in self.visitors:
            visitor.close()

    def add(self, email: str, role: str) -> str:
        return str(self.tell(f'/api/people/{email}', role=role)['id'])

    def tell(self, path: str, **params: str | float) -> dict[str, str | float]:
        """Through its back door: what other parts of the program, or other people, do."""
        answer = httpx.post(f'{self.url}{path}', params=params, timeout=30, verify=False)
        assert answer.status_code == 200, answer.text
        return answer.json() or {}

    def signed_in(self, email: str) -> httpx.Client:
        visitor = self.visitor()
        answer = visitor.post('/sign-in', data={'email': email, 'password': PASSWORD})
        assert answer.status_code == 303, answer.text
        return visitor


@contextmanager
def running_house(state: Path, *more: str) -> Iterator[House]:
    command = [sys.executable, '-m', 'tests.ui.small_house', str(state), *more]
    # NiceGUI behaves differently when it believes to be inside a pytest run
    env = {name: value for name, value in os.environ.items() if not name.startswith('PYTEST_')}
    with subprocess.Popen(
        command, cwd=ROOT, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            port, _, token = process.stdout.readline().strip().partition(' ')
            house = House(url=f'http://127.0.0.1:{port}', token=token)
            yield house
            house.close()
        finally:
            if process.stdin:
                process.stdin.close()
            process.wait(30)


@pytest.fixture(scope='session')
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """With an owner, mia@example.org, who has set it up."""
    with running_house(tmp_path_factory.mktemp('house')) as house:
        form = {'token': house.token, 'email': 'mia@example.org', 'name': 'Mia Brandt', 'password': PASSWORD}
        assert house.visitor().post('/set-up', data=form).status_code == 303
        yield house


@pytest.fixture
def start_house(tmp_path: Path) -> Iterator[Callable[..., House]]:
    """Starts a new house in which nobody has been yet."""
    started = []

    def start(*more: str) -> House:
        running = running_house(tmp_path, *more)
        started.append(running)
        return running.__enter__()

    yield start
    for running in started:
        running.__exit__(None, None, None)


@pytest.fixture(scope='session')
async def chromium() -> AsyncIterator[Browser]:
    """One for all: starting it costs more than most stories. Windows of its own keep them apart."""
    path = shutil.which('chromium') or shutil.which('chromium-browser')
    if path is None:
        lacks('there is no Chromium here (Debian package chromium)')
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=['--no-sandbox'])
        yield browser
        await browser.close()


@pytest.fixture
async def tab(chromium: Browser) -> AsyncIterator[Page]:
    """A page in a window of its own; the test fails when anything complains in its console."""
    async with quiet_tab(chromium) as page:
        yield page


@pytest.fixture
async def other_tab(chromium: Browser) -> AsyncIterator[Page]:
    """A second browser as far as the product can tell, in which anything may complain."""
    async with await chromium.new_context() as context:
        yield await context.new_page()


@asynccontextmanager
async def quiet_tab(browser: Browser, **more: Any) -> AsyncIterator[Page]:
    context = await browser.new_context(viewport={'width': 1280, 'height': 800}, color_scheme='light', **more)
    page = await context.new_page()
    complaints: list[str] = []
    page.on('console', lambda said: complaints.append(said.text) if said.type in ('error', 'warning') else None)
    page.on('pageerror', lambda error: complaints.append(str(error)))
    yield page
    async with asyncio.timeout(CLOSES):  # a window that never closes must not hold up all others
        await context.close()
    # Chromium writes the status of a refused form into the console; that is no fault of the page
    assert [text for text in complaints if not text.endswith(REFUSED)] == []


async def faults(page: Page) -> list[str]:
    """What axe finds wrong with this page as it is now, as `rule: element`."""
    found = await Axe().run(page)
    return [f'{rule["id"]}: {node["html"][:160]}' for rule in found.response['violations'] for node in rule['nodes']]
