"""The shapes of what the API answers, for the reference and for those who generate clients from it."""

from typing import Any, Literal

from pydantic import BaseModel, Field

TIME = Field(description='RFC 3339, UTC.', examples=['2026-11-22T12:00:00.000Z'])
SESSION_STATES = 'new, starting, pairing, passkey, working, reconnecting, resting, logged_out, banned or failed.'
MESSAGE_STATES = (
    'received for incoming ones; else scheduled, queued, sending, sent, delivered, read, played, failed, uncertain '
    '(it may or may not have left), cancelled or blocked.'
)


class PersonOut(BaseModel):
    """Somebody on WhatsApp, with whatever is known of them."""

    id: str | None = Field(examples=['01KB3M5V6J8QW2H4E9T7XZ1C0A'], description='The contact’s id.')
    phone: str | None = Field(examples=['+15551230001'])
    lid: str | None = Field(examples=['20000000000001'], description='WhatsApp’s own number for them.')
    name: str | None = Field(examples=['Anna'])
    group: str | None = Field(default=None, description='Only for groups: its address.')


class HistoryOut(BaseModel):
    progress: int = Field(
        description='How far the phone has come with telling its history, in percent.', examples=[100]
    )
    messages: int = Field(description='How many messages of it are kept.', examples=[1240])


class LimitOut(BaseModel):
    kind: str = Field(description='reach_out (463), refused (479), too_fast (429) or banned.', examples=['reach_out'])
    stops: Literal['new_conversations', 'everything']
    until: str | None = Field(description='RFC 3339, UTC; null: WhatsApp did not say.')
    since: str = TIME
    detail: str = Field(examples=['WhatsApp does not let this number open conversations for now (463).'])
    times: int = Field(description='How often in a row; each lasts longer.', examples=[1])


class ProtectionOut(BaseModel):
    """What a session may send. 0 means no limit."""

    preset: Literal['careful', 'standard', 'off']
    per_minute: int = Field(examples=[12])
    per_hour: int = Field(examples=[200])
    per_day: int = Field(examples=[1000])
    new_per_hour: int = Field(description='To people who have never written to this session.', examples=[15])
    new_per_day: int = Field(description='The same, a day.', examples=[60])
    warm_up: bool = Field(description='In the first month after linking: 20, 50, 100, 250 a day that are no replies.')
    gap: list[float] = Field(description='Seconds between two messages, from and to.', examples=[[3, 8]])
    pause_every: int = Field(examples=[40])
    pause: list[float] = Field(description='Seconds, instead of the gap, after so many.', examples=[[60, 180]])
    typing: bool = Field(description='Show typing before automatic messages.')
    check_numbers: bool = Field(description='Ask WhatsApp for a number before the first message to it.')
    write_from: str = Field(description='From when conversations are opened where the other lives.', examples=['08:00'])
    write_until: str = Field(examples=['21:00'])
    zone: str = Field(description='For numbers that do not say theirs; empty: that of the session.', examples=[''])
    words: list[str] = Field(description='The same for people.')


class OptedOut(BaseModel):
    to: str = Field(examples=['+15551230001'])
    opted_out: bool


class SessionOut(BaseModel):
    name: str = Field(examples=['shop'])
    id: str = Field(examples=['01KB3M5V6J8QW2H4E9T7XZ1C0A'])
    state: str = Field(description=SESSION_STATES, examples=['working'])
    detail: str = Field(description='How it is, in a sentence.', examples=['Linked to +1 555-000-0001 as “Shop”.'])
    next_step: str = Field(description='What to do now.', examples=['Nothing to do.'])
    since: str = TIME
    until: str | None = Field(description='The end of a ban.', examples=[None])
    wanted: bool = Field(description='Whether it should be connected, also after a restart.')
    phone: str | None = Field(examples=['+15550000001'])
    lid: str | None = Field(examples=['20000000000009'])
    push_name: str | None = Field(examples=['Shop'])
    country: str | None = Field(description='In which numbers without a plus are read.', examples=['DE'])
    linked_at: str | None = TIME
    created_at: str = TIME
    limits: list[LimitOut] = Field(description='What WhatsApp limits this session in now.')
    protection: ProtectionOut
    history: HistoryOut | None = Field(
        description='What the phone told of the time before the link; null: nothing yet.'
    )
    calls: 'CallRulesOut'
    presence: Literal['online', 'as_phone'] = Field(description='Whether it is shown as online all the time.')


