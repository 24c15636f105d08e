"""The one place where everything meets."""

import logging
import math
import os
import random
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING

from core import fill
from core.again import Again
from core.alarm import Alarm
from core.blocklist import Blocklist
from core.bus import Bus
from core.calls import Calls
from core.chats import Chats
from core.downloads import WHATSAPP as FILES
from core.downloads import Downloads
from core.events import Event
from core.fetch import Guard
from core.group_facts import GroupFacts
from core.groups import Groups
from core.hooks.doing import Doing
from core.hooks.errands import Errands
from core.hooks.hooks import Hooks
from core.hooks.reception import Reception
from core.host.hosts import Hosts
from core.housekeeping import Housekeeping
from core.identities import Identities
from core.inbox import Inbox
from core.jobs import Jobs, Ticker
from core.media import MediaStore
from core.meter import Meter
from core.news import NewsDesk
from core.outbox import Outbox
from core.pacing import Pacing
from core.people import People
from core.presence import Presence
from core.quick_replies import QuickReplies
from core.seal import Seal
from core.sessions import Sessions
from core.settings import Settings
from core.state_dir import StateDir, check_database, hold_state_dir
from core.templates import Templates
from core.webhooks.desk import Webhooks
from core.words import WordIndex
from core.world import World, real_world
from data.database import close_database, open_database, write
from flows.bench import Bench
from flows.carrying import Carrying
from flows.clocks import Clocks
from flows.compliance import Compliance
from flows.guards import CAREFUL, SANDBOX, LoopGuard
from flows.library import Library
from flows.listening import Listener, from_now_on
from flows.outside import Outside
from flows.router import Router, Workers
from flows.runner import Runner
from flows.secrets import Secrets
from flows.silences import Silences
from flows.trials import failing

if TYPE_CHECKING:
    from core.sandbox.process import Sandbox

log = logging.getLogger(__name__)

WHATSAPP = ('web.whatsapp.com', 443)


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """Everything that works together, for pages, REST and the start of the program."""

    settings: Settings
    state: StateDir
    world: World
    seal: Seal
    bus: Bus
    desk: NewsDesk
    people: People
    identities: Identities
    hosts: Hosts
    sessions: Sessions
    outbox: Outbox
    pacing: Pacing
    alarm: Alarm
    inbox: Inbox
    chats: Chats
    groups: Groups
    calls: Calls
    presence: Presence
    blocklist: Blocklist
    quick_replies: QuickReplies
    templates: Templates
    guard: Guard
    webhooks: Webhooks
    media: MediaStore
    downloads: Downloads
    library: Library
    secrets: Secrets
    workers: Workers
    runner: Runner
    bench: Bench
    listener: Listener
    router: Router
    hooks: Hooks
    reception: Reception
    errands: Errands
    jobs: Jobs
    ticker: Ticker
    sandbox: 'Sandbox | None'
    meter: Meter | None

    def start(self) -> None:
        """Pick up what was interrupted and open the sessions that should be connected."""
        lost = self.outbox.recover()
        if lost:
            log.warning('%d messages were being sent when Dovecote stopped: shown as uncertain', lost)
        self.webhooks.courier.recover()
        self.media.start()
        self.downloads.recover()
        self.workers.start()
        self.runner.start()
        write(from_now_on)
        self.listener.start()
        self.router.start()
        self.errands.start()
        self.downloads.start()
        self.sessions.open_wanted()
        self.jobs.start()
        self.ticker.start()

    def stop(self) -> None:
        """Within a few seconds: what is being sent is finished or uncertain, everything else stays in its row."""
        self.ticker.stop()
        self.alarm.stop()
        self.jobs.stop()
        self.errands.stop()
        self.media.close()
        self.downloads.stop()
        self.outbox.close()
        self.sessions.close()
        self.hosts.stop(timeout=5)
        self.listener.stop()
        self.runner.stop()
        self.workers.stop()
        self.webhooks.courier.stop()
        fill.close()


