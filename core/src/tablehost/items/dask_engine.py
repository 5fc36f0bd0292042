"""The engine of `--scheduler tcp://...`: a Dask cluster."""

from __future__ import annotations

import contextlib
import logging
import signal
import time
import warnings
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Executor, Future
from multiprocessing import resource_tracker
from threading import Thread
from typing import Any

from tablehost.contract.errors import Refused, TablehostError
from tablehost.items.remote import Answer, Remote
from tablehost.items.remote_batch import end_run

_PATIENCE = 2.0  # seconds that workers have to end a map
_FRESH_SECONDS = 1.0  # that a count of slots is used
_LOCAL = "local:"


def connect(address: str) -> Remote:
    """Return a pool over the workers of a Dask scheduler.

    Args:
        address: of the scheduler; `local:N` starts one here, with so many workers.

    Raises:
        Refused: Dask is not installed, or the scheduler does not answer.
    """
    try:
        import distributed
    except ImportError as error:
        msg = f"--scheduler {address} needs Dask ({error}): pip install 'tablehost[dask]'"
        raise Refused(msg) from error
    _silence()
    cluster = None
    try:
        with warnings.catch_warnings(action="ignore"):  # of other versions, which we check
            cluster = _local_cluster(address) if address.startswith(_LOCAL) else None
            client = distributed.Client(cluster or address, timeout="10s", set_as_default=False)
    except BaseException as error:
        if cluster is not None:
            cluster.close()
        if isinstance(error, TablehostError) or not isinstance(error, Exception):
            raise
        said = str(error).partition("\n")[0] or type(error).__name__
        msg = f"--scheduler {address} does not answer: {said}"
        raise Refused(msg) from error
    return _pool(client, cluster)


def _silence() -> None:
    """Keep Dask from logging: a lost scheduler is one line, which is ours."""
    for name in logging.getLogger().manager.loggerDict:
        if name.partition(".")[0] in ("distributed", "tornado", "asyncio"):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def _local_cluster(address: str) -> Any:
    import distributed

    # A terminal's Ctrl-C goes to its workers too, and is for the host alone. They have the mask of
    # the thread that starts them, which has that of this one unless it starts this tracker.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
    try:
        return distributed.LocalCluster(
            n_workers=int(address.removeprefix(_LOCAL)),
            threads_per_worker=1,
            memory_limit=None,  # items are in processes beneath
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL,
        )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _pool(client: Any, cluster: Any) -> Remote:
    counted_at, counted = 0.0, dict[str, int]()

    def is_there() -> bool:
        return bool(client.status == "running")

    def slots() -> Mapping[str, int]:
        nonlocal counted_at, counted
        if time.monotonic() - counted_at > _FRESH_SECONDS and is_there():
            with contextlib.suppress(Exception):  # it is being lost
                counted = client.nthreads()
            counted_at = time.monotonic()
        return counted

    def end(run: str) -> None:
        if is_there():
            ending = Thread(target=_ended, args=(client, run), daemon=True)
            ending.start()
            ending.join(_PATIENCE)

    def close() -> None:
        for one in filter(None, (client, cluster)):
            with contextlib.suppress(Exception):  # it ends with this process
                one.close(timeout=_PATIENCE)

    def usable() -> Collection[str]:
        return slots().keys() - remote.retired if remote.retired else ()

    executor = _Usable(client.get_executor(pure=False), usable)
    remote = Remote(
        executor, slots, submitted=_submitted(), is_there=is_there, end=end, close=close
    )
    return remote


class _Usable(Executor):
    """Dask's executor, which prefers the workers that are not retired.

    A worker that gives batches back is idle, so that Dask would choose it first, again and again.

    Args:
        executor: Dask's.
        usable: returns the names of these workers; none where all are.
    """

    def __init__(self, executor: Any, usable: Callable[[], Collection[str]]) -> None:
        self._executor, self._usable = executor, usable

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **_: Any) -> Future[Any]:
        """Submit a call; where no usable worker is left meanwhile, another one has it."""
        workers = [*self._usable()] or None
        found: Future[Any] = self._executor.submit(
            function, *arguments, workers=workers, allow_other_workers=workers is not None
        )
        return found


def _ended(client: Any, run: str) -> None:
    with contextlib.suppress(Exception):  # a worker that is not there has ended
        client.run(end_run, run, on_error="ignore")


def _submitted() -> Callable[[str, bytes, bytes], Answer]:
    """Return what works on a batch on a worker of Dask.

    A function inside another one is sent by value. A worker that could not import it would end.
    """

    def work_on(run: str, sent: bytes, batch: bytes) -> Answer:
        import socket

        from distributed import get_worker

        try:
            from tablehost.items.remote_batch import run_batch
        except Exception as error:  # noqa: BLE001  # any version of it may be there
            said = f"{socket.gethostname()}: tablehost cannot be imported there: {error!r}"
            return get_worker().address, said
        return get_worker().address, run_batch(run, sent, batch)

    return work_on
