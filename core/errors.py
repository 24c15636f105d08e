"""Everything that can go wrong, in words a user understands.

DovecoteError
 ├─ Invalid             what was asked for makes no sense; says which field and why
 │   ├─ TooLarge        a file is larger than what is allowed
 │   └─ Unfillable      a template cannot be filled; says in which line
 ├─ NotFound            there is no such thing
 ├─ Forbidden           the asker has no right to it
 ├─ Conflict            the state of the thing does not allow it
 ├─ TooMany             asked too often; says when to come back
 ├─ SettingWrong        the program cannot start with these settings
 ├─ StateDirWrong       the state directory cannot be used
 ├─ NoFiller            the process that fills templates cannot be had; worth trying again
 ├─ NotConnected        the session is not online, certainly nothing was sent; worth trying again
 ├─ SendRefused         WhatsApp said no
 ├─ SendUncertain       it may or may not have been sent; never repeated blindly
 ├─ CallDenied          WhatsApp said no to something else than a message
 └─ CallFailed          a question to WhatsApp was not answered
"""


class DovecoteError(Exception):
    """`str(error)` is a sentence for the user and holds no secrets.

    `retry`: may trying the same again help? `code`: stable, snake_case, for programs.
    """

    retry = False
    code = 'error'


class Invalid(DovecoteError):
    """`field` names what is wrong in the request, '' when it is the whole."""

    code = 'invalid'

    def __init__(self, sentence: str, *, field: str = '', code: str = '') -> None:
        super().__init__(sentence)
        self.field = field
        self.code = code or type(self).code


class TooLarge(Invalid):
    code = 'media_too_large'


class Unfillable(Invalid):
    """`line`: of the template's source, from 1; 0 when it is the whole. `why`: the sentence without the line."""

    code = 'template_wrong'

    def __init__(self, why: str, line: int = 0) -> None:
        super().__init__(f'Line {line} of the template: {why}' if line else f'The template cannot be filled: {why}')
        self.why, self.line = why, line


class NotFound(DovecoteError):
    code = 'not_found'


class Forbidden(DovecoteError):
    code = 'forbidden'


class Conflict(DovecoteError):
    code = 'conflict'

    def __init__(self, sentence: str, *, code: str = '') -> None:
        super().__init__(sentence)
        self.code = code or type(self).code


class TooMany(DovecoteError):
    """`after`: seconds until the next try is welcome."""

    retry = True
    code = 'too_many'

    def __init__(self, sentence: str, *, after: float) -> None:
        super().__init__(sentence)
        self.after = after


class SettingWrong(DovecoteError):
    code = 'setting_wrong'


class StateDirWrong(DovecoteError):
    code = 'state_dir_wrong'


class NoFiller(DovecoteError):
    retry = True
    code = 'no_filler'


class NotConnected(DovecoteError):
    retry = True
    code = 'not_connected'


class SendRefused(DovecoteError):
    """`reason`: WhatsApp's own number (463, 479, …) or 0 when it gave none."""

    code = 'send_refused'

    def __init__(self, sentence: str, *, reason: int = 0, retry: bool = False, code: str = '') -> None:
        super().__init__(sentence)
        self.reason = reason
        self.retry = retry
        self.code = code or type(self).code


class SendUncertain(DovecoteError):
    code = 'send_uncertain'


class CallDenied(DovecoteError):
    """`code` says what for: not_in_group, not_admin, no_such_group, link_invalid, link_revoked, … or call_denied."""

    code = 'call_denied'

    def __init__(self, sentence: str, *, code: str = '') -> None:
        super().__init__(sentence)
        self.code = code or type(self).code


class CallFailed(DovecoteError):
    retry = True
    code = 'call_failed'
