"""Events are kept whatever is wrong with those who are told of them."""

import pytest

from core.bus import News
from data.database import read
from data.events import LoggedEvent
from tests.core.house import House


def test_a_listener_that_breaks_does_not_undo_what_happened(house: House, caplog: pytest.LogCaptureFixture) -> None:
    def breaks(news: News) -> None:
        raise KeyError(news.kind)

    house.outbox.desk.when_told(breaks)
    house.working()
    house.says('still here')
    with read():
        assert LoggedEvent.select().where(LoggedEvent.kind == 'message.received').count() == 1
    assert ('still here', 'received') in house.statuses()
    assert 'message.received could not be passed on' in caplog.text
