"""Which shared library the installed neonize would load here.

Importing neonize loads its 18 MB Go runtime, so nothing here does; the package is only looked for.
"""

import importlib.util
import platform
import sys
from functools import cache
from pathlib import Path

from core.errors import Conflict

NAMES = {'x86_64': 'neonize-linux-amd64.so', 'amd64': 'neonize-linux-amd64.so', 'aarch64': 'neonize-linux-arm64.so'}


@cache
def neonize_folder() -> Path:
    """Where the neonize package is installed. Raises Conflict when it is not."""
    spec = importlib.util.find_spec('neonize')
    if spec is None or not spec.submodule_search_locations:
        raise Conflict('The neonize package is not installed.', code='sandbox_unsupported')
    return Path(next(iter(spec.submodule_search_locations)))


def original() -> Path:
    """The library as neonize ships it. arm64 is prepared for, but was never tried. Raises Conflict elsewhere."""
    name = NAMES.get(platform.machine().lower()) if sys.platform == 'linux' else None
    if name is None or not (neonize_folder() / name).is_file():
        raise Conflict(
            f'The sandbox needs Linux on amd64 or arm64; this is {sys.platform} on {platform.machine()}.',
            code='sandbox_unsupported',
        )
    return neonize_folder() / name
