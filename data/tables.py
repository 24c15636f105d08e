"""Every table of the program, in the order in which they refer to each other."""

from .answers import Answer
from .chats import Chat
from .contacts import Contact
from .database import Table
from .events import LoggedEvent
from .flows import Flow, Run
from .marks import Mark
from .media import Conversion, Download, Media, Upload
from .messages import Message, Receipt
from .pacing import KnownNumber, OptOut, Pace, SentCount, SessionLimit
from .people import ApiKey, Login, User
from .sessions import Session, SessionChange

TABLES: tuple[type[Table], ...] = (
    Session, SessionChange, Contact, Chat, Message, Receipt, Mark, Media, Conversion, Upload, Download, Flow, Run,
    LoggedEvent, Answer, User, Login, ApiKey, SessionLimit, SentCount, Pace, KnownNumber, OptOut,
)  # fmt: skip
