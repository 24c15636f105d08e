"""Fills one template with plain values, in the process that asks."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Literal, TypeVar

from jinja2 import Template, TemplateError, TemplateSyntaxError, nodes
from jinja2.exceptions import SecurityError

from core.errors import Unfillable

from .environment import ENVIRONMENT
from .plain import Plain, plain
from .reading import lone_expression, parse

Wanted = Literal['text', 'value']

OUTPUT_MOST = 65_536
KEPT_MOST = 2**19  # characters of source of which the compiled form is kept; that is some thirty times as long
RESULT = 'dovecote_result'
Result = TypeVar('Result')


class Kept:
    """The compiled forms of templates lately used. Threads may share it: at worst one is compiled twice."""

    def __init__(self) -> None:
        self._forms: OrderedDict[tuple[Wanted, str], Template] = OrderedDict()
        self._length = 0
        self._turn = threading.Lock()

    def of(self, wanted: Wanted, source: str) -> Template:
        """Raises Unfillable."""
        form = self._forms.get((wanted, source))
        if form is None:
            form = _compiled(wanted, source)
            with self._turn:
                self._keep(wanted, source, form)
        return form

    def _keep(self, wanted: Wanted, source: str, form: Template) -> None:
        if (wanted, source) not in self._forms:
            self._forms[wanted, source] = form
            self._length += len(source)
        while self._length > KEPT_MOST:
            (_, oldest), _ = self._forms.popitem(last=False)
            self._length -= len(oldest)


def text(template: Template, values: dict[str, Plain]) -> str:
    """At most OUTPUT_MOST characters. Raises Unfillable, and MemoryError where the template needs too much."""

    def fill() -> str:
        parts, size = [], 0
        for part in _run(template, values):
            size += len(part)
            if size > OUTPUT_MOST:
                raise Unfillable(f'the text becomes longer than {OUTPUT_MOST} characters.')
            parts.append(part)
        return ''.join(parts)

    return _explained(template, fill)


def value(template: Template, values: dict[str, Plain]) -> Plain:
    """What the one expression of `template`, compiled as 'value', comes to. Raises like `text`."""

    def find() -> Plain:
        context = template.new_context(dict(values))
        for _ in template.root_render_func(context):
            pass
        return plain(context.vars[RESULT], name='the result', result=True)[0]

    return _explained(template, find)


def _run(template: Template, values: dict[str, Plain]) -> Iterator[str]:
    return template.root_render_func(template.new_context(dict(values)))


def _compiled(wanted: Wanted, source: str) -> Template:
    tree = parse(source)
    expression = lone_expression(tree) if wanted == 'value' else None
    if expression is not None:
        kept = nodes.Assign(nodes.Name(RESULT, 'store', lineno=1), expression, lineno=expression.lineno)
        tree = nodes.Template([kept], lineno=1)
        tree.set_environment(ENVIRONMENT)
    try:
        return ENVIRONMENT.from_string(tree)
    except TemplateSyntaxError as error:
        raise Unfillable(f'{(error.message or "this is not right").rstrip(".")}.', error.lineno) from error
    except SyntaxError as error:
        raise Unfillable(f'it cannot be read ({error.msg}).') from None
    except RecursionError:
        raise Unfillable('it is nested too deeply.') from None
    except (ValueError, ArithmeticError) as error:
        raise Unfillable(f'a number or a text in it is not right ({error}).') from error


def _explained(template: Template, work: Callable[[], Result]) -> Result:
    try:
        return work()
    except MemoryError:
        raise
    except Unfillable as error:
        raise Unfillable(error.why, error.line or _line(template, error)) from None
    except SecurityError as error:
        raise Unfillable(f'that is not allowed: {str(error).rstrip(".")}.', _line(template, error)) from error
    except TemplateError as error:
        raise Unfillable(f'{str(error).rstrip(".")}.', _line(template, error)) from error
    except RecursionError as error:
        raise Unfillable('it calls itself too often.', _line(template, error)) from error
    except ZeroDivisionError as error:
        raise Unfillable('it divides by zero.', _line(template, error)) from error
    except Exception as error:  # filters raise whatever their insides raise: TypeError, ValueError, re.error ...
        raise Unfillable(f'{error or type(error).__name__}.'[:300], _line(template, error)) from error


def _line(template: Template, error: BaseException) -> int:
    """Where in the source: of the innermost part of a template that was at work."""
    line, trace = 0, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_globals.get('__jinja_template__') is template:
            line = template.get_corresponding_lineno(trace.tb_lineno)
        trace = trace.tb_next
    return line


def sealed(result: Plain) -> Any:
    """A moment as something JSON can carry."""
    if isinstance(result, datetime):
        return {'\0at': result.isoformat()}
    raise TypeError(type(result).__name__)


def opened(found: dict[str, Any]) -> Any:
    return datetime.fromisoformat(found['\0at']) if '\0at' in found else found
