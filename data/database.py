"""The one database: who may write to it, and how a table is declared.

All writing happens on one thread, many small writes in one transaction (group commit): SQLite has one writer anyway,
and one fsync then pays for everything that waited. Reading happens on any thread, each with a connection of its own.
"""

import logging
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from peewee import BigIntegerField, DatabaseError, IntegrityError, Model, SqliteDatabase, fn

T = TypeVar('T')
log = logging.getLogger(__name__)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
BATCH = 200
WAITING = 20_000

# synchronous=full: what was accepted survives a power cut; the group commit makes it cheap.
PRAGMAS = {
    'journal_mode': 'wal',
    'synchronous': 'full',
    'foreign_keys': 1,
    'busy_timeout': 5000,
    'cache_size': -4_000,
    'temp_store': 'memory',
}
database = SqliteDatabase(None, pragmas=PRAGMAS)


@database.func('holds', 2, deterministic=True)
def _holds(text: str | None, folded: str) -> bool:
    """SQLite itself knows capitals only in English."""
    return text is not None and folded in text.casefold()


def holds(field: Any, wanted: str) -> Any:
    """A condition: the text in `field` holds `wanted`, capitals or not; every character means itself."""
    return fn.holds(field, wanted.casefold())


class StorageFailed(Exception):
    """The database could not keep what it was given (disk full, file damaged or gone); nothing was changed."""


class TimeField(BigIntegerField):
    """An aware UTC datetime, kept as whole milliseconds since 1970."""

    def db_value(self, value: datetime | None) -> int | None:
        return as_number(value)

    def python_value(self, value: int | None) -> datetime | None:
        return None if value is None else EPOCH + timedelta(milliseconds=value)


class Table(Model):
    class Meta:
        database = database
        legacy_table_names = False


class _Job:
    __slots__ = ('after', 'future', 'work')

    def __init__(self, work: Callable[[], Any]) -> None:
        self.work = work
        self.after: list[Callable[[], object]] = []
        self.future: Future[Any] = Future()
        self.future.set_running_or_notify_cancel()  # a write that was asked for is not called back by whoever waits


_Outcome = tuple[_Job, Any, BaseException | None]


class _Writer(threading.Thread):
    """Runs what others want written, in order, as many as wait in one transaction."""

    def __init__(self) -> None:
        super().__init__(name='writer', daemon=True)
        self.jobs: queue.Queue[_Job | None] = queue.Queue(WAITING)
        self.current: _Job | None = None
        self.over = threading.Event()

    def run(self) -> None:
        batch: list[_Job] = []
        try:
            while batch := self._batch():
                self._commit(batch)
        except BaseException as error:
            log.critical('nothing can be written any more', exc_info=error)
        finally:
            database.close()
            self.over.set()
            self.give_up(batch)

    def give_up(self, batch: Iterable[_Job] = ()) -> None:
        """Once it is over: nobody waits for what will never be written."""
        jobs = list(batch)
        with suppress(queue.Empty):
            while True:
                jobs += filter(None, [self.jobs.get_nowait()])
        for job in jobs:
            if not job.future.done():
                job.future.set_exception(StorageFailed('The database is closed.'))

    def _batch(self) -> list[_Job]:
        job = self.jobs.get()
        batch = []
        while job is not None:
            batch.append(job)
            if len(batch) == BATCH:
                return batch
            try:
                job = self.jobs.get_nowait()
            except queue.Empty:
                return batch
        if batch:  # the end comes after what was asked for before it
            self.jobs.put(None)
        return batch

    def _commit(self, batch: list[_Job]) -> None:
        try:
            database.connect(reuse_if_open=True)
            outcomes = self._together(batch)
        except Exception as error:
            if len(batch) > 1:  # one of them broke the transaction for all: each gets one of its own
                for job in batch:
                    self._commit([job])
                return
            log.exception('the database could not commit')
            outcomes = [(batch[0], None, _translated(error))]
        for job, result, wrong in outcomes:
            _tell(job, result, wrong)

    def _together(self, batch: list[_Job]) -> list[_Outcome]:
        for job in batch:
            job.after.clear()
        _execute('BEGIN IMMEDIATE')
        try:
            outcomes = [self._run(job) for job in batch]
            _execute('COMMIT')
        except BaseException:
            # SQLite has undone everything by itself where the disk was full.
            if database.connection().in_transaction:
                _execute('ROLLBACK')
            raise
        return outcomes

    def _run(self, job: _Job) -> _Outcome:
        """Its own failure is undone and told to it alone; one of the database is everybody's and is raised."""
        self.current = job
        _execute('SAVEPOINT job')
        try:
            result = job.work()
        except Exception as error:
            if is_storage(error):
                raise
            _execute('ROLLBACK TO job')
            job.after.clear()
            return job, None, error
        finally:
            self.current = None
        _execute('RELEASE job')
        return job, result, None


