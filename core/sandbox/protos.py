"""WhatsApp's protobuf modules, taken from neonize without loading its Go library.

They import each other as top-level packages, so their folder goes on the path. They are generated and have no types.
"""

import sys
from typing import Any, TypeAlias

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from core.sandbox.library import neonize_folder

if str(neonize_folder() / 'proto') not in sys.path:
    sys.path.append(str(neonize_folder() / 'proto'))

from waAdv import WAAdv_pb2 as adv  # type: ignore[import-not-found]
from waCert import WACert_pb2 as cert  # type: ignore[import-not-found]
from waE2E import WAWebProtobufsE2E_pb2 as e2e  # type: ignore[import-not-found]
from waHistorySync import WAWebProtobufsHistorySync_pb2 as history  # type: ignore[import-not-found]
from waServerSync import WAWebProtobufsServerSync_pb2 as sync  # type: ignore[import-not-found]
from waSyncAction import WAWebProtobufSyncAction_pb2 as sync_action  # type: ignore[import-not-found]
from waWa6 import WAWebProtobufsWa6_pb2 as wa6  # type: ignore[import-not-found]
from waWeb import WAWebProtobufsWeb_pb2 as web  # type: ignore[import-not-found]

Message: TypeAlias = Any  # e2e.Message
Mutation: TypeAlias = Any  # sync.SyncdMutation
Patch: TypeAlias = Any  # sync.SyncdPatch
Action: TypeAlias = Any  # sync_action.SyncActionValue
History: TypeAlias = Any  # history.HistorySync
Conversation: TypeAlias = Any  # history.Conversation
Notice: TypeAlias = Any  # e2e.HistorySyncNotification
Certificate: TypeAlias = Any  # cert.CertChain.NoiseCertificate

__all__ = [
    'Action',
    'Certificate',
    'Conversation',
    'DecodeError',
    'History',
    'Message',
    'Mutation',
    'Notice',
    'Patch',
    'adv',
    'cert',
    'e2e',
    'history',
    'sync',
    'sync_action',
    'wa6',
    'web',
]
