"""One clock for durations and stamps, and an event loop in which an hour of timeouts passes in a moment."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Executor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

VIRTUAL_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
"""UTC at virtual time zero unless a run says otherwise."""
VIRTUAL_HORIZON = timedelta(days=30).total_seconds()
"""Virtual seconds after which a run is taken for one that never ends."""


class VirtualTimeError(RuntimeError):
    """A virtual run cannot go on: a deadlock, or time without end."""


class _NoSelector(selectors.BaseSelector):
    """Stands where a loop waits for sockets: waits for nothing and moves the virtual time instead.

    The one descriptor that it takes is the loop's own wake-up pipe, which nobody needs to read: a loop that never
    sleeps needs no waking.
    """

    def __init__(self, skip: Callable[[float | None], None]) -> None:
        self._skip = skip
        self._keys: dict[Any, selectors.SelectorKey] = {}

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        if self._keys:
            raise VirtualTimeError("sockets, pipes and processes need real time; run with virtual=False")
        key = selectors.SelectorKey(fileobj, fileobj, events, data)
        self._keys[fileobj] = key
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._keys.pop(fileobj)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout > 0:
            self._skip(timeout)
        return []

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._keys


class VirtualLoop(asyncio.SelectorEventLoop):
    """An asyncio event loop whose time jumps to the next timer as soon as nothing is ready.

    Time starts at 0. With the same program it passes the same instants in the same order, whatever the machine does.
    Work given to a thread runs at once in the loop itself and takes no virtual time.

    Args:
        epoch: UTC at virtual time zero.
        horizon: virtual seconds after which the run fails, so that a keep-alive timer cannot spin for ever beside a
            task that waits in vain.
    """

    def __init__(self, epoch: datetime = VIRTUAL_EPOCH, horizon: float = VIRTUAL_HORIZON) -> None:
        self._now = 0.0
        self._horizon = horizon
        self.epoch = epoch
        super().__init__(_NoSelector(self._advance))
        if epoch.tzinfo is None:
            self.close()
            raise ValueError("the virtual epoch needs a time zone")

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._now

    def run_in_executor(
        self,
        executor: Executor | None,  # noqa: ARG002 - no thread may run beside virtual time
        func: Callable[[*Ts], T],
        *args: *Ts,
    ) -> asyncio.Future[T]:
        """Call `func` here and now: a thread would finish at an instant that no virtual clock can name."""
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - belongs to whoever awaits the future
            future.set_exception(error)
        return future

    def _advance(self, timeout: float | None) -> None:
        if timeout is None:
            raise VirtualTimeError(
                f"deadlock at virtual second {self._now:.6f}: no timer is left and {self._waiting()}"
            )
        self._now += timeout
        if self._now > self._horizon:
            raise VirtualTimeError(f"virtual time ran past {self._horizon:.0f} seconds and {self._waiting()}")

    def _waiting(self) -> str:
        tasks = sorted(asyncio.all_tasks(self), key=asyncio.Task.get_name)
        return "these tasks wait: " + "; ".join(f"{task.get_name()} in {_where(task)}" for task in tasks)


def _where(task: asyncio.Task[Any]) -> str:
    """Name the coroutines that a task waits in, outermost first."""
    places = []
    awaited: Any = task.get_coro()
    while (frame := getattr(awaited, "cr_frame", None)) is not None:
        places.append(f"{awaited.__qualname__} ({Path(frame.f_code.co_filename).name}:{frame.f_lineno})")
        awaited = awaited.cr_await
    return " > ".join(places) or "its last step"


class Clock:
    """Tells the time of the running event loop, real or virtual. Make it inside the loop.

    Both scales run together: UTC is read once and then follows the monotonic scale, so that a step of the machine's
    clock in mid run can neither reorder stamps nor make their differences lie.

    OpenSSL checks the validity of certificates against the machine's clock, never against this one.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._start = self._loop.time()
        if isinstance(self._loop, VirtualLoop):
            self._start_utc = self._loop.epoch + timedelta(seconds=self._start)
        else:
            self._start_utc = datetime.now(UTC)

    def now(self) -> float:
        """Seconds on the monotonic scale of the loop: for durations, and the `now` of every protocol core."""
        return self._loop.time()

    def utc(self) -> datetime:
        """The same instant as UTC: for stamps."""
        return self._start_utc + timedelta(seconds=self._loop.time() - self._start)


def run(main: Coroutine[Any, Any, T], *, virtual: bool, epoch: datetime = VIRTUAL_EPOCH) -> T:
    """Run a coroutine in an event loop of its own and return its result.

    Args:
        main: what to run.
        virtual: virtual time (null modem only) or the machine's time.
        epoch: UTC at the start of virtual time; real time has its own.

    Raises:
        VirtualTimeError: virtual time only: every task waits and no timer is left.
    """
    factory = (lambda: VirtualLoop(epoch)) if virtual else None
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(main)
