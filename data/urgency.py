"""How much the messages that wait in a chat matter: what is kept on the chat, and what moves it."""

# Lower goes first. A reply: they wrote within the last day.
REPLY, KNOWN, FIRST, BULK, BULK_FIRST = range(5)
URGENCIES = (REPLY, KNOWN, FIRST, BULK, BULK_FIRST)
DAY = 86_400_000
# A note to oneself opens no conversation.
STRANGER = (
    '(heard_at IS NULL AND "group" IS NULL AND contact_id IS NOT (SELECT p.id FROM session s'
    ' JOIN contact p ON p.phone = s.phone WHERE s.id = chat.session_id))'
)
URGENCY = (
    f'CASE WHEN {{priority}} > 0 THEN {BULK} + {STRANGER} WHEN "group" IS NOT NULL THEN {KNOWN}'
    f' WHEN {STRANGER} THEN {FIRST} WHEN heard_at IS NULL THEN {KNOWN}'
    f' WHEN heard_at > {{at}} - {DAY} THEN {REPLY} ELSE {KNOWN} END'
)
# A chat with something to send takes a place in line, unless it has one.
IN_LINE = f'turn = coalesce(turn, ?), urgency = min(coalesce(urgency, 9), {URGENCY.format(priority="?", at="?")})'
HEARD = (
    f'heard_at = max(coalesce(heard_at, 0), ?), urgency = CASE urgency WHEN {FIRST} THEN {{known}}'
    f' WHEN {KNOWN} THEN {{known}} WHEN {BULK_FIRST} THEN {BULK} ELSE urgency END'
)
# Whoever writes is answered at once: what waited for a better moment is looked at again.
HEARD_NOW = f'{HEARD.format(known=REPLY)}, due = NULL'
HEARD_ONCE = HEARD.format(known=KNOWN)
