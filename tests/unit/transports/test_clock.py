"""Virtual time: jumps, never hangs, and one scale for durations and stamps."""

from __future__ import annotations

import asyncio
import socket
import time
from datetime import UTC, datetime, timedelta

import pytest

from v2gready.transports.clock import VIRTUAL_EPOCH, Clock, VirtualLoop, VirtualTimeError, run


def test_an_hour_passes_exactly() -> None:
    async def main() -> tuple[float, float, datetime]:
        clock = Clock()
        begin = clock.now()
        await asyncio.sleep(3600)
        return begin, clock.now(), clock.utc()

    assert run(main(), virtual=True) == (0.0, 3600.0, VIRTUAL_EPOCH + timedelta(hours=1))


def test_epoch_is_what_the_run_says() -> None:
    async def main() -> datetime:
        return Clock().utc()

    epoch = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)
    assert run(main(), virtual=True, epoch=epoch) == epoch


def test_epoch_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        VirtualLoop(datetime(2031, 5, 6))  # noqa: DTZ001 - the very mistake


def test_clock_made_later_tells_the_same_time() -> None:
    async def main() -> bool:
        early = Clock()
        await asyncio.sleep(5)
        late = Clock()
        return (early.now(), early.utc()) == (late.now(), late.utc())

    assert run(main(), virtual=True)


def test_timeouts_race_in_the_order_of_their_instants() -> None:
    async def main() -> list[str]:
        order: list[str] = []

        async def note(name: str, after: float) -> None:
            await asyncio.sleep(after)
            order.append(name)

        await asyncio.gather(note("late", 60.0), note("early", 0.25), note("middle", 2.0))
        return order

    assert run(main(), virtual=True) == ["early", "middle", "late"]


def test_timeout_of_a_silent_peer_fires() -> None:
    async def main() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(60):
                await asyncio.Event().wait()
        return asyncio.get_running_loop().time()

    assert run(main(), virtual=True) == 60.0


async def _wait_in_vain() -> None:
    await asyncio.Event().wait()


def test_deadlock_is_an_error_that_names_the_place() -> None:
    async def main() -> None:
        await asyncio.sleep(1)
        await _wait_in_vain()

    with pytest.raises(
        VirtualTimeError, match=r"deadlock at virtual second 1\.0.*_wait_in_vain \(test_clock\.py:\d+\)"
    ):
        run(main(), virtual=True)


def test_deadlock_beside_a_task_that_is_cancelled() -> None:
    cancelled = []

    async def other() -> None:
        try:
            await _wait_in_vain()
        finally:
            cancelled.append(True)

    async def main() -> None:
        task = asyncio.create_task(other())
        await task

    with pytest.raises(VirtualTimeError, match="deadlock"):
        run(main(), virtual=True)
    assert cancelled == [True]


def test_keep_alive_beside_a_deadlock_ends_at_the_horizon() -> None:
    def keep_alive() -> None:
        asyncio.get_running_loop().call_later(60, keep_alive)

    async def main() -> None:
        keep_alive()
        await _wait_in_vain()

    with (
        asyncio.Runner(loop_factory=lambda: VirtualLoop(horizon=3600)) as runner,
        pytest.raises(VirtualTimeError, match="ran past 3600 seconds"),
    ):
        runner.run(main())


def test_thread_work_is_done_in_place() -> None:
    async def main() -> tuple[int, float]:
        return await asyncio.to_thread(lambda: 42), asyncio.get_running_loop().time()

    assert run(main(), virtual=True) == (42, 0.0)


def test_failure_of_thread_work_reaches_the_caller() -> None:
    def fail() -> None:
        raise KeyError("x")

    async def main() -> None:
        with pytest.raises(KeyError):
            await asyncio.to_thread(fail)

    run(main(), virtual=True)


def test_sockets_are_refused() -> None:
    async def main() -> None:
        with socket.socket() as peer:
            asyncio.get_running_loop().add_reader(peer, list)

    with pytest.raises(VirtualTimeError, match="virtual=False"):
        run(main(), virtual=True)


def test_exception_of_the_main_task_comes_through() -> None:
    async def main() -> None:
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        run(main(), virtual=True)


def test_real_clock_runs_with_the_machine() -> None:
    async def main() -> tuple[float, float, timedelta]:
        clock = Clock()
        before, stamp = time.monotonic(), clock.utc()
        await asyncio.sleep(0.01)
        return before, clock.now(), clock.utc() - stamp

    before, after, passed = run(main(), virtual=False)
    assert before < after
    assert passed > timedelta(0)


def test_clock_needs_a_loop() -> None:
    with pytest.raises(RuntimeError, match="no running event loop"):
        Clock()
