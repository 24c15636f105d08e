"""What became of a run or a message, in words: the one table for every page. REST gives the raw states."""

from dataclasses import dataclass

from .pieces import Tone, Words, badge


@dataclass(frozen=True, slots=True)
class Outcome:
    """`sentence`: what it means, for whoever wonders."""

    tone: Tone
    word: str
    sentence: str


OUTCOMES: dict[str, Outcome] = {
    'finished': Outcome('idle', 'Answered', 'The flow ran to its end.'),
    'stopped': Outcome('idle', 'Stopped', 'The flow ended before its last step.'),
    'error': Outcome('bad', 'Failed', 'A step could not be done.'),
    'timeout': Outcome('bad', 'Took too long', 'It had not come to its end when its time was over.'),
    'cancelled': Outcome('idle', 'Cancelled', 'It was ended from outside.'),
    'queued': Outcome('wait', 'In line', 'It begins when the one before it is over.'),
    'running': Outcome('accent', 'Running', 'It is being worked on.'),
    'waiting': Outcome('wait', 'Waiting', 'It goes on when what it waits for comes.'),
    'failed_conditions': Outcome('idle', 'Condition not met', 'The words fitted, but a condition of the flow did not.'),
    'failed_single': Outcome('idle', 'Still busy', 'The flow still ran for them, and runs once at a time.'),
    'failed_max_runs': Outcome('idle', 'Too many at once', 'As many as the flow allows were under way already.'),
    'not_triggered': Outcome('idle', 'No flow matched', 'No flow waits for such a message.'),
    'suppressed_cooldown': Outcome('idle', 'Ran lately', 'The flow is to keep quiet for a while after it ran.'),
    'suppressed_loop': Outcome('wait', 'Loop stopped', 'It might never have ended, so nothing answered.'),
    'suppressed_stale': Outcome('wait', 'Too old', 'Old messages are not answered by themselves.'),
    'suppressed_human': Outcome('accent', 'Left to a person', 'Nothing automatic answers while a person is in charge.'),
    'suppressed_blocked': Outcome('idle', 'Blocked', 'Nothing looks at what a blocked contact writes.'),
    'resumed': Outcome('accent', 'Went on', 'A flow waited for this answer and went on with it.'),
    'stop_obeyed': Outcome('accent', 'Opted out', 'They asked for no more messages. No flow is asked then.'),
    'start_obeyed': Outcome('accent', 'Opted in', 'They want messages again. No flow is asked then.'),
    'help_obeyed': Outcome('accent', 'Told who we are', 'They asked for help. No flow is asked then.'),
}  # fmt: skip

# What the list of runs is narrowed down to: word -> states.
GROUPS: dict[str, tuple[str, tuple[str, ...]]] = {
    'answered': ('Answered', ('finished', 'resumed', 'stop_obeyed', 'start_obeyed', 'help_obeyed')),
    'open': ('Waiting or running', ('waiting', 'queued', 'running')),
    'failed': ('Failed', ('error', 'timeout')),
    'unmatched': ('No flow matched', ('not_triggered',)),
    'kept': (
        'Kept from running',
        ('failed_conditions', 'failed_single', 'failed_max_runs', 'suppressed_cooldown', 'suppressed_loop',
         'suppressed_stale', 'suppressed_human', 'suppressed_blocked'),
    ),
    'ended': ('Ended early', ('stopped', 'cancelled')),
}  # fmt: skip


def outcome_of(state: str) -> Outcome:
    return OUTCOMES.get(state) or Outcome('idle', state.replace('_', ' ').capitalize(), '')


def outcome_badge(state: str) -> Words:
    outcome = outcome_of(state)
    return badge(outcome.word, outcome.tone, live=state == 'running')