class ChangeOut(BaseModel):
    state: str = Field(description=SESSION_STATES, examples=['working'])
    detail: str = Field(examples=['Linked to +1 555-000-0001 as “Shop”.'])
    at: str = TIME


class CodeOut(BaseModel):
    code: str = Field(description='The text of the QR code, or the code to type on the phone.', examples=['ABCD-EFGH'])
    expires_at: str = TIME


class QueuedOut(BaseModel):
    id: str = Field(examples=['01KB3M5V6J8QW2H4E9T7XZ1C0A'])
    status: str = Field(description=MESSAGE_STATES, examples=['queued'])
    chat: str = Field(examples=['01KB3M5V6J8QW2H4E9T7XZ1C0B'])


class ChangedOut(QueuedOut):
    by: str | None = Field(description='The message that asks WhatsApp for the change; null: nothing had to be asked.')


class WentWrongOut(BaseModel):
    code: str = Field(description='WhatsApp’s number, or a word.', examples=['463'])
    detail: str = Field(examples=['This number has never written to you (463). Ask them to write first.'])


class QuoteOut(BaseModel):
    whatsapp_id: str
    from_: str | None = Field(alias='from')
    text: str | None


class StepOut(BaseModel):
    status: str = Field(description=MESSAGE_STATES, examples=['delivered'])
    at: str = TIME
    detail: str | None = Field(default=None, description='Why, if it failed or is uncertain.', examples=[None])


class MediaPartOut(BaseModel):
    id: str | None = Field(description='For `GET /media/{id}`; null until it was fetched from WhatsApp.')
    mime: str = Field(examples=['image/jpeg'])
    size: int = Field(description='Bytes.')
    filename: str
    width: int
    height: int
    seconds: int
    animated: bool
    view_once: bool | None = None
    state: str | None = Field(
        default=None,
        description='Of a received one: wanted (it is being fetched), here, failed, gone (WhatsApp has it no longer) '
        'or skipped (this session does not fetch such files by itself).',
        examples=['here'],
    )
    detail: str | None = Field(default=None, description='Why it is not here, in a sentence.', examples=[''])


class ReceivedFileOut(MediaPartOut):
    kind: str = Field(description='image, video, audio, voice, document or sticker.', examples=['image'])


class WantedOut(BaseModel):
    id: str = Field(description='The message.', examples=['01KB3M5V6J8QW2H4E9T7XZ1C0A'])
    media: ReceivedFileOut


class FileOut(BaseModel):
    id: str = Field(description='For `media.id` of a message.', examples=['01KB3M5V6J8QW2H4E9T7XZ1C0A'])
    mime: str = Field(description='By its content.', examples=['image/jpeg'])
    size: int = Field(description='Bytes.', examples=[48213])
    sha256: str = Field(examples=['9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'])
    filename: str = Field(examples=['photo.jpg'])
    width: int = Field(description='Pixels; 0: unknown, or it has none.', examples=[1600])
    height: int = Field(examples=[1200])
    seconds: int = Field(description='Of sound and video; 0: unknown, or it has none.', examples=[0])
    animated: bool


class PlaceOut(BaseModel):
    latitude: float
    longitude: float
    name: str
    address: str
    live: bool = Field(description='It moved while it was shared; this is where it began.')


class CardOut(BaseModel):
    name: str
    phones: list[str]


class VoteOut(BaseModel):
    options: list[str]


class ChosenOut(VoteOut):
    by: PersonOut | None = Field(description='null: this account.')
    at: str = TIME


class PollOut(BaseModel):
    name: str
    options: list[str]
    multiple: bool
    votes: list[ChosenOut] | None = Field(default=None, description='What each chose last.')


class CallOut(BaseModel):
    video: bool
    state: Literal['ringing', 'rejected', 'over']


class GroupChangeOut(BaseModel):
    action: str = Field(description='created, joined, added, left, removed, promoted, renamed, …', examples=['added'])
    by: str | None = Field(description='The address of who did it.', examples=['15551230001@s.whatsapp.net'])
    people: list[str] = Field(description='Addresses of those it was done to.')
    name: str = Field(description='What the group is called since then.')


class CallRulesOut(BaseModel):
    reject: bool = Field(description='Calls to this account are rejected by themselves.')
    text: str = Field(description='What is then written to the caller; empty: nothing.')


