"""What flows say to other systems that nobody else may read: passwords and keys, by name."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from core.errors import Conflict, Invalid, NotFound
from core.seal import Seal
from core.world import World
from data.database import read, write
from data.flow_secrets import FlowSecret, flow_secrets, forget_flow_secret, keep_flow_secret

NAME = re.compile(r'[A-Za-z_][A-Za-z0-9_]{0,47}')
VALUE_MOST = 4_096
SECRETS_MOST = 200
MASK = '••••'
MASKED_FROM = 4  # characters: hiding every “a” would hide everything


class Secrets:
    def __init__(self, world: World, seal: Seal) -> None:
        self.world, self.seal = world, seal

    def listed(self) -> list[FlowSecret]:
        with read():
            return flow_secrets()

    def opened(self) -> dict[str, str]:
        """By name. Raises Invalid when they were sealed with another key."""
        return {str(row.name): self.seal.open(str(row.sealed)) for row in self.listed()}

    def put(self, name: str, value: str) -> bool:
        """False when it took the place of an older one. Raises Invalid, or Conflict when there are too many."""
        if not NAME.fullmatch(name):
            raise Invalid('The name of a secret has letters, digits and “_”, 48 at most.', field='name')
        if not value or len(value) > VALUE_MOST or not value.isprintable():
            raise Invalid(f'A secret has 1 to {VALUE_MOST} characters on one line.', field='value')
        return write(lambda: self._keep(name, self.seal.close(value)))

    def _keep(self, name: str, sealed: str) -> bool:
        known = {str(row.name) for row in flow_secrets()}
        if name not in known and len(known) >= SECRETS_MOST:
            raise Conflict(f'There are {SECRETS_MOST} secrets already; delete one that nobody uses.')
        return keep_flow_secret(name, sealed, self.world.now())

    def delete(self, name: str) -> None:
        """Raises NotFound."""
        if not write(lambda: forget_flow_secret(name)):
            raise NotFound(f'There is no secret “{name[:48]}”.')


def masked(value: Any, secrets: Mapping[str, str]) -> Any:
    """A plain value in which no secret is readable any more, as it is or as addresses write it."""
    found = {
        spelt for each in secrets.values() for spelt in (each, quote(each), quote(each, safe=''), quote_plus(each))
    }
    hidden = sorted((each for each in found if len(each) >= MASKED_FROM), key=len, reverse=True)
    # In whatever capitals: the host of an address is told in small letters.
    return _masked(value, [re.compile(re.escape(each), re.IGNORECASE) for each in hidden]) if hidden else value


def _masked(value: Any, hidden: list[re.Pattern[str]]) -> Any:
    match value:
        case str():
            for each in hidden:
                value = each.sub(MASK, value)
            return value
        case Mapping():
            return {_masked(name, hidden): _masked(each, hidden) for name, each in value.items()}
        case list() | tuple():
            return [_masked(each, hidden) for each in value]
    return value
