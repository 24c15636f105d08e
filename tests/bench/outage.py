"""How soon every session is back when the server was gone for a minute."""

import time

from core.sandbox.control import Fault

from .figures import Figure, middle, percentile
from .fleet import grow, names
from .house import house


def measure(sessions: int, seconds: float) -> list[Figure]:
    with house() as here:
        grow(here.product, sessions)
        bare = here.bare(sessions)
        try:
            gone = time.time()
            here.sandbox.set_fault(Fault(kind='outage', seconds=seconds))
            returns = gone + seconds
            time.sleep(seconds)
            back = here.product.working(names(sessions), since=returns)
            alone = bare.wait_connected([f'bare{n}' for n in range(sessions)], since=returns)
        finally:
            bare.close()
    ours = [at - returns for at in back.values()]
    theirs = [at - returns for at in alone.values()]
    return [
        Figure(
            name=f'after {seconds:.0f} s without the server: its return → working, {sessions} sessions',
            target='≤ 5 s for every one', good=max(ours) <= 5,
            measured=f'last {max(ours):.1f} s, p50 {middle(ours):.1f} s '
            f'(raw library: last {max(theirs):.1f} s, p50 {percentile(theirs, 0.5):.1f} s)',
            raw={'ours': sorted(ours), 'raw': sorted(theirs)},
        )
    ]  # fmt: skip
