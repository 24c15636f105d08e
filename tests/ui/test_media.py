"""Whoever is signed in sees files with their browser; nobody else does."""

from playwright.async_api import Page

from tests.core.files import picture
from tests.ui.conftest import PASSWORD, House


def test_a_file_is_shown_to_whoever_is_signed_in(house: House) -> None:
    id = house.tell('/api/files')['id']
    visitor = house.signed_in('mia@example.org')
    answer = visitor.get(f'/media/{id}')
    assert (answer.status_code, answer.content) == (200, picture())
    assert answer.headers['content-type'] == 'image/png'
    assert answer.headers['content-disposition'] == "inline; filename*=UTF-8''menu.png"
    assert answer.headers['x-content-type-options'] == 'nosniff'
    part = visitor.get(f'/media/{id}', headers={'range': 'bytes=0-7'})
    assert (part.status_code, part.content) == (206, picture()[:8])
    assert visitor.get(f'/media/{id}/thumbnail').content[:2] == b'\xff\xd8'
    assert visitor.head(f'/media/{id}').headers['content-length'] == str(len(picture()))
    assert visitor.get('/media/nothing').status_code == 404


def test_a_stranger_sees_nothing(house: House) -> None:
    id = house.tell('/api/files')['id']
    stranger = house.visitor()
    for path in (f'/media/{id}', f'/media/{id}/thumbnail', '/media/nothing'):
        answer = stranger.get(path)
        assert (answer.status_code, answer.headers['location']) == (303, f'/sign-in?next={path}')
        answer = stranger.get(path, headers={'accept': 'image/*'})
        assert (answer.status_code, answer.json()['code']) == (401, 'signed_out')


async def test_a_page_shows_a_picture_and_its_small_view(house: House, tab: Page) -> None:
    id = house.tell('/api/files')['id']
    await tab.goto(f'{house.url}/sign-in?next=/people')
    await tab.get_by_label('E-mail').fill('mia@example.org')
    await tab.get_by_label('Password').fill(PASSWORD)
    await tab.get_by_role('button', name='Sign in').click()
    await tab.wait_for_url('**/people')
    for path, width in ((f'/media/{id}', 640), (f'/media/{id}/thumbnail', 320)):
        seen = await tab.evaluate(
            'async path => { const image = new Image(); image.src = path; await image.decode();'
            ' return image.naturalWidth }',
            path,
        )
        assert seen == width
