"""One message on the screen of a phone, and what can be done with it."""

from collections.abc import Awaitable, Callable
from urllib.parse import quote

from nicegui import ui

from core.addresses import shown_phone

from ...pieces import box, icon, words
from .lines import Line

Does = Callable[[Line], Awaitable[None]]
Votes = Callable[[Line, str], Awaitable[None]]
WHOLE_TEXT = {'image', 'video', 'document'}  # the words beside what is shown
CALLS = {'ringing': 'ringing', 'rejected': 'declined', 'missed': 'not answered', 'ended': 'ended'}


def draw_bubble(line: Line, phone: str, *, sender: str, menu: Does | None, vote: Votes | None) -> None:
    """`sender`: the name above it, '' for none; `menu` opens what can be done with it; without, nothing can."""
    with box('bubble out' if line.mine else 'bubble') as around:
        if sender:
            words(sender, 'small strong', 'p')
        if line.forwarded:
            _mark('forward', 'Forwarded')
        if line.quote:
            words(line.quote, 'quote', 'p')
        if line.deleted:
            words('This message was deleted.', 'faint', 'p')
        else:
            _content(line, phone, vote)
        if line.edited and not line.deleted:
            words('edited', 'small faint')
        if line.reactions:
            words(''.join(line.reactions), 'reaction')
        if menu and not line.deleted and not line.call:
            _more(line, around, menu)


def _content(line: Line, phone: str, vote: Votes | None) -> None:
    if line.call:
        symbol = 'videocam' if line.video else 'call'
        _mark(symbol, f'{"Video" if line.video else "Voice"} call, {CALLS.get(line.call, line.call)}')
    elif line.file:
        _file(line, f'/api/v1/sandbox/phones/{phone}/media/{quote(line.id, safe="")}')
    elif line.place:
        _place(line)
    elif line.kind == 'contact':
        _card(line)
    elif line.kind == 'poll':
        _poll(line, vote)
    else:
        if line.what:
            words(line.what, 'small faint', 'p')
        words(line.text, 'said', 'p')


def _file(line: Line, address: str) -> None:
    if line.view_once:
        _mark('timer', 'View once')
    if line.kind in ('image', 'sticker'):
        picture = box('sticker' if line.kind == 'sticker' else 'picture', 'img')
        picture.props['src'], picture.props['alt'] = address, line.text or line.what
        picture.props['loading'] = 'lazy'
    elif line.kind in ('video', 'audio', 'voice'):
        player = box('player', 'video' if line.kind == 'video' else 'audio').props('controls preload=none')
        player.props['src'], player.props['aria-label'] = address, line.what
        if line.kind != 'video':
            words(f'{line.what}, {_length(line.seconds)}' if line.seconds else line.what, 'small faint', 'p')
    else:
        with box('file', 'a') as link:
            link.props['href'], link.props['download'] = address, line.filename or 'file'
            words((line.filename.rpartition('.')[2] or 'file')[:4].upper(), 'sheet')
            with box('names'):
                words(line.filename or 'Document', 'cut strong')
                words(_weight(line.size), 'small faint')
    if line.text and line.kind in WHOLE_TEXT:
        words(line.text, 'said', 'p')


def _place(line: Line) -> None:
    place = line.place
    if place is None:
        return
    with box('file'):
        icon('location_on', 'accent')
        with box('names'):
            words(place.name or 'Place', 'cut strong')
            if place.address:
                words(place.address, 'small faint')
            words(f'{place.latitude:.4f}, {place.longitude:.4f}', 'small faint')


def _card(line: Line) -> None:
    with box('file'):
        icon('person', 'accent')
        with box('names'):
            words(line.text or 'Contact', 'cut strong')
            for each in line.phones:
                words(_number(each), 'small faint')


def _poll(line: Line, vote: Votes | None) -> None:
    words(line.text, 'said strong', 'p')
    words('Choose one or more' if line.multiple else 'Choose one', 'small faint', 'p')
    most = max((each.votes for each in line.options), default=0) or 1
    with box('ballot'):
        for each in line.options:
            with box('option', 'button').props('type=button') as press:
                press.props['aria-pressed'] = str(each.chosen).lower()
                press.props['disabled'] = vote is None
                icon('check_circle' if each.chosen else 'radio_button_unchecked', 'accent' if each.chosen else '')
                words(each.name, 'grow')
                words(str(each.votes), 'small tabular').props['aria-label'] = f'{each.votes} votes'
                box('share').style(f'width: {100 * each.votes // most}%')
            if vote:
                press.on('click', lambda _, name=each.name: vote(line, name), args=[])


def _more(line: Line, around: ui.element, menu: Does) -> None:
    async def open_it() -> None:
        with around:
            await menu(line)

    press = box('act more', 'button').props('type=button')
    press.props['aria-label'] = 'Message menu'
    with press:
        icon('expand_more')
    press.on('click', open_it, args=[])


def _mark(symbol: str, text: str) -> None:
    with box('instead small'):
        icon(symbol)
        words(text)


def _number(phone: str) -> str:
    digits = ''.join(filter(str.isdigit, phone))
    return shown_phone(digits) if digits else phone


def _length(seconds: int) -> str:
    return f'{seconds // 60}:{seconds % 60:02}'


def _weight(size: int) -> str:
    return f'{size / 1e6:.1f} MB' if size >= 100_000 else f'{max(1, size // 1000)} kB'
