"""What this instance runs with: hosts, disk, versions, settings, and what the machine lacks."""

import sqlite3
import sys
from collections.abc import Iterable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from nicegui import run, ui

from core.doctor import examine
from core.host.slots import HostReport
from core.rights import Login
from core.settings import PREFIX, SETTINGS, Setting
from data.database import read
from data.sessions import all_sessions

from ...compose import Gateway
from ...live import live
from ...login import guarded
from ...part import Part
from ...pieces import Knot, Words, ask, badge, box, button, facts, panel, tool, trace, when, words


async def this_instance(gateway: Gateway, login: Login) -> None:
    hosts = _Hosts(gateway, login)
    with panel('Session hosts', 'The processes that hold the connections to WhatsApp.', tight=True):
        hosts.part = Part(lambda found: hosts.draw(*found))
    await hosts.refresh()
    live(gateway.bus, lambda _: hosts.refresh(), kinds=('hosts.changed', 'session.state', 'session.deleted'), every=0.5)
    ui.timer(5, hosts.refresh)  # memory is measured, not announced
    sizes = await run.io_bound(_sizes, gateway.state.root)
    with box('account'):
        with panel('Kept on disk', str(gateway.state.root)):
            facts(sizes or [])
        with panel('Versions'):
            facts(_versions())
        check_up(gateway)
    with panel('Settings', 'Read at the start; a change needs a restart.', tight=True):
        settings_table(gateway)


def check_up(gateway: Gateway) -> None:
    with panel('Check-up', 'What this machine lacks.') as end:
        outcome = box('stack')
        with outcome:
            words('It looks at tools, disk, database and clock, and loads the WhatsApp library once.', 'quiet', 'p')

        async def look() -> None:
            check.props('loading')
            found = await run.io_bound(lambda: list(examine(gateway.settings, gateway.world)))
            check.props(remove='loading')
            bad = sum(not each.well for each in found or [])
            outcome.clear()
            with outcome:
                words('Nothing is missing.' if not bad else f'{bad} of the findings need a look.', 'strong', 'p')
                trace(Knot(text=each.sentence, tone='good' if each.well else 'bad') for each in found or [])

        with end:
            check = button('Look now', 'plain small', on_click=guarded(look, 'settings.manage'))


class _Hosts:
    part: Part[tuple[list[HostReport], dict[str, str]]]

    def __init__(self, gateway: Gateway, login: Login) -> None:
        self.gateway, self.login = gateway, login
        self.conditions: dict[str, Words] = {}

    async def refresh(self) -> None:
        found = await run.io_bound(self._read)
        if found is None:  # the program is ending
            return
        hosts, names = found
        self.part.show(([replace(each, memory_mb=0.0) for each in hosts], names))
        for each in hosts:  # the memory changes all the time, and in place
            self.conditions[each.id].set_text(_condition(each))

    def _read(self) -> tuple[list[HostReport], dict[str, str]]:
        with read():
            names = {str(row.id): str(row.name) for row in all_sessions()}
        return self.gateway.hosts.hosts(), names

    def draw(self, hosts: list[HostReport], names: dict[str, str]) -> None:
        self.conditions = {}
        if not hosts:
            words('None runs: no session is started.', 'quiet none', 'p')
            return
        with box('lines', 'ul'):
            for each in hosts:
                with box('', 'li'):
                    with box('grow'):
                        words(
                            ', '.join(names.get(one, 'a deleted one') for one in each.sessions) or 'no session', tag='p'
                        )
                        with box('small faint', 'p'):
                            words(f'{each.id}, process {each.pid}, since ')
                            when(each.started_at, 'never')
                            self.conditions[each.id] = words(_condition(each))
                    if each.crashes:
                        badge(f'{each.crashes} crashes' if each.crashes > 1 else '1 crash', 'bad')
                    if self.login.asker.may('hosts.manage'):
                        again = guarded(lambda each=each: self.restart(each), 'hosts.manage')
                        tool('restart_alt', f'Restart {each.id}', on_click=again)

    async def restart(self, host: HostReport) -> None:
        sentence = 'Its sessions are away for a few seconds. A message that is being sent may become uncertain.'
        if await ask(f'Restart the host {host.id}?', sentence, 'Restart it'):
            await run.io_bound(self.gateway.hosts.restart_host, host.id)


def _condition(host: HostReport) -> str:
    memory = f', {host.memory_mb:.0f} MB' if host.memory_mb else ''
    return memory + (f', {host.lost_threads} lost threads' if host.lost_threads else '')


def settings_table(gateway: Gateway) -> None:
    with box('plain-table', 'table').props('aria-label="Settings of this instance"'):
        with box('', 'thead'), box('', 'tr'):
            words('Setting', tag='th').props('scope=col')
            words('Value', tag='th').props('scope=col')
            words('What it decides', 'desk', 'th').props('scope=col')
        with box('', 'tbody'):
            for each in SETTINGS:
                with box('', 'tr'):
                    with box('', 'th').props('scope=row'):
                        words(f'{PREFIX}{each.name}', 'mono wraps')
                    with box('', 'td'):
                        value = shown_value(each, getattr(gateway.settings, each.name.lower()))
                        words(value or 'empty', 'mono wraps' if value else 'faint')
                    words(each.sentence, 'small quiet desk', 'td')


def shown_value(setting: Setting, value: object) -> str:
    """As it would be written in the environment; '' when it is empty, dots for a secret."""
    if isinstance(value, tuple):
        return ', '.join(map(str, value))
    text = '' if value is None else str(value)
    return '••••••••' if text and setting.secret else text


def _sizes(root: Path) -> list[tuple[str, str]]:
    parts = {
        'Database': root.glob('dovecote.db*'),
        'Session stores': root.glob('sessions/**/*'),
        'Jobs': root.glob('jobs.db*'),
        'Media': root.glob('media/**/*'),
        'Backups': root.glob('backups/**/*'),
        'Sandbox': root.glob('sandbox/**/*'),
    }
    return [(name, size_words(_bytes(files))) for name, files in parts.items()]


def _bytes(files: Iterable[Path]) -> int:
    total = 0
    for file in files:
        try:
            total += file.stat().st_size if file.is_file() else 0
        except FileNotFoundError:  # SQLite's own files come and go
            continue
    return total


def size_words(size: int) -> str:
    if size < 2**20:
        return f'{(size + 1023) // 1024} kB'
    return f'{size / 2**20:.1f} MB' if size < 2**30 else f'{size / 2**30:.1f} GB'


def _versions() -> list[tuple[str, str]]:
    return [
        ('Dovecote', version('dovecote')),
        ('neonize', version('neonize')),
        ('NiceGUI', version('nicegui')),
        ('Python', sys.version.split()[0]),
        ('SQLite', sqlite3.sqlite_version),
    ]
