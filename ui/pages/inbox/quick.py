"""Adding, changing and deleting quick replies, from the composer."""

from nicegui import ui

from core.errors import DovecoteError
from core.quick_replies import QuickReplies
from data.quick_replies import quick_replies

from ...aside import aside, reading
from ...login import asker_now
from ...pieces import Words, box, button, dialog, field, tool, words

HINT = 'May hold {{ contact.name }}, {{ contact.first_name }}, {{ contact.phone }}, {{ session.name }}, {{ me.name }}.'


async def manage_replies(replies: QuickReplies) -> None:
    await _Manager(replies).open()


class _Manager:
    def __init__(self, replies: QuickReplies) -> None:
        self.replies = replies
        self.key = ''  # of the one that is being changed, '' for a new one

    async def open(self) -> None:
        with dialog('Quick replies', 'Type “/” at the beginning of a message to choose one.') as self.around:
            with box('scrolls choices').props('role=group aria-label="Quick replies" tabindex=0') as self.listed:
                pass
            with field('Key', 'A short word, like opening-hours.'):
                self.name = ui.input().props('maxlength=32 autocomplete=off')
            with field('Text', HINT):
                self.text = ui.textarea().props('rows=3 autogrow maxlength=4096')
            self.problem: Words = words('', 'problem small', 'p').props('role=alert')
            with box('beside'):
                self.anew = button('New one', 'ghost', 'add', on_click=lambda: self._choose('', ''))
                button('Close', on_click=self.around.close)
                button('Keep', 'primary', on_click=self._keep)
        self.anew.set_visibility(False)
        await self._load()

    async def _load(self) -> None:
        rows = await reading(lambda: [(str(row.key), str(row.text)) for row in quick_replies()])
        self.listed.clear()
        with self.listed:
            for key, text in rows:
                with box('beside near'):
                    with box('choice grow', 'button').props('type=button') as each:
                        words(f'/{key}', 'strong nowrap')
                        words(text, 'cut small quiet')
                    each.props['aria-label'] = f'Change {key}'
                    each.on('click', lambda _, key=key, text=text: self._choose(key, text))
                    tool('delete', f'Delete {key}', on_click=lambda key=key: self._delete(key))
            if not rows:
                words('None yet. Write the first one below.', 'small quiet', 'p')

    def _choose(self, key: str, text: str) -> None:
        self.key = key
        self.name.set_value(key)
        self.text.set_value(text)
        self.problem.set_text('')
        self.anew.set_visibility(bool(key))

    async def _keep(self) -> None:
        key, text = str(self.name.value or '').strip(), str(self.text.value or '')
        try:
            asker_now().must('chats.manage')
            if self.key:
                await aside(self.replies.rename, self.key, key, text)
            else:
                await aside(self.replies.put, key, text)
        except DovecoteError as error:
            self.problem.set_text(str(error))
            return
        self._choose('', '')
        await self._load()

    async def _delete(self, key: str) -> None:
        try:
            asker_now().must('chats.manage')
            await aside(self.replies.delete, key)
        except DovecoteError as error:
            self.problem.set_text(str(error))
        await self._load()