class PreviewOut(BaseModel):
    url: str
    title: str
    description: str


class ReactionOut(BaseModel):
    emoji: str = Field(examples=['👍'])
    by: PersonOut | None = Field(description='null: this account.')
    at: str = TIME


class WaitsOut(BaseModel):
    until: str | None = Field(description='RFC 3339, UTC; null: nobody knows.')
    reason: str = Field(examples=['The limit of 12 messages a minute is reached.'])


class MessageOut(BaseModel):
    id: str = Field(examples=['01KB3M5V6J8QW2H4E9T7XZ1C0A'])
    session: str = Field(examples=['shop'])
    chat: str = Field(examples=['01KB3M5V6J8QW2H4E9T7XZ1C0B'])
    direction: Literal['in', 'out']
    kind: str = Field(examples=['text'])
    text: str = Field(examples=['hello'])
    status: str = Field(description=MESSAGE_STATES, examples=['delivered'])
    whatsapp_id: str | None = Field(examples=['3EB0A9253FA64269E11C9D'])
    created_at: str = TIME
    at: str = Field(description='When it was written, by the sender’s clock.', examples=['2026-11-22T12:00:00.000Z'])
    origin: str = Field(description='live, or offline: it waited at WhatsApp.', examples=['live'])
    error: WentWrongOut | None = Field(description='Why it failed or is uncertain.')
    waits: WaitsOut | None = Field(default=None, description='Queued: why it has not left yet, and when it may.')
    to: PersonOut | None = Field(default=None, description='Outgoing: the other side of the chat.')
    caused_by: str | None = Field(default=None, description='The message that made a flow say this.', examples=[None])
    author: str | None = Field(default=None, description='Outgoing: user:…, key:…, flow:… or phone.')
    from_: PersonOut | None = Field(default=None, alias='from', description='Incoming: who wrote it.')
    group: PersonOut | None = Field(default=None, description='Incoming, in a group: which.')
    reply_to: QuoteOut | None = Field(default=None, description='The message it answers.')
    mentions: list[str] | None = None
    forwarded: bool | None = Field(default=None, description='It was forwarded by whoever sent it.')
    about: str | None = Field(
        default=None, description='Of a reaction, edit, revoke or poll_vote: WhatsApp’s id of the message it is about.'
    )
    media: MediaPartOut | None = Field(default=None, description='Of image, video, audio, voice, document, sticker.')
    location: PlaceOut | None = None
    contacts: list[CardOut] | None = None
    poll: PollOut | None = None
    vote: VoteOut | None = Field(default=None, description='Of a poll_vote: what was chosen.')
    call: CallOut | None = None
    group_change: GroupChangeOut | None = Field(default=None, description='What happened in a group; `text` says it.')
    preview: PreviewOut | None = Field(default=None, description='What is shown of a link in the text.')
    reactions: list[ReactionOut] | None = None
    edited_at: str | None = Field(default=None, description='When its author changed it.')
    revoked_at: str | None = Field(default=None, description='When its author deleted it for everybody.')


class OneMessageOut(MessageOut):
    history: list[StepOut] = Field(description='Every status it had, oldest first.')


class ChatOut(BaseModel):
    id: str = Field(examples=['01KB3M5V6J8QW2H4E9T7XZ1C0B'])
    session: str = Field(examples=['shop'])
    kind: Literal['private', 'group']
    name: str | None = Field(examples=['Anna'])
    with_: PersonOut = Field(alias='with')
    unread: int = Field(examples=[2])
    automation: Literal['bot', 'human'] = Field(description='Who answers: flows, or a person.')
    human_until: str | None = Field(description='When the bot takes over again; null: when somebody says so.')
    assigned_to: str | None = Field(description='The id of the colleague who answers.')
    last_message: str | None = Field(examples=['01KB3M5V6J8QW2H4E9T7XZ1C0A'])
    last_at: str | None = TIME
    closed: str | None = Field(
        description='Why nobody can write into it now.', examples=['You are no longer in this group.']
    )


class MemberOut(PersonOut):
    role: Literal['member', 'admin', 'owner']


