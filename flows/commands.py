"""Words that lead out of a question that somebody was asked: menu, cancel, human."""

from typing import Literal

from .matching import folded, words

Command = Literal['menu', 'cancel', 'human']

SAID: dict[Command, tuple[str, ...]] = {
    'menu': ('menu', 'main menu', 'menü', 'menú', 'inicio', 'início', 'القائمة', '菜单'),
    'cancel': ('cancel', 'abort', 'cancelar', 'annuler', 'abbrechen', 'annulla', 'batal', 'إلغاء', '取消'),
    'human': (
        'human', 'agent', 'person', 'operator', 'real person', 'talk to a human', 'talk to a person', 'humano',
        'agente', 'persona', 'atendente', 'humain', 'conseiller', 'mensch', 'mitarbeiter', 'operatore', 'umano', 'موظف',
        '人工', '客服',
    ),
}  # fmt: skip
WORDS: dict[str, Command] = {words(folded(said)): command for command, several in SAID.items() for said in several}


def command_in(text: str) -> Command | None:
    """Only a message that is nothing else."""
    return WORDS.get(words(folded(text))) if len(text) <= 40 else None
