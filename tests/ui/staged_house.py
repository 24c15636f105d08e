"""The product with its phones in the hands of the test, which can make them do whatever people do."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.sandbox.process import Sandbox, start_sandbox
from tests.bench.house import MeasuredProduct
from tests.stories.product import ANNA, BEN, SHOP, until
from tests.ui.whole_house import PEOPLE

from .conftest import PASSWORD


@dataclass(frozen=True)
class Stage:
    product: MeasuredProduct
    phones: Sandbox

    def message(self, whatsapp_id: str) -> str:
        """Our id of what a phone said, once it is here."""
        items = until(lambda: [each for each in self.product.messages() if each['whatsapp_id'] == whatsapp_id], 30)
        return str(items[0]['id'])


@contextmanager
def staged_house(folder: Path) -> Iterator[Stage]:
    """Linked as “shop”; Anna and Ben have phones, and Anna has said hello."""
    phones = start_sandbox(folder / 'sandbox')
    product = MeasuredProduct(folder / 'state', phones)
    try:
        phones.add_phone(ANNA, 'Anna')
        phones.add_phone(BEN, 'Ben')
        product.start()
        product.link({'shop': SHOP})
        for email, (name, role) in PEOPLE.items():
            product.post('/users', {'email': email, 'name': name, 'role': role, 'password': PASSWORD})
        stage = Stage(product, phones)
        stage.message(phones.say(ANNA, SHOP, 'good morning'))
        yield stage
    finally:
        product.http.close()
        product.close()
        phones.close()