class GroupOut(BaseModel):
    id: str = Field(examples=['01KB3M5V6J8QW2H4E9T7XZ1C0B'], description='Of its chat.')
    session: str = Field(examples=['shop'])
    group: str = Field(examples=['120363000000000001@g.us'], description='Its address.')
    name: str = Field(examples=['Regulars'])
    description: str = Field(examples=['Early birds'])
    announce: bool = Field(description='Only admins may write.')
    locked: bool = Field(description='Only admins may change name, photo and description.')
    owner: str | None = Field(description='The address of who made it.', examples=['15551230001@s.whatsapp.net'])
    role: Literal['member', 'admin', 'owner', 'gone'] | None = Field(
        description='What this account is in it; gone: it is not in it any more; null: not known yet.'
    )
    size: int | None = Field(description='How many are in it; null: not known yet.', examples=[12])
    made_at: str | None = TIME
    closed: str | None = Field(description='Why nobody can write into it now.', examples=[None])


class OneGroupOut(GroupOut):
    members: list[MemberOut] = Field(description='Who made it first, then admins, then by name.')


class OutcomeOut(BaseModel):
    action: Literal['add', 'remove', 'promote', 'demote']
    person: PersonOut
    done: bool
    code: str | None = Field(description='WhatsApp’s number for what went wrong.', examples=['403'])
    detail: str | None = Field(description='The same in a sentence.', examples=['They may only be invited: …'])


class NewGroupOut(OneGroupOut):
    outcomes: list[OutcomeOut]


class MembersOut(BaseModel):
    outcomes: list[OutcomeOut]
    group: OneGroupOut


class PreviewGroupOut(BaseModel):
    group: str = Field(examples=['120363000000000001@g.us'])
    name: str = Field(examples=['Regulars'])
    description: str
    size: int | None
    made_at: str | None = TIME


class InviteOut(BaseModel):
    link: str = Field(examples=['https://chat.whatsapp.com/AbCdEfGhIjKlMnOp'])


class PresenceOut(BaseModel):
    session: str = Field(description='The session that sees it.', examples=['shop'])
    online: bool | None = Field(description='null: nothing is known, or they do not show it.')
    last_seen: str | None = TIME
    typing: Literal['typing', 'recording'] | None = Field(description='What they do in our chat just now.')


class NoteOut(BaseModel):
    id: str = Field(examples=['01KB3M5V6J8QW2H4E9T7XZ1C0A'])
    chat: str = Field(examples=['01KB3M5V6J8QW2H4E9T7XZ1C0B'])
    text: str = Field(examples=['Pays by invoice.'])
    author: str = Field(description='user:… or key:….')
    author_name: str = Field(examples=['Mia Brandt'])
    at: str = TIME


class QuickReplyOut(BaseModel):
    key: str = Field(examples=['opening-hours'])
    text: str = Field(examples=['Hi {{ contact.name }}, we bake from 7 to 18.'])
    created_at: str = TIME
    changed_at: str = TIME


class ReadOut(BaseModel):
    chat: str = Field(examples=['01KB3M5V6J8QW2H4E9T7XZ1C0B'])
    unread: int = Field(examples=[0])
    receipts: int = Field(description='Of how many messages WhatsApp is told; 0 while not connected.', examples=[2])


class ContactOut(BaseModel):
    id: str = Field(examples=['01KB3M5V6J8QW2H4E9T7XZ1C0A'])
    phone: str | None = Field(examples=['+15551230001'])
    lid: str | None = Field(examples=['20000000000001'])
    name: str | None = Field(examples=['Anna'])
    push_name: str | None = Field(description='What they call themselves.', examples=['Anna'])
    created_at: str = TIME
    blocked: list[str] = Field(description='The sessions that have blocked them.', examples=[[]])


class CheckedOut(BaseModel):
    phone: str = Field(examples=['+15551230001'])
    on_whatsapp: bool
    address: str | None = Field(examples=['15551230001@s.whatsapp.net'])


class CheckOut(BaseModel):
    items: list[CheckedOut]


class KeyOut(BaseModel):
    id: str = Field(examples=['01KB3M5V6J8QW2H4E9T7XZ1C0A'])
    name: str = Field(examples=['CRM'])
    prefix: str = Field(description='The beginning of the key, to recognise it.', examples=['dvc_1a2b3c4d'])
    role: Literal['owner', 'admin', 'agent', 'viewer']
    sessions: list[str] | None = Field(description='The only sessions it may touch; null: all.', examples=[['shop']])
    created_by: str = Field(examples=['Mia Brandt'])
    created_at: str = TIME
    expires_at: str | None = TIME
    last_used_at: str | None = TIME
    revoked_at: str | None = Field(examples=[None])


