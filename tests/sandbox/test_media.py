"""The media store: files go to and from the disk in pieces, and things go wrong on the way."""

import http.client
import os
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.sandbox import certificates
from core.sandbox.control import Fault
from core.sandbox.faults import Faults
from core.sandbox.media import MediaStore
from core.sandbox.process import Sandbox
from tests.sandbox.conftest import DORA, SHOP
from tests.sandbox.rig import Client, OrderFailed, Rig

MIB = 1024 * 1024


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def store(tmp_path: Path, faults: Faults) -> Iterator[MediaStore]:
    certificates.ensure(tmp_path / 'ca.pem', tmp_path / 'tls.pem')
    made = MediaStore(tmp_path / 'media', tmp_path / 'tls.pem', 0, faults)
    yield made
    made.close()


def connection(store: MediaStore, tmp_path: Path) -> http.client.HTTPSConnection:
    context = ssl.create_default_context(cafile=str(tmp_path / 'ca.pem'))
    return http.client.HTTPSConnection('127.0.0.1', store.port, timeout=20, context=context)


def test_what_is_uploaded_is_downloaded(store: MediaStore, tmp_path: Path) -> None:
    data = os.urandom(3 * MIB + 5)
    line = connection(store, tmp_path)
    line.request('POST', '/mms/image/token?auth=x', data)
    assert b'/v/image/token' in line.getresponse().read()
    line.request('GET', '/v/image/token?ccb=1&hash=y')
    assert line.getresponse().read() == data
    line.request('GET', '/v/image/other')
    answer = line.getresponse()
    assert (answer.status, answer.read()) == (404, b'')
    line.close()


def test_a_large_file_is_never_whole_in_memory(store: MediaStore, tmp_path: Path) -> None:
    size = 64 * MIB
    file = tmp_path / 'large'
    with file.open('wb') as out:
        out.truncate(size)
    before, line = resident(), connection(store, tmp_path)
    with file.open('rb') as source:
        line.request('POST', '/mms/document/large?auth=x', source, {'Content-Length': str(size)})
    line.getresponse().read()
    line.request('GET', '/v/document/large')
    answer, got, most = line.getresponse(), 0, 0
    while piece := answer.read(MIB):
        got += len(piece)
        most = max(most, resident())
    line.close()
    assert got == size
    assert most - before < 20 * MIB


def resident() -> int:
    return int(Path('/proc/self/statm').read_text().split()[1]) * os.sysconf('SC_PAGE_SIZE')


def test_an_upload_that_breaks_off_leaves_nothing(store: MediaStore, tmp_path: Path) -> None:
    line = connection(store, tmp_path)
    line.putrequest('POST', '/mms/image/half?auth=x')
    line.putheader('Content-Length', '1000')
    line.endheaders()
    line.send(b'half')
    line.close()
    line = connection(store, tmp_path)
    line.request('GET', '/v/image/half')
    assert line.getresponse().status == 404
    line.close()
    end = time.monotonic() + 15
    while list((tmp_path / 'media').iterdir()) and time.monotonic() < end:
        time.sleep(0.02)
    assert list((tmp_path / 'media').iterdir()) == []


def test_a_download_is_cut_off_in_the_middle_once(store: MediaStore, faults: Faults, tmp_path: Path) -> None:
    store.put('/v/image/a', bytes(200_000))
    faults.set(Fault(kind='media_cut'))
    line = connection(store, tmp_path)
    line.request('GET', '/v/image/a')
    with pytest.raises(http.client.IncompleteRead) as broken:
        line.getresponse().read()
    assert len(broken.value.partial) == 100_000
    line.close()
    line.request('GET', '/v/image/a')
    assert len(line.getresponse().read()) == 200_000
    line.close()


def test_a_slow_download_takes_its_time_until_the_fault_is_cleared(
    store: MediaStore, faults: Faults, tmp_path: Path
) -> None:
    store.put('/v/image/a', bytes(100_000))
    faults.set(Fault(kind='media_slow', rate=50_000))
    line, began = connection(store, tmp_path), time.monotonic()
    line.request('GET', '/v/image/a')
    assert len(line.getresponse().read()) == 100_000
    assert time.monotonic() - began > 1.5
    faults.set(Fault(kind='media_slow', rate=1))
    line.request('GET', '/v/image/a')
    answer = line.getresponse()
    assert answer.read(1) == b'\0'
    faults.clear('media_slow')
    assert len(answer.read()) == 99_999
    line.close()


@pytest.fixture(scope='module')
def shop(rig: Rig) -> Client:
    return rig.client('shop').pair(SHOP)


def test_the_library_survives_a_download_that_is_cut_off(shop: Client, sandbox: Sandbox, tmp_path: Path) -> None:
    data = os.urandom(300_000)
    sent = sandbox.attach(DORA, SHOP, data, mime='application/pdf', filename='long.pdf')
    shop.wait('Message', id=sent)
    sandbox.set_fault(Fault(kind='media_cut', times=0))
    with pytest.raises(OrderFailed):
        shop.do('download', message=sent, file=str(tmp_path / 'long.pdf'))
    sandbox.clear_fault()
    shop.do('download', message=sent, file=str(tmp_path / 'long.pdf'))
    assert (tmp_path / 'long.pdf').read_bytes() == data
