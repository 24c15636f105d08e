"""STOP, START and HELP: what people may always write to get no more automatic messages, in their own words."""

from dataclasses import dataclass
from typing import Literal

from core.opt_outs import COMPLIANCE, OptOuts
from core.outbox import Author, Outbox, Saying
from data.messages import last_said_is_bulk
from data.runs import is_awaited

from .matching import folded, words

Command = Literal['stop', 'start', 'help']
AUTHOR = Author(id=COMPLIANCE, name='Opt-out')


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """`soft` are words that also belong into ordinary talk: they count only as an answer to a bulk message."""

    stop: tuple[str, ...]
    start: tuple[str, ...]
    soft: tuple[str, ...] = ()
    stopped: str
    started: str


# The first is the list that carriers in the USA ask for; a language is known by its words.
LANGUAGES = (
    Language(
        stop=('stop', 'stopall', 'stop all', 'unsubscribe', 'revoke', 'optout', 'opt out'),
        soft=('cancel', 'end', 'quit'),
        start=('start', 'unstop', 'subscribe', 'opt in', 'optin'),
        stopped='You will get no more automatic messages from us. Write START to get them again.',
        started='You will get our messages again. Write STOP to end them.',
    ),
    Language(
        stop=('arret', 'arreter', 'desabonner', 'desinscription', 'desinscrire'), soft=('annuler', 'fin'),
        start=('reprendre', 's abonner', 'abonner'),
        stopped='Vous ne recevrez plus de messages automatiques de notre part. Écrivez START pour en recevoir.',
        started='Vous recevrez de nouveau nos messages. Écrivez STOP pour ne plus les recevoir.',
    ),
    Language(
        stop=('baja', 'darme de baja', 'dar de baja', 'parar', 'desuscribir', 'no mas mensajes'),
        soft=('salir', 'cancelar', 'fin'),
        start=('alta', 'suscribir', 'reanudar'),
        stopped='No recibirá más mensajes automáticos nuestros. Escriba START para volver a recibirlos.',
        started='Volverá a recibir nuestros mensajes. Escriba STOP para dejar de recibirlos.',
    ),
    Language(
        stop=('descadastrar', 'pare', 'remover'), soft=('sair',),
        start=('voltar', 'inscrever', 'cadastrar'),
        stopped='Você não receberá mais mensagens automáticas nossas. Escreva START para voltar a recebê-las.',
        started='Você voltará a receber nossas mensagens. Escreva STOP para não receber mais.',
    ),
    Language(
        stop=('stopp', 'abmelden', 'abbestellen', 'austragen'), soft=('abbrechen', 'ende'),
        start=('anmelden', 'bestellen wieder'),
        stopped='Sie bekommen keine automatischen Nachrichten mehr von uns. Mit START bekommen Sie sie wieder.',
        started='Sie bekommen unsere Nachrichten wieder. Mit STOP enden sie.',
    ),
    Language(
        stop=('ferma', 'disiscrivi', 'cancellami'), soft=('annulla', 'fine'), start=('iscrivi', 'riprendi'),
        stopped='Non riceverà più messaggi automatici da noi. Scriva START per riceverli di nuovo.',
        started='Riceverà di nuovo i nostri messaggi. Scriva STOP per non riceverli più.',
    ),
    Language(
        stop=('إيقاف', 'الغاء الاشتراك', 'إلغاء الاشتراك', 'توقف'), start=('ابدأ', 'اشتراك'),
        stopped='لن تصلك منا رسائل تلقائية بعد الآن. اكتب START لتلقيها من جديد.',
        started='ستصلك رسائلنا من جديد. اكتب STOP لإيقافها.',
    ),
    Language(
        stop=('停止', '退订', '取消订阅', '退訂'), start=('订阅', '恢复', '訂閱'),
        stopped='您将不会再收到我们的自动消息。回复 START 可重新接收。',
        started='您将重新收到我们的消息。回复 STOP 可停止接收。',
    ),
)  # fmt: skip
HELP = ('help', 'hilfe', 'ayuda', 'aide', 'ajuda', 'aiuto', 'مساعدة', '帮助')
HELP_TEXT = 'Write STOP to get no more automatic messages from us, START to get them again.'


def _table() -> dict[str, tuple[Command, bool, Language]]:
    found: dict[str, tuple[Command, bool, Language]] = {}
    for language in LANGUAGES:
        for said in language.stop:
            found.setdefault(words(folded(said)), ('stop', False, language))
        for said in language.soft:
            found.setdefault(words(folded(said)), ('stop', True, language))
        for said in language.start:
            found.setdefault(words(folded(said)), ('start', False, language))
    for said in HELP:
        found.setdefault(words(folded(said)), ('help', True, LANGUAGES[0]))
    return found


WORDS = _table()
LONGEST = max(map(len, WORDS)) + 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    command: Command
    language: Language


class Compliance:
    """Everything here belongs inside a write, but `asked`, which reads."""

    def __init__(self, outbox: Outbox, opt_outs: OptOuts) -> None:
        self.outbox, self.opt_outs = outbox, opt_outs

    def asked(self, chat_id: str, text: str) -> Asked | None:
        """What the whole of a private message asks for."""
        if len(text) > LONGEST:
            return None
        found = WORDS.get(words(folded(text)))
        if found is None:
            return None
        command, soft, language = found
        if soft and (is_awaited('answer', chat_id) or not last_said_is_bulk(chat_id)):
            return None
        return Asked(command=command, language=language)

    def obey(self, asked: Asked, contact_id: str, chat_id: str, text: str, message_id: str) -> str:
        """Do it, and confirm it once. What the trace says of it; '' when a START means nothing here."""
        out = self.opt_outs.include(contact_id)
        match asked.command:
            case 'stop' if out:
                return 'They had opted out already.'
            case 'stop':
                self._confirm(chat_id, asked.language.stopped, message_id)
                self.opt_outs.opt_out(contact_id, source=f'They wrote “{text.strip()[:40]}”')
                return 'They opted out.'
            case 'start' if out:
                self.opt_outs.opt_in(contact_id)
                self._confirm(chat_id, asked.language.started, message_id)
                return 'They opted in again.'
            case 'help':
                self._confirm(chat_id, HELP_TEXT, message_id)
                return 'They asked for help with our messages.'
        return ''

    def _confirm(self, chat_id: str, text: str, message_id: str) -> None:
        author = Author(id=AUTHOR.id, name=AUTHOR.name, caused_by=message_id)
        self.outbox.put(chat_id, Saying(text=text), author)