class NewKeyOut(KeyOut):
    key: str = Field(description='The key itself. It is shown only here.', examples=[f'dvc_1a2b3c4d_{"0" * 48}'])


class UserOut(BaseModel):
    id: str = Field(examples=['01KB3M5V6J8QW2H4E9T7XZ1C0A'])
    email: str = Field(examples=['mia@example.org'])
    name: str = Field(examples=['Mia Brandt'])
    role: Literal['owner', 'admin', 'agent', 'viewer']
    active: bool = Field(description='Whether they may sign in.')
    created_at: str = TIME
    last_seen_at: str | None = TIME


class MeOut(BaseModel):
    kind: Literal['user', 'key']
    id: str = Field(examples=['01KB3M5V6J8QW2H4E9T7XZ1C0A'])
    name: str = Field(examples=['CRM'])
    role: Literal['owner', 'admin', 'agent', 'viewer']
    rights: list[str] = Field(examples=[['messages.see', 'messages.send']])
    sessions: list[str] | None = Field(description='The only sessions it may touch; null: all.', examples=[None])


class FlowProblemOut(BaseModel):
    place: str = Field(description='Where in the document; empty for the whole of it.', examples=['steps/2/text'])
    sentence: str = Field(examples=['A question needs a text.'])


class DraftOut(BaseModel):
    key: str = Field(examples=['hello'])
    draft: int = Field(description='Counts the drafts that were kept.', examples=[2])
    version: int | None = Field(description='What runs; null before the first was published.', examples=[1])
    problems: list[FlowProblemOut] = Field(description='Why the draft cannot run; empty when it can.', examples=[[]])


class PublishedOut(BaseModel):
    key: str = Field(examples=['hello'])
    version: int = Field(examples=[2])


class FlowOut(BaseModel):
    key: str = Field(examples=['welcome'])
    name: str = Field(examples=['Welcome'])
    enabled: bool
    priority: int = Field(description='Lower is asked first.', examples=[100])
    draft: int = Field(description='Counts the drafts that were kept.', examples=[2])
    version: int | None = Field(description='What runs; null before the first was published.', examples=[1])
    changed: bool = Field(description='Whether the draft differs from what runs.')
    problem: str = Field(description='Why the draft cannot run; empty when it can.', examples=[''])
    created_at: str = TIME
    changed_at: str = TIME


class OneFlowOut(FlowOut):
    description: str = Field(examples=['Greets whoever says hello.'])
    source: str = Field(description='The draft as its author wrote it: YAML.', examples=['key: welcome\nname: …\n'])
    document: dict[str, Any] = Field(description='What that says.')
    problems: list[FlowProblemOut] = Field(description='Everything that keeps the draft from running.', examples=[[]])


class FlowVersionOut(BaseModel):
    version: int = Field(examples=[1])
    published_at: str = TIME
    published_by: str = Field(examples=['Ada'])
    current: bool = Field(description='Whether this is what runs.')


class FlowSecretOut(BaseModel):
    name: str = Field(examples=['shop'])
    created_at: str = TIME


class OptionOut(BaseModel):
    value: str = Field(examples=['private'])
    title: str = Field(examples=['Private chats'])


class InputOut(BaseModel):
    name: str = Field(examples=['words'])
    title: str = Field(examples=['Words that open it'])
    about: str = Field(examples=[''])
    type: str = Field(
        description='text, words, span, number, choice, switch, hours, zone, url, tag or email.', examples=['words']
    )
    default: Any = Field(description='null: it must be given.', examples=[['menu', 'help']])
    required: bool
    options: list[OptionOut] = Field(description='Of a choice.')


class BlueprintOut(BaseModel):
    key: str = Field(examples=['menu'])
    name: str = Field(examples=['Menu'])
    description: str = Field(examples=['Shows a numbered menu.'])
    inputs: list[InputOut]


class StartedOut(BaseModel):
    runs: list[str] = Field(description='Their ids.', examples=[['01KB3M5V6J8QW2H4E9T7XZ1C0A']])


