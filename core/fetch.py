"""The one way to addresses that somebody else chose: it never leads into our own network, and never takes for ever.

A name is resolved here, every address it has is looked at, and the connection goes to exactly one of these: what a
name says a moment later does not matter. This holds for each hop of a redirect.
"""

import ipaddress
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import Message
from pathlib import PurePosixPath
from urllib.parse import unquote

import httpcore
import httpx

from .errors import Invalid, TooLarge
from .settings import Network

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

HOPS = 5
LONGEST = 2048  # characters of an address
PATIENCE = 15.0  # seconds for a connection, and between two pieces of an answer
TOTAL = 120.0
PORTS = (80, 443)  # of those below 1024, where mail, databases and the like are
REDIRECTS = (301, 302, 303, 307, 308)
AGENT = 'Dovecote/1 (fetches what was linked)'

# Networks of IPv6 in which an IPv4 address is wrapped, and how many bits behind it there are.
WRAPPED = tuple(
    (ipaddress.IPv6Network(network), behind)
    for network, behind in (
        ('::ffff:0:0/96', 0), ('::ffff:0:0:0/96', 0), ('::/96', 0), ('64:ff9b::/96', 0), ('2002::/16', 80),
    )
)  # fmt: skip
# Not for us, whatever Python's own list says in one version or another.
NEVER = tuple(
    ipaddress.ip_network(network)
    for network in (
        '192.0.0.0/24', '192.88.99.0/24', '64:ff9b:1::/48', 'fec0::/10', '2001::/23', '3fff::/20', '5f00::/16',
    )
)  # fmt: skip


class Unreachable(Invalid):
    """Nothing useful came back. `status`: what the server answered, 0 when it did not."""

    code = 'url_unreachable'

    def __init__(self, sentence: str, *, status: int = 0) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """An answer with status 2xx, whose body is still to come. `size`: bytes, None when the server did not say.

    `url` is where it came from in the end; `mime` and `filename` are what the server says, '' when it says nothing.
    Going through `chunks` raises what fetch() raises.
    """

    url: str
    mime: str
    filename: str
    size: int | None
    chunks: Iterator[bytes]


