"""How long a person waits after typing the command."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.stories.product import ROOT, clean_env, free_port, until

from .figures import Figure, middle
from .house import answers


def measure(rounds: int) -> list[Figure]:
    real = middle([seconds_to_first_page() for _ in range(rounds)])
    sandbox = middle([seconds_to_first_page('--sandbox') for _ in range(rounds)])
    return [
        Figure(
            name='start to first page', target='≤ 3 s', good=real <= 3,
            measured=f'{real:.1f} s (with the sandbox {sandbox:.1f} s)', raw={'run': real, 'sandbox': sandbox},
        )
    ]  # fmt: skip


def seconds_to_first_page(*options: str) -> float:
    """`dovecote run` in an empty directory, until the sign-in page is served."""
    with tempfile.TemporaryDirectory(prefix='bench-') as folder:
        port = free_port()
        command = [sys.executable, '-m', 'ui', 'run', *options, '--state', str(Path(folder, 'state'))]
        began = time.monotonic()
        process = subprocess.Popen(
            [*command, '--port', str(port)], cwd=ROOT, env=clean_env(),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            until(lambda: answers(port, '/sign-in') or answers(port, '/set-up'), 60, what='the first page')
            return time.monotonic() - began
        finally:
            process.terminate()
            process.wait(20)
