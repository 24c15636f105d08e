"""A house with a door, two rooms and little else, in a process of its own: `python -m tests.ui.small_house STATE`.

Prints its port, then the token of the first set-up; ends when its standard input does.
"""

import ipaddress
import socket
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import uvicorn
from fastapi import FastAPI, Request
from nicegui import ui

from core.bus import Bus, News
from core.media import MediaStore
from core.people import People
from core.rights import SYSTEM, Asker, Login, role_of
from core.world import real_world
from data.database import close_database, open_database
from tests.core.files import picture
from ui.frame import LOOK, dress, frame
from ui.guard import Rules, guard
from ui.live import live
from ui.login import Entrance, guarded, page
from ui.media import MediaPages
from ui.pages import set_up, sign_in
from ui.pieces import box, button, heading, words

WORLD = real_world()
NEWS = News(kind='message.received', id='1', at=WORLD.now(), session='s', chat='c', body={})


def main() -> None:
    open_database(Path(sys.argv[1]) / 'dovecote.db')
    public_url = sys.argv[2] if len(sys.argv) > 2 else ''
    people, bus = People(WORLD, b'a secret of this test'), Bus()
    entrance = Entrance(people, public_url=public_url, sandbox=True)
    store = MediaStore(Path(sys.argv[1]) / 'media', WORLD, max_mb=5)
    store.start()
    parent = build(people, entrance, bus, store, public_url)
    listener = socket.create_server(('127.0.0.1', 0))
    print(listener.getsockname()[1], people.setup_token(), flush=True)
    server = uvicorn.Server(uvicorn.Config(parent, log_level='warning', proxy_headers=False))
    threading.Thread(target=end_with_input, args=[server], daemon=True).start()
    server.run(sockets=[listener])
    entrance.close()
    close_database()


def end_with_input(server: uvicorn.Server) -> None:
    sys.stdin.read()
    server.should_exit = True


def build(people: People, entrance: Entrance, bus: Bus, store: MediaStore, public_url: str) -> FastAPI:
    parent = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    unread = [3]

    def count(_: Asker) -> int:
        return unread[0]

    dress(parent, bus=bus, unread=count)
    MediaPages(store).open(parent)
    entrance.open(parent)
    sign_in.register(None)
    set_up.register(None)
    back_door(parent, people, bus, store, unread)
    rooms(bus)
    guard(
        parent,
        Rules(
            public_url=public_url,
            trusted_proxies=(ipaddress.ip_network('127.0.0.0/8'),),
            body_limits={'/api/large': 3_000_000},
        ),
    )
    ui.run_with(
        parent, title='Dovecote', favicon=LOOK / 'mark.svg', dark=None, tailwind=False, language='en-US',
        show_welcome_message=False,
    )  # fmt: skip
    return parent


def back_door(parent: FastAPI, people: People, bus: Bus, store: MediaStore, unread: list[int]) -> None:
    """What other parts of the program, or other people, would do to this one."""

    @parent.post('/api/people/{email}')
    def add(email: str, role: str) -> dict[str, str]:
        return {'id': people.add_user(SYSTEM, email, '', role_of(role), 'correct horse').id}

    @parent.post('/api/people/{user_id}/role')
    def change(user_id: str, role: str) -> None:
        people.set_role(SYSTEM, user_id, role_of(role))

    @parent.post('/api/people/{user_id}/revoke')
    def revoke(user_id: str) -> dict[str, int]:
        return {'ended': people.revoke_logins(SYSTEM, user_id)}

    @parent.get('/api/where')
    def where(request: Request) -> dict[str, str]:
        host = request.client.host if request.client else ''
        return {'ip': host, 'scheme': request.url.scheme, 'prefix': request.headers.get('x-forwarded-prefix', '')}

    @parent.post('/api/files')
    def bring() -> dict[str, str]:
        return {'id': store.keep([picture()], filename='menu.png').id}

    @parent.post('/api/large')
    @parent.post('/api/small')
    async def swallow(request: Request) -> dict[str, int]:
        return {'size': len(await request.body())}

    @parent.post('/api/news')
    def tell(count: int) -> None:
        unread[0] = count
        bus.announce(NEWS)

    @parent.post('/api/burst')
    def burst(count: int, seconds: float = 0.0, kind: str = 'message.received') -> dict[str, float]:
        begun, cpu = time.monotonic(), time.process_time()
        for number in range(count):
            bus.announce(replace(NEWS, kind=kind))
            time.sleep(max(0.0, begun + seconds * number / count - time.monotonic()))
        return {'cpu': time.process_time() - cpu}


def rooms(bus: Bus) -> None:
    @page('/', 'sessions.see')
    def start(login: Login, greeting: str = 'Hello') -> None:
        with frame('Dashboard', here='/', login=login, sandbox=True):
            with heading('Dashboard', f'{greeting}, {login.asker.name}.'):
                button('Send', 'primary', on_click=guarded(lambda: done.set_text('sent'), 'messages.send'))
            with box('body'):
                done = words('nothing sent', tag='p').props('id=done')
                heard, refreshes = words('0', tag='p').props('id=heard'), words('0', tag='p').props('id=refreshes')

        async def hear(news: list[News]) -> None:
            heard.set_text(str(int(heard.text) + len(news)))
            refreshes.set_text(str(int(refreshes.text) + 1))

        live(bus, hear, kinds=('message.received',), session='s')

    @page('/people', 'people.manage')
    async def people_here(login: Login) -> None:
        with frame('People', here='/people', login=login, sandbox=True), heading('People'):
            pass

    @page('/chats/{name}')
    def chat(login: Login, name: str) -> None:
        with frame(name, here='/inbox', login=login), heading(name):
            pass


if __name__ == '__main__':
    main()
