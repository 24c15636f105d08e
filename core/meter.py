"""What has happened since the start, counted, for a monitoring system to ask for."""

from collections import Counter

from .bus import News

# Every kind is shown from the start, so that a first failure is seen as a rise and not as a new line.
MESSAGES = ('received', 'queued', 'sent', 'delivered', 'read', 'played', 'failed', 'uncertain', 'cancelled')
RUNS = ('finished', 'failed')


class Meter:
    """`hear` is called on the announcing thread, `answered` on the event loop; both only ever count."""

    def __init__(self) -> None:
        self.messages = Counter(dict.fromkeys(MESSAGES, 0))
        self.runs = Counter(dict.fromkeys(RUNS, 0))
        self.requests: Counter[int] = Counter()

    def hear(self, news: News) -> None:
        area, _, kind = news.kind.rpartition('.')
        if area == 'message' and kind in self.messages:
            self.messages[kind] += 1
        elif area == 'flow.run' and kind in self.runs:
            self.runs[kind] += 1

    def answered(self, status: int) -> None:
        self.requests[status] += 1