def _execute(sql: str) -> None:
    database.execute_sql(sql)


def statement(sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """One statement written out, with `?` for values; returns its rows. For the few paths every message takes:

    there, wording SQL through peewee costs several times what SQLite needs to carry it out.
    """
    rows: list[tuple[Any, ...]] = database.execute_sql(sql, values).fetchall()
    return rows


def as_number(at: datetime | None) -> int | None:
    """How a TimeField is kept."""
    return None if at is None else (at - EPOCH) // MILLISECOND


def as_time(value: int) -> datetime:
    return EPOCH + timedelta(milliseconds=value)


def _tell(job: _Job, result: Any, wrong: BaseException | None) -> None:
    try:
        _tell_all(job, result, wrong)
    except Exception:  # the next write has nothing to do with it
        log.exception('the outcome of a write could not be told')


def _tell_all(job: _Job, result: Any, wrong: BaseException | None) -> None:
    if wrong is not None:
        job.future.set_exception(_translated(wrong))
        return
    for follow in job.after:
        try:
            follow()
        except Exception:  # the row is written; whoever was to be told must not stop the writer
            log.exception('what follows a write failed')
    job.future.set_result(result)


def _translated(error: BaseException) -> BaseException:
    return StorageFailed(f'The database could not be written: {error}.') if is_storage(error) else error


def is_storage(error: BaseException) -> bool:
    """Whether the database itself failed, as on a full disk, rather than what it was asked."""
    return isinstance(error, DatabaseError) and not isinstance(error, IntegrityError)


_writer: _Writer | None = None


def open_database(path: Path) -> None:
    """Use the file at `path`, brought to the newest schema; call once, before anything reads or writes."""
    global _writer  # noqa: PLW0603  (peewee's database is a module global as well: one per process)
    database.init(str(path))
    migrate()
    _writer = _Writer()
    _writer.start()


def close_database() -> None:
    """Finish every write that was asked for, then let go of the file."""
    global _writer  # noqa: PLW0603
    if _writer is not None:
        _writer.jobs.put(None)
        _writer.join()
        _writer = None
    if not database.is_closed():
        database.close()


def migrate() -> list[str]:
    """Bring the schema up to date; returns the names of the steps that were needed."""
    from playhouse.migrations import Runner  # noqa: PLC0415  (only needed at start)

    with database.connection_context():
        names = Runner(database, str(Path(__file__).parent / 'migrations')).up()
        return [str(getattr(each, 'name', each)) for each in names or ()]


def write(work: Callable[[], T]) -> T:
    """Run `work` in the writer's transaction and return what it returns once that is committed.

    Raises what `work` raised (then nothing of it is kept) or StorageFailed. Inside another write it simply runs.
    """
    if threading.current_thread() is _writer:
        if _writer.current is None:
            raise RuntimeError('what follows a write may only write_soon(): it runs on the thread that would do it')
        return work()
    result: T = write_soon(work).result()
    return result


def write_soon(work: Callable[[], T]) -> Future[T]:
    """Like `write`, without waiting. Writes are done in the order asked for; none can be cancelled."""
    writer = _writer
    if writer is None or writer.over.is_set():
        raise StorageFailed('The database is closed.')
    job = _Job(work)
    writer.jobs.put(job)
    if writer.over.is_set():  # it ended in between
        writer.give_up()
    return job.future


def is_writing() -> bool:
    """False: nothing will be kept any more, only a new start of the program helps."""
    return _writer is not None and not _writer.over.is_set()


def after_commit(follow: Callable[[], object]) -> None:
    """Inside a write: do this once it is committed, on the writer's thread, so keep it short."""
    if _writer is None or threading.current_thread() is not _writer or _writer.current is None:
        raise RuntimeError('after_commit() belongs inside a write')
    _writer.current.after.append(follow)


def touch() -> None:
    """Inside a write: change a number in the file that means nothing, to see whether it can be written."""
    number = statement('PRAGMA user_version')[0][0]
    statement(f'PRAGMA user_version = {(number + 1) % 2**30}')


@contextmanager
def read() -> Iterator[None]:
    """A connection of this thread's own; it stays open, so use it on threads that live long."""
    database.connect(reuse_if_open=True)
    yield
