"""What a phone sends beside texts: files, places, contact cards and polls."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol

from nicegui import run, ui
from nicegui.events import UploadEventArguments

from core.errors import Invalid
from core.rights import Right
from core.sandbox.control import PersonOut
from core.sandbox.process import Sandbox

from ...login import guarded
from ...pieces import box, button, dialog, field, tool

USE: Right = 'sandbox.use'
FILE_MAX = 1_000_000  # bytes; a request to us may have no more than 1 MiB
# name -> icon, what the browser offers
FILES = {'Photo or video': ('image', 'image/*,video/*'), 'View once': ('timer', 'image/*,video/*'),
         'Voice message': ('mic', 'audio/*'), 'Sound': ('music_note', 'audio/*'), 'Sticker': ('note', 'image/webp'),
         'Document': ('draft', '')}  # fmt: skip


class Holder(Protocol):
    """The phone. `chat`: the one that is open."""

    @property
    def owner(self) -> PersonOut: ...

    @property
    def chat(self) -> str: ...

    async def refresh(self) -> None: ...


class Attach:
    """The button and its menu."""

    def __init__(self, sandbox: Sandbox, holder: Holder) -> None:
        self.sandbox, self.holder = sandbox, holder
        self.kind = 'Document'
        self.press = tool('add', f'Attach as {holder.owner.name}')
        self.picker = ui.upload(
            auto_upload=True, on_upload=self.uploaded, on_rejected=self.too_large, max_file_size=FILE_MAX
        ).classes('picker')
        self.picker.props['aria-hidden'] = 'true'
        with self.press, ui.menu().classes('attaching'):
            for name, (symbol, accepts) in FILES.items():
                self._item(name, symbol).on('click', partial(self.choose, name), args=[]).on(
                    'click', js_handler=f'() => {self._pick(accepts)}'
                )
            self._item('Location', 'location_on').on('click', self.place, args=[])
            self._item('Contact', 'person').on('click', self.card, args=[])
            self._item('Poll', 'ballot').on('click', self.poll, args=[])

    def _item(self, name: str, symbol: str) -> ui.menu_item:
        with ui.menu_item() as item, ui.item_section().props('avatar'):
            ui.icon(f'sym_o_{symbol}').classes('icon')
        with item, ui.item_section():
            ui.item_label(name)
        return item

    def _pick(self, accepts: str) -> str:
        """In the browser, while the click still counts as the user's: open the dialog for a file."""
        find = f'getHtmlElement({self.picker.id}).querySelector("input[type=file]")'
        return f'{{ const input = {find}; input.accept = "{accepts}"; input.click(); }}'

    def too_large(self) -> None:
        ui.notify('A phone here sends files of at most 1 MB.', type='negative')

    def choose(self, kind: str) -> None:
        self.kind = kind

    async def uploaded(self, event: UploadEventArguments) -> None:
        async def send() -> None:
            data, mime = await event.file.read(), event.file.content_type or 'application/octet-stream'
            await run.io_bound(self._send_file, data, mime, event.file.name)
            await self.holder.refresh()

        self.picker.reset()
        await guarded(send, USE)()

    def _send_file(self, data: bytes, mime: str, name: str) -> None:
        phone, chat = self.holder.owner.phone, self.holder.chat
        if chat == 'status@broadcast':
            self.sandbox.status(phone, data=data, mime=mime)
        else:
            self.sandbox.attach(
                phone, chat, data, mime=mime, voice=self.kind == 'Voice message', view_once=self.kind == 'View once',
                filename=name if self.kind == 'Document' else '',
            )  # fmt: skip

    async def place(self) -> None:
        with dialog('Send a location') as form:
            with field('Name'):
                name = ui.input(value='Fennel & Rye').props('autocomplete=off maxlength=200')
            with field('Address'):
                address = ui.input(value='Market street 1, Berlin').props('autocomplete=off maxlength=500')
            with field('Latitude and longitude', 'In degrees.'):
                where = ui.input(value='52.5200, 13.4050').props('autocomplete=off maxlength=60')

            async def send() -> None:
                latitude, longitude = _degrees(str(where.value or ''))
                named, lies = str(name.value or '').strip(), str(address.value or '').strip()
                locate = partial(self.sandbox.locate, name=named, address=lies)
                await self._send(form, locate, latitude, longitude)

            _buttons(form, send)

    async def card(self) -> None:
        people = await run.io_bound(self.sandbox.phones) or ()
        names = {each.phone: each.name for each in people if each.phone != self.holder.owner.phone}
        with dialog('Send a contact') as form:
            with field('Person'):
                who = ui.select(names, value=next(iter(names), None))

            async def send() -> None:
                number = str(who.value or '')
                await self._send(form, self.sandbox.card, names.get(number, number), (number,))

            _buttons(form, send)

    async def poll(self) -> None:
        with dialog('Send a poll') as form:
            with field('Question'):
                question = ui.input().props('autofocus autocomplete=off maxlength=255')
            with field('Options', 'One on each line.'):
                options = ui.textarea().props('rows=4 maxlength=1500')
            several = ui.switch('More than one may be chosen')

            async def send() -> None:
                lines = tuple(filter(None, (each.strip() for each in str(options.value or '').splitlines())))
                asked = str(question.value or '').strip()
                if not asked:
                    raise Invalid('A poll needs a question.', field='name')
                poll = partial(self.sandbox.poll, multiple=bool(several.value))
                await self._send(form, poll, asked, lines)

            _buttons(form, send)

    async def _send(self, form: ui.dialog, call: Callable[..., str], *arguments: object) -> None:
        await run.io_bound(call, self.holder.owner.phone, self.holder.chat, *arguments)
        form.close()
        await self.holder.refresh()


def _buttons(form: ui.dialog, send: Callable[[], Awaitable[None]]) -> None:
    with box('beside'):
        button('Leave it', on_click=form.close)
        button('Send', 'primary', on_click=guarded(send, USE))


def _degrees(text: str) -> tuple[float, float]:
    """Raises Invalid."""
    try:
        latitude, longitude = map(float, text.split(','))
    except ValueError:
        raise Invalid('Write the latitude, a comma and the longitude, like 52.52, 13.405.', field='latitude') from None
    return latitude, longitude
