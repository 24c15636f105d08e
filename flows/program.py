"""The steps of a flow as places that follow each other, so that a run can stand at one of them for days."""

from dataclasses import dataclass

from core.errors import Invalid

from .steps import Step

ELSEWHERE = ('continue', 'stop')  # what `on_error` may say beside a name


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """`after` is the path of what follows it, '' at the end of the flow. `inside` is the path of the loop it is in."""

    path: str
    step: Step
    after: str
    inside: str


class Program:
    """Raises Invalid for names that are there twice, or nowhere."""

    def __init__(self, steps: tuple[Step, ...]) -> None:
        self.nodes: dict[str, Node] = {}
        self.by_name: dict[str, Node] = {}
        self._lay('steps', steps, after='', inside='')
        self.first = 'steps/0' if steps else ''
        for node in self.nodes.values():
            self._check_jumps(node)

    def _lay(self, place: str, steps: tuple[Step, ...], *, after: str, inside: str) -> None:
        for number, step in enumerate(steps):
            path = f'{place}/{number}'
            follows = f'{place}/{number + 1}' if number + 1 < len(steps) else after
            node = Node(path=path, step=step, after=follows, inside=inside)
            self.nodes[path] = node
            self._name(node)
            for below, more in step.lists().items():
                loop = path if step.LOOPS else inside
                self._lay(f'{path}/{below}', more, after=path if step.LOOPS else follows, inside=loop)

    def _name(self, node: Node) -> None:
        if 'id' not in node.step.model_fields_set:
            return
        if node.step.id in self.by_name:
            raise Invalid(f'Two steps are called “{node.step.id}”.', field=f'{node.path}/id')
        self.by_name[node.step.id] = node

    def _check_jumps(self, node: Node) -> None:
        error = node.step.on_error
        jumps = (*node.step.goes_to(), *((error,) if error and error not in ELSEWHERE else ()))
        for name in jumps:
            target = self.by_name.get(name)
            if target is None:
                raise Invalid(f'It goes to a step “{name}”, which is not there.', field=node.path)
            if target.inside and not f'{node.path}/'.startswith(f'{target.inside}/'):
                raise Invalid(f'It goes to “{name}”, into the middle of a loop.', field=node.path)