class RunOut(BaseModel):
    id: str = Field(examples=['01KB3M5V6J8QW2H4E9T7XZ1C0A'])
    flow: str | None = Field(description='null: none matched.', examples=['welcome'])
    version: int = Field(examples=[1])
    trigger: str = Field(description='The type of the trigger; empty when none fitted.', examples=['message'])
    session: str | None = Field(examples=['shop'])
    message: str | None = Field(description='The message that started it.', examples=['01KB3M5V6J8QW2H4E9T7XZ1C0A'])
    chat: str | None = Field(examples=['01KB3M5V6J8QW2H4E9T7XZ1C0B'])
    contact: str | None = Field(examples=['01KB3M5V6J8QW2H4E9T7XZ1C0C'])
    state: str = Field(description='queued, running, waiting, finished, error, …, or why it was kept from running.')
    detail: str = Field(examples=['Answered.'])
    started_at: str = TIME
    finished_at: str | None = Field(description='null while it is under way.', examples=['2026-11-22T12:00:00.000Z'])


class WaitOut(BaseModel):
    for_: str = Field(alias='for', description='time, answer, event or run.', examples=['answer'])
    until: str | None = TIME


class OneRunOut(RunOut):
    steps: list[dict[str, Any]] = Field(description='The trace: {path, text, at, result?, changed?, error?}.')
    variables: dict[str, Any] = Field(description='What the flow knows as `run.*`.')
    facts: dict[str, Any] = Field(description='What the trigger brought: `trigger.*`.')
    correlation: str = Field(description='The same for all that one occasion brought about.')
    parent: str | None = Field(description='The run that started this one.')
    depth: int = Field(description='How many flows led here.', examples=[0])
    position: str = Field(description='The step that is next; empty when none is.', examples=['steps/1'])
    waits: WaitOut | None = Field(description='Only while it waits.')
    expires_at: str | None = Field(description='RFC 3339, UTC.')
    children: list[RunOut] = Field(description='The runs it started.')


class HostOut(BaseModel):
    id: str = Field(examples=['h1'])
    pid: int = Field(examples=[4711])
    sessions: list[str] = Field(examples=[['shop']])
    started_at: str | None = TIME
    crashes: int = Field(examples=[0])
    memory_mb: float = Field(description='Its share of memory (PSS).', examples=[62.4])


class StatusOut(BaseModel):
    status: str = Field(examples=['ok'])


class PhoneOut(BaseModel):
    phone: str = Field(examples=['15551230001'])
    name: str = Field(examples=['Anna'])
    lid: str = Field(examples=['20000000000001'])
    devices: list[int] = Field(description='Numbers of the linked devices.', examples=[[1]])
    offline: bool
    unread: int = Field(examples=[0])


class DeviceOut(BaseModel):
    device: int = Field(description='The number of the new device; 0 when linking stalls.', examples=[1])
    linked: bool


class LinkedOut(DeviceOut):
    session: SessionOut = Field(description='How the session is now.')


class SaidOut(BaseModel):
    id: str = Field(description='WhatsApp’s id of the message.', examples=['3EB0A9253FA64269E11C9D'])


class ReadCountOut(BaseModel):
    read: int = Field(description='How many messages are read now.', examples=[1])


class AttachedOut(BaseModel):
    mime: str = Field(examples=['image/png'])
    size: int = Field(examples=[2048])
    filename: str = Field(examples=[''])


class SeenOut(BaseModel):
    id: str = Field(examples=['3EB0A9253FA64269E11C9D'])
    from_: str = Field(alias='from', examples=['15550000001'])
    chat: str = Field(description='Digits of the other side, or the address of the group.', examples=['15550000001'])
    kind: str = Field(examples=['text'])
    text: str = Field(examples=['hello'])
    at: str = TIME
    media: AttachedOut | None = None
    about: str | None = Field(default=None, description='What is reacted to, edited or taken back.')
    quotes: str | None = Field(default=None, description='The message that it answers.')


class GroupMadeOut(BaseModel):
    id: str = Field(examples=['120363000000000001@g.us'])
    name: str = Field(examples=['Regulars'])
    owner: str = Field(examples=['15551230001'])
    members: list[str] = Field(examples=[['15551230001', '15551230002']])


class FaultOut(BaseModel):
    kind: str = Field(examples=['outage'])
    phone: str
    code: int
    times: int
    seconds: float
    ms: int
    reason: int
    expire: int
    refs: int
    xmlns: str
    conflict: str
