"""How a copy of neonize's library is made to talk to the sandbox instead of WhatsApp.

Constants are replaced, each by a value of the same length: the root key of the Noise certificates, the address of the
web socket, and where Go looks for certificate authorities (two names of environment variables and the first path it
tries), because media always travels by https. The environment itself is no help: a Go shared library reads the
initial environment of the process and never sees what `os.environ` was given later.
"""

import hashlib
import importlib.util
import json
import os
import sys
from pathlib import Path

from core.errors import Conflict, Invalid
from core.sandbox.library import neonize_folder, original

ROOT_KEY = bytes.fromhex('142375574d0a587166aae71ebe516437c4a28b73e3695c6ce1f7f9545da8ee6b')
URL = b'wss://web.whatsapp.com/ws/chat'
CA_BUNDLE = b'/etc/ssl/certs/ca-certificates.crt'
CA_VARIABLES = {b'SSL_CERT_FILE': b'SANDBOX__CERT', b'SSL_CERT_DIR': b'SANDBOX__DIR'}


def install(library: Path) -> None:
    """Make this process load *library* when it imports neonize, which must not have happened yet.

    Raises Conflict when it has, Invalid when there is no such file.
    """
    if 'neonize._binder' in sys.modules:
        raise Conflict('neonize is already loaded in this process, so the sandbox cannot be used.')
    if not library.is_file():
        raise Invalid(f'There is no patched library at {library}.', field='library')
    # neonize/__init__ loads what this module names, so it is created first, under its own name; an absolute path
    # wins in neonize's `Path(package) / generated_name()`.
    spec = importlib.util.spec_from_file_location('neonize.utils.platform', neonize_folder() / 'utils' / 'platform.py')
    if spec is None or spec.loader is None:
        raise Conflict('This neonize has another shape than the sandbox knows.', code='sandbox_unsupported')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.generated_name = lambda *_args, **_named: str(library)  # type: ignore[attr-defined]
    sys.modules['neonize.utils.platform'] = module


def build(target: Path, *, root_public: bytes, port: int, ca_file: Path) -> Path:
    """Write the patched copy to *target*, unless the one there fits already. Raises Conflict."""
    source = original()
    shape = [str(source), source.stat().st_size, source.stat().st_mtime_ns, port, str(ca_file), root_public.hex()]
    note = target.with_suffix('.json')
    if target.is_file() and note.is_file() and note.read_text() == json.dumps(shape):
        return target
    image = patched(source.read_bytes(), root_public=root_public, port=port, ca_file=ca_file)
    # A running client may have the old file mapped: replace it, never write into it.
    fresh = target.with_suffix('.new')
    fresh.write_bytes(image)
    fresh.chmod(0o700)
    fresh.replace(target)
    note.write_text(json.dumps(shape))
    return target


def patched(image: bytes, *, root_public: bytes, port: int, ca_file: Path) -> bytes:
    """*image* with the sandbox's constants. Raises Conflict when a constant is not there exactly once."""
    url = b'ws://127.0.0.1:%d/' % port
    bundle = os.fsencode(ca_file)
    if len(bundle) > len(CA_BUNDLE):
        raise Invalid(f'The path {ca_file} is longer than the {len(CA_BUNDLE)} bytes the library has room for.')
    changes = {
        ROOT_KEY: root_public,
        URL: url.ljust(len(URL), b'w'),
        # Extra slashes in front do not change which file an absolute path names.
        CA_BUNDLE: bundle.rjust(len(CA_BUNDLE), b'/'),
        **CA_VARIABLES,
    }
    for old, new in changes.items():
        image = _replace(image, old, new)
    return image


def _replace(image: bytes, old: bytes, new: bytes) -> bytes:
    at = image.find(old)
    if len(old) != len(new) or at < 0 or image.find(old, at + 1) >= 0:
        raise Conflict(
            'This version of neonize has another shape than the sandbox knows, so it cannot be patched.',
            code='sandbox_unsupported',
        )
    return image[:at] + new + image[at + len(old) :]


def short_folder(state: Path) -> Path:
    """A private folder with a path short enough for the library, one for each state folder. Raises Conflict."""
    name = hashlib.sha256(f'{os.getuid()} {state.resolve()}'.encode()).hexdigest()[:12]
    folder = Path('/tmp') / f'dovecote-{name}'
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if folder.is_symlink() or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise Conflict(f'{folder} belongs to someone else, so the sandbox cannot keep its certificate there.')
    return folder
