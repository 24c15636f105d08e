"""What a client of the library tells whom, and in which order."""

from pathlib import Path

from core.events import Event, LoggedOut
from core.host import library
from core.host.client import Client
from core.host.gate import Gate
from core.host.library import Callbacks, Go, pb


class UnlinkedAtOnce(Go):
    """A library whose phone has removed this device."""

    def __init__(self) -> None:
        pass

    def run(self, uuid: bytes, store: str, callbacks: Callbacks, *, level: str) -> str:
        data = pb.LoggedOut(OnConnect=False, Reason=pb.LOGGED_OUT).SerializeToString()
        callbacks.event(library.LOGGED_OUT, data)
        callbacks.event(library.LOGGED_OUT, data)
        return ''


class Diary:
    """Writes down what it is told."""

    id = 'shop'

    def __init__(self) -> None:
        self.lines: list[object] = []

    def tell(self, event: Event) -> None:
        self.lines.append(type(event))

    def note(self, client: Client, fact: str, detail: str = '') -> None:
        self.lines.append(fact)


def test_the_end_of_a_session_is_noted_before_it_is_told_so_that_it_can_be_opened_at_once(tmp_path: Path) -> None:
    diary = Diary()
    client = Client(UnlinkedAtOnce(), Gate(), diary, store=str(tmp_path / 'shop.db'), level='WARNING')
    client.start()
    client.thread.join(30)
    assert diary.lines == ['logged out', LoggedOut, 'logged out', 'ended']
