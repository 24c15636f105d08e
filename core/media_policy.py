"""Which files of received messages a session fetches by itself."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from data.database import write
from data.sessions import extra_of, keep_extra

from .errors import Invalid
from .events import FileKind, RemoteFile
from .media import MIB

log = logging.getLogger(__name__)

MOST_MB = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Of these kinds, each up to `most_mb` MiB. Others can be asked for."""

    kinds: tuple[FileKind, ...] = get_args(FileKind)
    most_mb: int = 20

    @classmethod
    def of(cls, extra: Mapping[str, Any]) -> 'Policy':
        """As it lies in a session's `extra`, under `media`; what is missing is as usual. Raises Invalid."""
        said = extra.get('media') or {}
        kinds, most = said.get('fetch', list(get_args(FileKind))), said.get('up_to_mb', 20)
        if not isinstance(kinds, list) or not set(kinds) <= set(get_args(FileKind)):
            known = ', '.join(get_args(FileKind))
            raise Invalid(f'What is fetched by itself is a list of {known}.', field='media.fetch')
        if not isinstance(most, int) or isinstance(most, bool) or not 0 <= most <= MOST_MB:
            raise Invalid(f'Files are fetched by themselves up to 0 to {MOST_MB} MiB.', field='media.up_to_mb')
        return cls(kinds=tuple(kind for kind in get_args(FileKind) if kind in kinds), most_mb=most)

    def as_json(self) -> dict[str, Any]:
        return {'fetch': list(self.kinds), 'up_to_mb': self.most_mb}

    def why_not(self, file: RemoteFile) -> str:
        """A sentence, or '' for a file that is fetched."""
        if file.kind not in self.kinds:
            return f'This session does not fetch files of this kind ({file.kind}) by itself.'
        if file.size > self.most_mb * MIB:
            return f'This file is larger than the {self.most_mb} MiB that this session fetches by itself.'
        return ''


def policy_of(extra: Mapping[str, Any]) -> Policy:
    """The same of what is kept: whatever became of it, messages are kept and sessions shown."""
    try:
        return Policy.of(extra)
    except Invalid:
        log.exception('the media policy of a session makes no sense')
        return Policy()


def change_policy(session_id: str, *, fetch: Sequence[str] | None = None, up_to_mb: int | None = None) -> Policy:
    """What is None stays as it is; what came before is not fetched for it. Raises Invalid."""

    def keep() -> Policy:
        said = {**policy_of(extra_of(session_id)).as_json()}
        said |= {'fetch': list(fetch)} if fetch is not None else {}
        said |= {'up_to_mb': up_to_mb} if up_to_mb is not None else {}
        policy = Policy.of({'media': said})
        keep_extra(session_id, 'media', policy.as_json())
        return policy

    return write(keep)
