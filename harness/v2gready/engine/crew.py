"""Runs cases in processes of their own, side by side: for devices on virtual time, which nothing else can disturb."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Final

from v2gready.model.run import CaseRecord

POSSIBLE: Final = sys.platform == "linux"
"""Workers inherit the loaded catalogue and the keys of the bench, which cannot be sent: that takes a fork."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A worker took a case."""

    case_id: str


@dataclass(frozen=True, slots=True)
class Done:
    """A case came to its end."""

    case_id: str
    record: CaseRecord


@dataclass(frozen=True, slots=True)
class Lost:
    """The worker ended in the middle of a case: killed, or brought down by a library.

    Attributes:
        exit_code: Of the worker; the negative number of the signal that ended it.
    """

    case_id: str
    exit_code: int | None


Event = Begun | Done | Lost


@dataclass(slots=True)
class _Worker:
    process: BaseProcess
    connection: Connection
    case_id: str = ""


class Crew:
    """Workers, and the cases that wait for them.

    A worker ends by itself when this process is gone, behind the case at hand. One that is lost is not replaced.

    Args:
        size: How many workers.
        work: Runs a case; called in the workers, with what this process holds in memory now.
        case_ids: What to run, in order.
    """

    def __init__(self, size: int, work: Callable[[str], CaseRecord], case_ids: Iterable[str]) -> None:
        self._waiting = deque(case_ids)
        self._workers: list[_Worker] = []
        context = multiprocessing.get_context("fork")
        # What is there already is nobody's garbage: a worker that does not look through it shares the memory.
        gc.freeze()
        for _ in range(min(size, len(self._waiting))):
            here, there = context.Pipe()
            foreign = (here, *(one.connection for one in self._workers))
            process = context.Process(target=_serve, args=(there, foreign, work), daemon=True)
            process.start()
            there.close()
            self._workers.append(_Worker(process, here))

    def events(self) -> Iterator[Event]:
        """What happens, as it happens; cases are handed out while somebody listens. Ends early without workers."""
        for worker in tuple(self._workers):
            yield from self._hand_out(worker)
        while busy := [one for one in self._workers if one.case_id]:
            ready = wait([one.connection for one in busy])
            for worker in (one for one in busy if one.connection in ready):
                case_id, worker.case_id = worker.case_id, ""
                try:
                    record: CaseRecord = worker.connection.recv()
                except EOFError:
                    worker.process.join()
                    self._workers.remove(worker)
                    yield Lost(case_id, worker.process.exitcode)
                else:
                    yield Done(case_id, record)
                    yield from self._hand_out(worker)

    def close(self) -> None:
        """Ends the workers, whatever they do."""
        for worker in self._workers:
            worker.connection.close()
            worker.process.terminate()
        for worker in self._workers:
            worker.process.join()
        self._workers.clear()

    def _hand_out(self, worker: _Worker) -> Iterator[Event]:
        if self._waiting:
            worker.case_id = self._waiting.popleft()
            worker.connection.send(worker.case_id)
            yield Begun(worker.case_id)


def processors() -> int:
    """How many workers make sense here."""
    return len(os.sched_getaffinity(0)) if POSSIBLE else 1


def _serve(connection: Connection, foreign: Iterable[Connection], work: Callable[[str], CaseRecord]) -> None:
    """The life of a worker: a case in, a record out, until nobody is there any more."""
    # Ctrl-C reaches the whole group; who started the workers decides about them.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # An inherited end of somebody's pipe would keep it open when that process is gone.
    for one in foreign:
        one.close()
    try:
        while True:
            connection.send(work(connection.recv()))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return
