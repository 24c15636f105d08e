"""The API as callers meet it: the real program with its sandbox, behind a real socket."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from core.people import Person
from core.rights import SYSTEM, Role
from core.sandbox.process import Sandbox, start_sandbox
from core.settings import Settings
from core.state_dir import hold_state_dir
from core.world import real_world
from data.database import close_database, database, open_database
from ui import api
from ui.api.asking import Route
from ui.compose import Gateway, compose
from ui.guard import Rules, guard

PASSWORD = 'correct horse battery'
SHOP, ANNA, BEN = '15550000001', '15551230001', '15551230002'


@dataclass
class Door:
    """`api` asks with an owner's key."""

    url: str
    gateway: Gateway
    sandbox: Sandbox
    api: httpx.Client
    reference: list[Route]
    clients: list[httpx.Client] = field(default_factory=list)

    def key(self, role: Role, *sessions: str, **more: Any) -> str:
        ids = [self.gateway.sessions.named(name).id for name in sessions] or None
        return self.gateway.people.add_key(SYSTEM, f'{role} key', role, sessions=ids, **more)[1]

    def by(self, key: str) -> httpx.Client:
        return self.client(authorization=f'Bearer {key}')

    def client(self, **headers: str) -> httpx.Client:
        base = f'{self.url}/api/v1'
        self.clients.append(httpx.Client(base_url=base, headers=headers, trust_env=False, verify=False, timeout=30))
        return self.clients[-1]

    def person(self, role: Role) -> Person:
        email = f'{self.gateway.world.new_id()}@example.org'
        return self.gateway.people.add_user(SYSTEM, email, 'Mia', role, PASSWORD)

    def message(self, id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.api.get(f'/messages/{id}').json()
        return found

    def sends(self, text: str, **more: Any) -> httpx.Response:
        return self.api.post('/messages', json={'session': 'shop', 'to': f'+{ANNA}', 'text': text, **more})


def until(what: Callable[[], Any], seconds: float = 40) -> Any:
    """What `what` gives as soon as it is true."""
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end, 'it did not come about in time'
        time.sleep(0.01)
    return found


@pytest.fixture(scope='package')
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """With a session “shop” that works on the phone SHOP, and Anna and Ben, who have phones too."""
    folder = tmp_path_factory.mktemp('api')
    settings = Settings.from_env({'DOVECOTE_STATE': str(folder / 'state'), 'DOVECOTE_METRICS': 'on'}, sandbox=True)
    with hold_state_dir(settings.state, sandbox=True) as state:
        sandbox = start_sandbox(state.sandbox)
        open_database(state.db)
        world = real_world()
        gateway = compose(settings, state, world, sandbox=sandbox)
        gateway.start()
        try:
            with _Serving(gateway) as serving, _client(gateway, serving.url) as client:
                door = Door(serving.url, gateway, sandbox, client, serving.reference)
                for phone, name in ((SHOP, 'Shop'), (ANNA, 'Anna'), (BEN, 'Ben')):
                    assert client.post('/sandbox/phones', json={'phone': phone, 'name': name}).status_code == 201
                assert client.post('/sessions', json={'name': 'shop'}).status_code == 201
                client.post(f'/sandbox/phones/{SHOP}/scan', json={'session': 'shop'}).raise_for_status()
                until(lambda: client.get('/sessions/shop').json()['state'] == 'working')
                yield door
                for each in door.clients:
                    each.close()
        finally:
            gateway.stop()
            world.http.close()
            close_database()
            sandbox.close()


@pytest.fixture(autouse=True)
def _nothing_stops_the_next(request: pytest.FixtureRequest) -> Iterator[None]:
    """What WhatsApp forbade in one story must not hold up those that follow."""
    yield
    if 'door' in request.fixturenames:
        door: Door = request.getfixturevalue('door')
        door.api.delete('/sandbox/faults').raise_for_status()
        for limit in door.api.get('/sessions/shop').json()['limits']:
            door.api.delete(f'/sessions/shop/limits/{limit["kind"]}').raise_for_status()


def _client(gateway: Gateway, url: str) -> httpx.Client:
    key = gateway.people.add_key(SYSTEM, 'owner key', 'owner')[1]
    headers = {'authorization': f'Bearer {key}'}
    return httpx.Client(base_url=f'{url}/api/v1', headers=headers, trust_env=False, verify=False, timeout=40)


class _Serving:
    """The API on a free port, in a thread of its own."""

    def __init__(self, gateway: Gateway) -> None:
        app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
        api.mount(app, gateway)
        trusted = (ip_network('127.0.0.0/8'),)
        guard(app, Rules(trusted_proxies=trusted, body_limits=api.body_limits(gateway.settings)))
        api.count(app, gateway)
        self.reference: list[Route] = app.state.reference
        self.server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, timeout_graceful_shutdown=2))
        self.thread = threading.Thread(target=self._run, name='server')

    def __enter__(self) -> '_Serving':
        self.thread.start()
        until(lambda: self.server.started)
        port = self.server.servers[0].sockets[0].getsockname()[1]
        self.url = f'http://127.0.0.1:{port}'
        return self

    def _run(self) -> None:
        try:
            self.server.run()
        finally:
            database.close()  # this thread has read too

    def __exit__(self, *_: object) -> None:
        self.server.should_exit = True
        self.thread.join(10)
