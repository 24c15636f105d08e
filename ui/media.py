"""Our files for those who are signed in with a browser."""

from urllib.parse import quote

from fastapi import FastAPI, Request
from starlette.responses import RedirectResponse, Response

from core.media import MediaStore

from .api.aside import aside
from .api.problems import problem, problem_of
from .files import file_answer, thumbnail_answer
from .login import current_asker


class MediaPages:
    """`/media/{id}` and `/media/{id}/thumbnail`, as REST has them below `/api/v1`."""

    def __init__(self, store: MediaStore) -> None:
        self.store = store

    def open(self, parent: FastAPI) -> None:
        more = {'methods': ['GET', 'HEAD'], 'include_in_schema': False}
        parent.add_api_route('/media/{id}', self._file, **more)  # type: ignore[arg-type]
        parent.add_api_route('/media/{id}/thumbnail', self._thumbnail, **more)  # type: ignore[arg-type]

    async def _file(self, request: Request, id: str) -> Response:
        return await self._answered(request, id, small=False)

    async def _thumbnail(self, request: Request, id: str) -> Response:
        return await self._answered(request, id, small=True)

    async def _answered(self, request: Request, id: str, *, small: bool) -> Response:
        asker = current_asker(request)
        if asker is None:
            if 'text/html' in request.headers.get('accept', ''):
                return RedirectResponse(f'/sign-in?next={quote(request.url.path)}', 303)
            return problem(401, 'signed_out', 'Sign in first.')
        try:
            asker.must('messages.see')
            media = await aside(lambda: self.store.visible(asker, id))
            return thumbnail_answer(request, media) if small else file_answer(request, self.store, media)
        except Exception as error:  # as in REST, whatever it is, nobody gets a stack trace
            return problem_of(error, f'{request.method} {request.url.path}')