def compose(settings: Settings, state: StateDir, world: World, *, sandbox: 'Sandbox | None' = None) -> Gateway:
    """Build everything, top to bottom. The database must be open."""
    bus = Bus()
    desk = NewsDesk(world, bus)
    secret_key = state.secret_key(settings.secret_key).encode()
    seal, guard = Seal(secret_key), Guard(settings.allow_targets)
    webhooks = Webhooks(world, desk, seal, guard, chance=random.uniform)
    people = People(world, secret_key)
    people.when_changed(lambda _: desk.whisper('dovecote.rights', {}))
    identities = Identities(world, desk)

    def listen(event: Event, stored: Callable[[], object]) -> None:
        sessions.heard(event.session)
        inbox.receive(event, stored)

    hosts = Hosts(
        folder=state.sessions,
        world=world,
        listen=listen,
        on_hosts=lambda: desk.whisper('hosts.changed', {}),
        sessions_per_host=settings.sessions_per_host,
        log_level=settings.log_level,
        library=sandbox.library if sandbox else None,
        server=sandbox.address if sandbox else WHATSAPP,
    )
    again = Again()
    media = MediaStore(state.media, world, max_mb=settings.media_max_mb)
    downloads = _downloads(world, desk, media, state, sandbox=sandbox is not None)
    alarm = Alarm(world)
    pacing = Pacing(
        world, identities, desk, hosts, default='off' if sandbox else 'standard', chance=random.uniform,
        wake=alarm.after,
    )  # fmt: skip
    outbox = Outbox(
        world,
        identities,
        desk,
        hosts.send,
        again=again,
        files=media.file_for,
        pacing=pacing,
        country=settings.default_country,
    )
    sessions = Sessions(world, identities, desk, hosts, outbox, country=settings.default_country)
    library = Library(world, desk)
    loops = LoopGuard(SANDBOX if sandbox else CAREFUL)
    workers = Workers()
    chats, secrets = Chats(world, desk, hosts), Secrets(world, seal)
    carrying = Carrying(world, desk, outbox, chats, pacing.opt_outs)
    templates = Templates(world, identities, desk, media)
    doors = Outside(world, guard, media, templates=templates, secrets=secrets.opened)
    runner = Runner(world, desk, library, carrying, doors, workers.at_work)
    bench = Bench(world, library, doors)
    library.failing = lambda document: failing(bench, document)
    router = Router(
        world, library, loops, runner, workers, Compliance(outbox, pacing.opt_outs),
        stale_after=settings.stale_after or math.inf,
    )  # fmt: skip
    silences = Silences(world, library, router)
    clocks = Clocks(world, library, router, identities, home='UTC')
    listener = Listener(world, library, router, runner, silences)
    bus.watch(listener.hear)
    groups = Groups(world, identities, hosts, GroupFacts(world, identities, desk))
    calls = Calls(world, identities, desk, hosts, outbox)
    presence, blocklist = Presence(world, identities, desk, hosts), Blocklist(world, identities, desk, hosts)
    inbox = Inbox(
        world, identities, sessions, desk, router.nudge, again=again, groups=groups, calls=calls, presence=presence,
        blocklist=blocklist, want=downloads.heard,
    )  # fmt: skip
    hooks = Hooks(world, seal, desk, start_flow=runner.by_hook, fill_template=templates.written)
    doing = Doing(identities, outbox, hooks, country=settings.default_country)
    errands = Errands(world, hooks, doing, desk, media=media, guard=guard)
    jobs = Jobs(state.jobs)
    jobs.every_minute('housekeeping', Housekeeping(world, retention_days=settings.retention_days).clean)
    jobs.every_minute('old files', media.clean)
    jobs.every_minute('hand back', chats.hand_back_overdue)
    ticker = Ticker((
        sessions.tick, outbox.sweep, again.tick, router.sweep, runner.sweep, clocks.tick, silences.tick,
        downloads.sweep, errands.sweep, webhooks.courier.sweep, WordIndex(world).tick,
    ))  # fmt: skip
    meter = Meter() if settings.metrics else None
    if meter is not None:
        bus.watch(meter.hear)
    return Gateway(
        settings=settings, state=state, world=world, seal=seal, bus=bus, desk=desk, people=people,
        identities=identities, hosts=hosts, sessions=sessions, outbox=outbox, pacing=pacing, alarm=alarm,
        inbox=inbox, chats=chats, groups=groups, calls=calls, presence=presence, blocklist=blocklist,
        quick_replies=QuickReplies(world, desk), templates=templates, guard=guard, webhooks=webhooks, media=media,
        downloads=downloads, library=library, secrets=secrets, workers=workers, runner=runner, bench=bench,
        listener=listener, router=router, hooks=hooks, reception=Reception(world, hooks, errands, desk),
        errands=errands, jobs=jobs, ticker=ticker, sandbox=sandbox, meter=meter,
    )  # fmt: skip


def _downloads(world: World, desk: NewsDesk, media: MediaStore, state: StateDir, *, sandbox: bool) -> Downloads:
    if not sandbox:
        return Downloads(world, desk, media, Guard(), host=FILES)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    tls.load_verify_locations(state.sandbox / 'ca.pem')
    return Downloads(world, desk, media, Guard((ip_network('127.0.0.0/8'),), tls=tls), host='')


def serve(settings: Settings, *, sandbox: bool) -> int:
    """Run everything until SIGTERM or SIGINT; returns the exit code."""
    world = real_world()
    address = f'http://{settings.host}:{settings.port}'
    with hold_state_dir(settings.state, sandbox=sandbox, address=address) as state:
        check_database(state.db)
        server = _start_sandbox(state.sandbox) if sandbox else None
        try:
            open_database(state.db)
            try:
                return _serve(compose(settings, state, world, sandbox=server))
            finally:
                close_database()
        finally:
            if server is not None:
                server.close()


def _serve(gateway: Gateway) -> int:
    gateway.start()  # its children load the library while this process loads the pages
    try:
        # NiceGUI makes a folder where it stands, which may be read-only; it reads this when it is imported.
        os.environ['NICEGUI_STORAGE_PATH'] = str(gateway.state.root / 'pages')
        from .server import run_server  # noqa: PLC0415

        if gateway.sandbox is not None:
            from .greeting import welcome_owner  # noqa: PLC0415
            from .sample import furnish  # noqa: PLC0415

            welcome_owner(gateway)
            threading.Thread(target=furnish, args=(gateway,), name='furnish', daemon=True).start()
        return run_server(gateway)
    finally:
        gateway.stop()


def _start_sandbox(folder: Path) -> 'Sandbox':
    from core.sandbox.process import start_sandbox  # noqa: PLC0415

    return start_sandbox(folder)
