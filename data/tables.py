"""Every table of the program, in the order in which they refer to each other."""

from .answers import Answer
from .blocked import Blocked
from .chats import Chat
from .clocks import FlowClock, FlowSilence
from .contacts import Contact
from .database import Table
from .deliveries import Attempt, ChatSequence, Delivery
from .events import LoggedEvent, LogPlace
from .flow_secrets import FlowSecret
from .flows import Flow, FlowVersion
from .hooks import Hook, HookEvent, HookOnce
from .marks import Mark
from .media import Conversion, Download, Media, Upload
from .members import Member
from .messages import Message, Receipt
from .notes import Note
from .opt_outs import OptOut
from .pacing import KnownNumber, Pace, SentCount, SessionLimit
from .people import ApiKey, Login, User
from .proofs import Stray
from .quick_replies import QuickReply
from .runs import Run
from .sessions import Session, SessionChange
from .tags import ContactGroup, ContactGroupMember, ContactTag
from .templates import Template
from .webhooks import Webhook

TABLES: tuple[type[Table], ...] = (
    Session, SessionChange, Contact, Chat, Message, Receipt, Stray, Mark, Member, Blocked, Media, Conversion, Upload,
    Download, Note, QuickReply, Template, Flow, FlowVersion, FlowSecret, Run, FlowClock, FlowSilence, LoggedEvent,
    LogPlace, Answer, User, Login, ApiKey, SessionLimit, SentCount, Pace, KnownNumber, OptOut, ContactTag, ContactGroup,
    ContactGroupMember, Hook, HookEvent, HookOnce, Webhook, Delivery, Attempt, ChatSequence,
)  # fmt: skip