class Guard:
    """`allow`: private networks that may be reached nevertheless. `tls`: whom to trust, else the usual authorities."""

    def __init__(
        self,
        allow: Sequence[Network] = (),
        *,
        tls: ssl.SSLContext | None = None,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self.allow, self.ticks = tuple(allow), ticks
        self._tls = tls
        self._lock = threading.Lock()

    @contextmanager
    def fetch(
        self, url: str, *, most: int, total: float = TOTAL, headers: Mapping[str, str] | None = None
    ) -> Iterator[Fetched]:
        """GET `url` and follow where it leads; at most `most` bytes in `total` seconds.

        Raises Invalid with the code `url_not_allowed`, `url_unreachable` (an Unreachable) or `url_too_slow`, and
        TooLarge.
        """
        until = self.ticks() + total
        with translated(url):
            for _ in range(HOPS + 1):
                url = checked(url)
                with (
                    self.client(total=until - self.ticks()) as client,
                    client.stream('GET', url, headers=dict(headers or {})) as answer,
                ):
                    if answer.status_code not in REDIRECTS or 'location' not in answer.headers:
                        yield _fetched(answer, url, most)
                        return
                    url = _joined(url, answer.headers['location'])
        raise Unreachable(f'{_host(url)} leads from one address to the next without end.')

    def client(self, *, total: float = TOTAL) -> httpx.Client:
        """A client for whatever else asks others' addresses: each request is over after `total` seconds.

        It follows no redirects. Raises Invalid (`url_not_allowed`) for where it may not go, else what httpx raises.
        """
        return httpx.Client(
            transport=_Guarded(self, total), trust_env=False, follow_redirects=False, timeout=PATIENCE,
            headers={'user-agent': AGENT, 'accept-encoding': 'identity'},
        )  # fmt: skip

    def backend(self, until: Callable[[], float]) -> httpcore.NetworkBackend:
        """For connections that are kept: `until()` is when, by `ticks`, what this thread does now must be over."""
        return _Backend(self, until)

    def check(self, url: str) -> str:
        """The address, well-formed and leading to where it may. Raises Invalid (`url_not_allowed`).

        A name that cannot be resolved now is let through: it is looked at again whenever somebody connects.
        """
        url = checked(url)
        parts = httpx.URL(url)
        port = parts.port or (443 if parts.scheme == 'https' else 80)
        with suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
            self.resolve(parts.host, port, PATIENCE)
        return url

    def resolve(self, host: str, port: int, seconds: float) -> list[Address]:
        """All addresses of a host, each of them allowed. Raises Invalid, and httpcore's errors of connecting."""
        addresses = [ipaddress.ip_address(each) for each in _resolved(host, port, seconds)]
        for address in addresses:
            self._must_reach(host, address, port)
        return addresses

    def _must_reach(self, host: str, address: Address, port: int) -> None:
        if not self.may_reach(address):
            raise _not_allowed(
                f'{host} is {address}, which is not on the internet. Networks of your own are allowed with '
                'DOVECOTE_ALLOW_TARGETS.'
            )
        if port < 1024 and port not in PORTS and not self.is_allowed(address):
            raise _not_allowed(f'Port {port} is not one for the web.')

    def may_reach(self, address: Address) -> bool:
        """Whether it is of the internet, or of a network that is allowed."""
        return self.is_allowed(address) or _is_public(_inner(address))

    def is_allowed(self, address: Address) -> bool:
        return any(each in network for each in (address, _inner(address)) for network in self.allow)

    def tls(self) -> ssl.SSLContext:
        with self._lock:
            if self._tls is None:
                self._tls = httpx.create_ssl_context(trust_env=False)
            return self._tls


def checked(url: str) -> str:
    """The address, well-formed. Raises Invalid for one that is not of the web, or carries a name and a password."""
    try:
        parts = httpx.URL(url)
    except (httpx.InvalidURL, UnicodeError):
        raise _not_allowed('This is not an address like https://example.org/photo.jpg.') from None
    if len(url) > LONGEST:
        raise _not_allowed(f'An address has at most {LONGEST} characters.')
    if parts.scheme not in ('http', 'https') or not parts.host:
        raise _not_allowed('An address begins with http:// or https:// and names a host.')
    if '%' in parts.host or not 0 < (parts.port or 80) < 65536:
        raise _not_allowed('This address names no host.')
    if parts.userinfo:
        raise _not_allowed('An address may not carry a name or a password.')
    return str(parts.copy_with(fragment=None))


@contextmanager
def translated(url: str) -> Iterator[None]:
    """What httpx raises, in our words."""
    host = _host(url)
    try:
        yield
    except httpx.TimeoutException as error:
        raise Invalid(f'{host} is too slow.', code='url_too_slow') from error
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
        raise Unreachable(f'{host} cannot be reached: {_reason(error)}.') from error


def named_in(disposition: str) -> str:
    """The filename that a `Content-Disposition` gives, in either of the two ways, or ''."""
    said = Message()
    said['content-disposition'] = ' '.join(disposition.split())
    return said.get_filename('')


class _Guarded(httpx.BaseTransport):
    """Hands requests to httpcore, each on a connection of its own that ends in time."""

    def __init__(self, guard: Guard, total: float) -> None:
        self.guard, self.total = guard, total

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = httpx.URL(checked(str(request.url)))
        until = self.guard.ticks() + self.total
        backend = self.guard.backend(lambda: until)
        pool = httpcore.ConnectionPool(
            ssl_context=self.guard.tls(), max_connections=1, max_keepalive_connections=0, network_backend=backend
        )
        asked = httpcore.Request(
            method=request.method,
            url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        try:
            with _as_httpx(request):
                answer = pool.handle_request(asked)
        except BaseException:
            pool.close()
            raise
        body = _Body(answer, pool, request)
        return httpx.Response(answer.status, headers=answer.headers, stream=body, extensions=answer.extensions)


class _Body(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response, pool: httpcore.ConnectionPool, request: httpx.Request) -> None:
        self.answer, self.pool, self.request = answer, pool, request

    def __iter__(self) -> Iterator[bytes]:
        with _as_httpx(self.request):
            yield from self.answer.iter_stream()

    def close(self) -> None:
        with suppress(httpcore.NetworkError, httpcore.ProtocolError):
            self.answer.close()
        self.pool.close()


@contextmanager
def _as_httpx(request: httpx.Request) -> Iterator[None]:
    try:
        yield
    except httpcore.TimeoutException as error:
        raise httpx.ReadTimeout(str(error), request=request) from error
    except httpcore.ProtocolError as error:
        raise httpx.RemoteProtocolError(str(error), request=request) from error
    except httpcore.NetworkError as error:
        raise httpx.ConnectError(str(error), request=request) from error


class _Backend(httpcore.NetworkBackend):
    """Connects only to where the guard lets it, and does nothing any more after `until()`."""

    def __init__(self, guard: Guard, until: Callable[[], float]) -> None:
        self.guard, self.until = guard, until
        self.plain = httpcore.SyncBackend()

    def left(self, timeout: float | None) -> float:
        left = self.until() - self.guard.ticks()
        if left <= 0:
            raise httpcore.ReadTimeout('the time is over')
        return left if timeout is None else min(timeout, left)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        addresses = self.guard.resolve(host, port, self.left(timeout))
        problem: Exception = httpcore.ConnectError('it has no address')
        for address in addresses:
            try:
                stream = self.plain.connect_tcp(
                    str(address), port, self.left(timeout), local_address, socket_options
                )  # fmt: skip
                return _Stream(stream, self)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                problem = error
        raise problem


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, backend: _Backend) -> None:
        self.stream, self.backend = stream, backend

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.stream.read(max_bytes, self.backend.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.stream.write(buffer, self.backend.left(timeout))

    def close(self) -> None:
        self.stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        inner = self.stream.start_tls(ssl_context, server_hostname, self.backend.left(timeout))
        return _Stream(inner, self.backend)

    def get_extra_info(self, info: str) -> object:
        return self.stream.get_extra_info(info)


def _resolved(host: str, port: int, seconds: float) -> list[str]:
    """All addresses of a name. On a thread of its own: the system's resolver has no deadline."""
    found: queue.SimpleQueue[list[str] | OSError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            told = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.put(list(dict.fromkeys(str(each[4][0]).partition('%')[0] for each in told)))
        except (OSError, UnicodeError) as error:
            found.put(error if isinstance(error, OSError) else OSError(str(error)))

    threading.Thread(target=ask, name='resolver', daemon=True).start()
    try:
        told = found.get(timeout=seconds)
    except queue.Empty:
        raise httpcore.ConnectTimeout('its name could not be resolved in time') from None
    if isinstance(told, OSError):
        raise httpcore.ConnectError('there is no such host') from told
    return told


def _is_public(address: Address) -> bool:
    return address.is_global and not address.is_multicast and not any(address in network for network in NEVER)


def _inner(address: Address) -> Address:
    """The IPv4 address that is wrapped in one of IPv6, which then is what counts."""
    for network, behind in WRAPPED:
        if isinstance(address, ipaddress.IPv6Address) and address in network:
            return ipaddress.IPv4Address(int(address) >> behind & 0xFFFFFFFF)
    return address


def _fetched(answer: httpx.Response, url: str, most: int) -> Fetched:
    host = _host(url)
    if not answer.is_success:
        raise Unreachable(f'{host} answered {answer.status_code}.', status=answer.status_code)
    if answer.headers.get('content-encoding', 'identity').lower() not in ('', 'identity'):
        # A few bytes can unfold into gigabytes; we said that we want none of that.
        raise Unreachable(f'{host} answered in a packed form that was not asked for.', status=answer.status_code)
    said = answer.headers.get('content-length', '')
    size = int(said) if said.isascii() and said.isdigit() and len(said) < 18 else None
    if size is not None and size > most:
        raise _too_large(host, most)
    return Fetched(
        url=url,
        mime=answer.headers.get('content-type', '').partition(';')[0].strip().lower(),
        filename=named_in(answer.headers.get('content-disposition', '')) or _last_part(url),
        size=size,
        chunks=_counted(answer, host, most),
    )


def _counted(answer: httpx.Response, host: str, most: int) -> Iterator[bytes]:
    size = 0
    with translated(str(answer.request.url)):
        for chunk in answer.iter_raw():
            size += len(chunk)
            if size > most:
                raise _too_large(host, most)
            yield chunk


def _last_part(url: str) -> str:
    return unquote(PurePosixPath(httpx.URL(url).path).name)


def _joined(url: str, location: str) -> str:
    try:
        return str(httpx.URL(url).join(location))
    except (httpx.InvalidURL, UnicodeError, ValueError):
        raise Unreachable(f'{_host(url)} leads to something that is no address.') from None


def _host(url: str) -> str:
    """To be shown: a path or a query may hold secrets."""
    try:
        return httpx.URL(url).host[:100] or 'This address'
    except (httpx.InvalidURL, UnicodeError):
        return 'This address'


def _reason(error: Exception) -> str:
    text = str(error)
    if 'certificate' in text.lower():
        return 'its certificate is not valid'
    if 'refused' in text.lower():
        return 'it refuses the connection'
    return text.partition('\n')[0][:200].rstrip('.') or 'the connection broke off'


def _too_large(host: str, most: int) -> TooLarge:
    size = f'{most // 2**20} MiB' if most >= 2**20 else f'{most} bytes'
    return TooLarge(f'What {host} sends is larger than {size}.')


def _not_allowed(sentence: str) -> Invalid:
    return Invalid(sentence, code='url_not_allowed')
