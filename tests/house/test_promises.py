"""What this repository promises about itself."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from core import errors
from core.settings import settings_table
from tests.needs import lacks

from .commands import ROOT

ROOMS = ('ui', 'flows', 'core', 'data')
# Written in two halves, so that this file may be among those that are searched.
PRIVATE = ['py' + 'pi.org', 'python' + 'hosted', 'npm' + 'js.', 'deb.' + 'debian', '/wo' + 'rk/', '/fa' + 'rm']


def tracked() -> list[Path]:
    listed = subprocess.run(['git', 'ls-files', '-z'], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip('this is not a git checkout')
    return [ROOT / name for name in listed.stdout.split('\0') if name and (ROOT / name).is_file()]


def modules(*rooms: str) -> Iterator[tuple[Path, ast.Module]]:
    for file in tracked():
        name = file.relative_to(ROOT)
        if file.suffix == '.py' and name.parts[0] in rooms:
            yield name, ast.parse(file.read_text('utf-8'))


def imports(tree: ast.Module) -> Iterator[str]:
    """The modules it imports, also by importlib.import_module."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=str(module), names=names, level=0):
                yield from (f'{module}.{alias.name}' for alias in names)
            case ast.Call(func=ast.Attribute(attr='import_module'), args=[ast.Constant(value=str(name))]):
                yield name


def importers(wanted: str) -> set[str]:
    """The modules that import something whose name matches `wanted`."""
    found = ((file, imports(tree)) for file, tree in modules(*ROOMS))
    return {file.as_posix() for file, names in found if any(re.fullmatch(wanted, name) for name in names)}


def test_the_rooms_look_inwards_only() -> None:
    lint = Path(sys.executable).with_name('lint-imports')
    done = subprocess.run([lint, '--no-cache'], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_only_the_host_room_loads_the_whatsapp_library() -> None:
    assert importers(r'neonize(\..*)?') == {'core/host/library.py'}
    # The sandbox is the other end of the same wire: it reads the message formats, never the library.
    assert {file.rsplit('/', 1)[0] for file in importers(r'.*_pb2(\..*)?')} <= {'core/host', 'core/sandbox'}


def test_only_one_module_knows_the_job_queue() -> None:
    assert importers(r'huey(\..*)?') == {'core/jobs.py'}


def test_nothing_is_mocked() -> None:
    for file, tree in modules('tests'):
        assert not any(name.startswith('unittest') for name in imports(tree)), file


def test_a_test_that_cannot_run_is_skipped_here_and_fails_on_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv('CI', raising=False)
    with pytest.raises(pytest.skip.Exception, match='no curl'):
        lacks('no curl')
    monkeypatch.setenv('CI', 'true')
    with pytest.raises(pytest.fail.Exception, match='no curl'):
        lacks('no curl')
    for file, _ in modules('tests'):
        said = re.findall(r'(?:pytest\.skip|skipif|importorskip)\((.*)', (ROOT / file).read_text('utf-8'))
        assert not [why for why in said if 'reason' in why and 'which(' in why], file


def test_time_and_chance_come_from_the_world() -> None:
    rim = ('core/world.py', 'core/sandbox/', 'core/host/')
    asked = re.compile(r'datetime\.(now|utcnow|today)\(|time\.(time|sleep)\(|\buuid4\(|\bhttpx\.(get|post|request)\(')
    for file, _ in modules('core', 'flows'):
        if not file.as_posix().startswith(rim):
            assert not asked.findall((ROOT / file).read_text('utf-8')), file


def test_no_tracked_file_names_an_index_or_a_path_of_one_machine() -> None:
    for file in tracked():
        content = file.read_bytes()
        for word in PRIVATE:
            assert word.encode() not in content, f'{file.relative_to(ROOT)} names {word}'


def test_every_module_says_what_it_is_for() -> None:
    for file, tree in modules(*ROOMS):
        if tree.body:
            assert ast.get_docstring(tree), file


def test_every_error_stands_in_the_drawn_tree() -> None:
    drawn = errors.__doc__ or ''
    for name, thing in vars(errors).items():
        if isinstance(thing, type) and issubclass(thing, errors.DovecoteError):
            assert name in drawn


@pytest.mark.skipif(not (ROOT / 'README.md').exists(), reason='there is no README yet')
def test_the_readme_lists_every_setting_as_the_program_does() -> None:
    assert settings_table() in (ROOT / 'README.md').read_text('utf-8')


def locked(name: str) -> dict[str, str]:
    text = (ROOT / name).read_text('utf-8')
    assert '://' not in text
    blocks = re.split(r'\n(?=[a-z0-9])', text)
    assert all('--hash=sha256:' in block for block in blocks)
    return dict(block.split()[0].split('==') for block in blocks)


def test_everything_we_need_is_locked_by_version_and_hash() -> None:
    everything, running = locked('requirements.lock'), locked('requirements-run.lock')
    project = tomllib.loads((ROOT / 'pyproject.toml').read_text('utf-8'))['project']
    for need in (*project['dependencies'], *project['optional-dependencies']['dev']):
        assert re.split(r'[^A-Za-z0-9-]', need)[0] in everything
    assert running.items() <= everything.items()


def test_ci_runs_the_test_command_of_the_readme() -> None:
    script = ROOT / '.ci' / 'run'
    assert os.access(script, os.X_OK)
    assert script.read_text('utf-8').rstrip().endswith('\nmake test')


def test_what_pages_need_is_packed_with_the_code() -> None:
    project = tomllib.loads((ROOT / 'pyproject.toml').read_text('utf-8'))
    packed = project['tool']['setuptools']['package-data']['*']
    for file in tracked():
        name = file.relative_to(ROOT)
        if name.parts[0] in ROOMS and file.suffix != '.py':
            assert f'*{file.suffix}' in packed, name
