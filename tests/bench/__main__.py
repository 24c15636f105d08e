"""`python -m tests.bench`: measures what is promised, beside the raw library on the same sandbox, and says if it holds.

Prints a table in Markdown and keeps it with the numbers behind it in build/. Ends by itself in under eight minutes,
with --quick in about one and a half.
"""

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path

from . import delivery, fleet, flows, growth, hooks, inbox, kills, media, outage, replies, startup, webhooks
from .figures import Figure, keep, table

BUILD = Path(__file__).parents[2] / 'build'

FULL: dict[str, Callable[[], list[Figure]]] = {
    'startup': lambda: startup.measure(rounds=3),
    'delivery': lambda: delivery.measure(count=800, rounds=5),
    'replies': lambda: replies.measure(pings=150, rush=30, rounds=3),
    'hooks': lambda: hooks.measure(count=1_500, rounds=3),
    'flows': lambda: flows.measure(messages=400, waiting=10_000),
    'media': lambda: media.measure(count=8, rounds=3),
    'growth': lambda: growth.measure(count=500, rounds=3),
    'fleet': lambda: fleet.measure(most=50),
    'outage': lambda: outage.measure(sessions=20, seconds=60),
    'kills': lambda: kills.measure(count=1000, kills=20),
    'webhooks': lambda: webhooks.measure(messages=300, backlog=1000, rounds=3),
    'inbox': lambda: inbox.measure(chats=5_000, messages=1_000_000, long=100_000, rounds=5),
}
QUICK: dict[str, Callable[[], list[Figure]]] = {
    'startup': lambda: startup.measure(rounds=1),
    'delivery': lambda: delivery.measure(count=300, rounds=1),
    'replies': lambda: replies.measure(pings=40, rush=10, rounds=1),
    'hooks': lambda: hooks.measure(count=600, rounds=1),
    'flows': lambda: flows.measure(messages=150, waiting=2_000),
    'media': lambda: media.measure(count=4, rounds=1),
    'fleet': lambda: fleet.measure(most=12),
    'webhooks': lambda: webhooks.measure(messages=60, backlog=250, rounds=1),
    'inbox': lambda: inbox.measure(chats=500, messages=50_000, long=10_000, rounds=2),
}


def main() -> int:
    said = _options()
    families = QUICK if said.quick else FULL
    figures: list[Figure] = []
    for name in said.only or families:
        began = time.monotonic()
        figures += {**FULL, **families}[name]()
        print(f'{name}: measured in {time.monotonic() - began:.0f} s', file=sys.stderr, flush=True)
    keep(figures, BUILD / 'bench.json')
    text = f'{table(figures)}\n\n{_machine()}\n'
    (BUILD / 'bench.md').write_text(text)
    print(text)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog='python -m tests.bench', description='Measure the promised figures.')
    parser.add_argument('--quick', action='store_true', help='fewer rounds, no growth, no outage')
    parser.add_argument('--only', action='append', choices=list(FULL), help='this family alone; may be repeated')
    return parser.parse_args()


def _machine() -> str:
    """What the numbers were made on; without it they say little."""
    load = ', '.join(f'{each:.1f}' for each in os.getloadavg())
    return (
        f'{os.cpu_count()} cores, Python {platform.python_version()}, load before the end {load}. '
        'Medians of interleaved rounds; the simulated server and phones share the cores.'
    )


if __name__ == '__main__':
    sys.exit(main())
