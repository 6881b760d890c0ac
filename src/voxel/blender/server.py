"""`Blender`: one warm, boxed fork server, and what can be asked of it."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, NamedTuple, Self

import msgspec

from voxel.blender import box
from voxel.blender.grading import Run, graded
from voxel.blender.process import Boxed, GoneError
from voxel.blender.renderer import Picture, Renderer
from voxel.blender.runtimes import Runtime, find
from voxel.errors import BadInput, BoxError, SetupError, UsageError
from voxel.records.verdict import ApiError

GRACE = 10.0
FRESH_TIMEOUT = 60.0
UNITS_BEFORE_RECYCLING = 5000
GROWTH_BEFORE_RECYCLING = 1.25
MAX_BLEND = 1 << 30
MOST_BESIDE = 200
SURE = b"sure"
"""As `inside/unit_shared` says it."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What one fork may use."""

    cpu: float = float(os.cpu_count() or 1)
    """Processor seconds per second of wall time."""
    memory: int = 4 << 30
    """Bytes of address space on top of the warm parent's."""
    file_size: int = 1 << 30
    """Bytes of the largest file it may write."""
    threads: int = 256 + 2 * (os.cpu_count() or 1)
    """Processes and threads in the box."""
    result: int = 512 << 20
    """Bytes of the largest result it may hand back."""
    tmp: int = 2 << 30
    """Bytes of /tmp, shared by all that a unit writes."""


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What our writer's code leaves."""

    scene: dict[str, Any]
    """The Scene as plain values."""
    without: dict[int, dict[str, Any]]
    """The Scene without one top-level statement, by its place."""
    effects: dict[str, Any] = {}
    """As `inside/unit_effects` tells them."""


AttemptResult = Trial | ApiError | None
"""What an attempt shows; an error where it fails, None where it ends its fork or takes too long."""


class _Line(msgspec.Struct, frozen=True, kw_only=True):
    """What is reported of an attempt."""

    trial: Trial | None = None
    failure: ApiError | None = None


class _Report(NamedTuple):
    """What one request shows of the first of its attempts."""

    results: list[AttemptResult]
    sure: int
    """How many of them are shown to have begun in an empty scene."""
    ended: str
    """How the fork ended, where it did."""


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """Code of our own writer to try, as `Blender.trial` does."""

    sources: tuple[str, ...]
    places: tuple[int, ...] = ()
    effects: bool = False


class Blender:
    """One warm, boxed Blender. A context manager; used by one thread at a time.

    `runtime` is a version (`"4.5"`), a Runtime, or None for the default. With `boxed` (the default) everything runs in
    the box; where there is none, `run` raises SetupError, while `load` and `make`, which execute no foreign code, fall
    back to a limited process. `boxed=False` runs in that fallback on purpose. Raises SetupError where Blender cannot be
    started.
    """

    def __init__(
        self,
        runtime: str | Runtime | None = None,
        *,
        boxed: bool = True,
        limits: Limits | None = None,
        lift: Sequence[str] = (),
        grace: float = GRACE,
        units: int = UNITS_BEFORE_RECYCLING,
    ) -> None:
        self.runtime = runtime if isinstance(runtime, Runtime) else find(runtime)
        self.limits = limits or Limits()
        self._boxed = boxed and box.bwrap() is not None
        self._refuse = boxed and not self._boxed
        self._lift = frozenset(lift)
        self._grace = grace
        self._most_units = units
        self._fresh = False
        self._server = Boxed(self.runtime, "serve.py", boxed=self._boxed, tmp=self.limits.tmp, lift=self._lift)
        self._renderer: Renderer | None = None
        self._units = 0
        self._first_rss = 0
        self.restarts = 0

    @property
    def boxed(self) -> bool:
        """Whether units run in the box."""
        return self._boxed

    @property
    def pid(self) -> int | None:
        """Process id of the box, or None while there is none."""
        return self._server.pid

    def __enter__(self) -> Self:
        self._begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def load(
        self,
        blend: Path,
        *,
        place: str = "in.blend",
        beside: Mapping[str, Path] | None = None,
        timeout: float = 120,
        result: Literal["dump", "counts", "effects"] = "dump",
    ) -> bytes:
        """The scene in a .blend file as JSON, its scripts off.

        `beside` are files that it links to, at most 200, by their paths in the folder of its project; `place` is its
        own path there. Copies of all lie in the box at these places, so that its `//` paths lead to them; a file that
        cannot be opened is left out. UsageError for a path that leads out of the folder.

        Raises BadInput(reason) where the file cannot be opened, crashes Blender or hangs it; BoxError where the box
        broke.
        """
        places = _places(place, beside or {})
        with ExitStack() as stack:
            fds = {place: self._open(blend)}
            stack.callback(os.close, fds[place])
            for name, path in (beside or {}).items():
                with suppress(BadInput):
                    fds[name] = self._open(path)
                    stack.callback(os.close, fds[name])
            ask = {"op": "load", "code": result, "places": [name for name in places if name in fds]}
            reply, payload = self._ask(ask, b"", timeout, timeout, [fds[name] for name in places if name in fds])
        if reply["bad"]:
            raise BadInput(f"{reply['bad']} (Blender {self.runtime.series}): {blend}")
        return payload

    def run(
        self, *sources: str, timeout: float = 30, dump: bool = True, result: Literal["dump", "counts"] = "dump"
    ) -> Run:
        """Runs the sources one after another in an empty scene, in one fork; dumps what they leave in another.

        Each source is a `__main__` of its own, run statement by statement: after an error the rest still runs.
        `timeout` is wall seconds for the sources, and again for the dump. Raises BoxError, and SetupError without a
        box.
        """
        if self._refuse:
            raise SetupError(box.missing())
        ask = {"op": "run", "result": result if dump else "none"}
        reply, payload = self._ask(ask, msgspec.json.encode(sources), timeout, 2 * timeout)
        return graded(reply, payload or None, timeout, len(sources), wanted=dump)

    def trial(self, *sources: str, places: Sequence[int] = (), effects: bool = False, timeout: float = 30) -> Trial:
        """Runs code that our own writer made and dumps what it leaves in the same fork: half the cost of `run`.

        `places` are top-level statements of the last source to do without, one at a time, see `inside/unit_trial`.
        `effects` asks for what the scene does as well. It is the first that its fork meets.
        Not for scripts of people or models, whose words on themselves it would believe. Raises BadInput where the code
        fails, BoxError, and SetupError without a box.
        """
        attempt = Attempt(sources=sources, places=tuple(places), effects=effects)
        report = self._attempts([attempt], timeout, alone=True)
        shown = report.results[0] if report.results else None
        if isinstance(shown, Trial):
            return shown
        raise BadInput(report.ended if shown is None else shown.message)

    def trials(self, attempts: Sequence[Attempt], *, timeout: float = 30) -> list[AttemptResult]:
        """The same for many attempts in one fork that lives on; between them the scene is made empty again.

        What ends a fork or takes too long there is tried once more as the first of another fork, where it has
        `timeout` seconds of its own; so is what cannot be shown to have begun in an empty scene. Raises as `trial`
        does, but no BadInput.
        """
        found: list[AttemptResult] = []
        most = len(attempts)
        while len(found) < len(attempts):
            report = self._attempts(attempts[len(found) : len(found) + most], timeout)
            sure = max(1, report.sure)  # the first attempt always begins in an empty scene
            found += report.results[:sure] or [None]
            # without what came after them, since that may be what ended the fork
            most = len(report.results[sure:]) or len(attempts)
        return found

    def _attempts(self, attempts: Sequence[Attempt], timeout: float, *, alone: bool = False) -> _Report:
        if self._refuse:
            raise SetupError(box.missing())
        ask = {"op": "trials", "result": "dump", "alone": alone}
        reply, payload = self._ask(ask, msgspec.json.encode(attempts), timeout, timeout)
        found, sure = list[AttemptResult](), 0
        for line in payload.split(b"\n")[:-1]:
            if line == SURE:
                sure = len(found)
                continue
            try:
                told = msgspec.json.decode(line, type=_Line)
            except msgspec.MsgspecError:
                break  # a fork that breaks says so in words, and ends
            found.append(told.trial or told.failure)
        return _Report(found, sure, "takes too long" if reply["timed_out"] else f"Blender ended with {reply['ended']}")

    def make(self, source: str, *, timeout: float = 120) -> bytes:
        """Runs trusted source and returns the .blend file that it leaves, uncompressed. Raises BadInput when it
        fails.
        """
        ask = {"op": "run", "result": "blend"}
        reply, payload = self._ask(ask, msgspec.json.encode([source]), timeout, timeout)
        run = graded(reply, None, timeout, 1, wanted=False)
        if run.verdict != "passed" or not payload:
            raise BadInput(f"the source did not make a file ({run.verdict}; {_first_error(run)})")
        return payload

    def render(
        self,
        *sources: str | Path,
        size: tuple[int, int] = (256, 256),
        samples: int = 16,
        material: str = "",
        world: str = "",
        pixels: bool = False,
        timeout: float = 60,
    ) -> Picture:
        """A picture of the scene that the sources leave, or of one .blend file given by its path.

        Rendered with Cycles on the processor, whatever engine the scene asks for: the others need a display or a GPU.
        A scene without camera or light is framed and lit neutrally; one without anything to see shows a grey sphere in
        its light. `material` names a material to show on a sphere instead, `world` one in whose light alone to show
        a grey sphere. `timeout` is wall seconds for the sources,
        and again for the picture. Scripts that fail are rendered as far as they came, see `Picture.verdict`.

        Raises BadInput where nothing can be rendered or it takes too long, UsageError, BoxError, and SetupError without
        a box.
        """
        if self._renderer is None:
            self._renderer = Renderer(self.runtime, boxed=self._boxed, tmp=self.limits.tmp, lift=self._lift)
        wanted: dict[str, Any] = {
            "size": size,
            "samples": samples,
            "material": material,
            "world": world,
            "pixels": pixels,
        }
        wanted |= {"limits": self._limits(timeout), "timeout": timeout}
        paths = [source for source in sources if isinstance(source, Path)]
        if paths:
            if len(sources) > 1:
                raise UsageError("a picture is made of one .blend file, or of scripts")
            fd = self._open(paths[0])
            try:
                return self._renderer.picture(fd, **wanted)
            except BadInput as error:
                raise BadInput(f"{error} (Blender {self.runtime.series}): {paths[0]}") from error
            finally:
                os.close(fd)
        if self._refuse:
            raise SetupError(box.missing())
        reply, blend = self._ask({"op": "run", "result": "blend"}, msgspec.json.encode(sources), timeout, timeout)
        run = graded(reply, None, timeout, len(sources), wanted=False)
        if not blend:
            raise BadInput(f"there is no scene to render ({run.verdict}; {_first_error(run)})")
        return self._renderer.picture(blend, **wanted, verdict=run.verdict)

    def answer(self, source: str, *, timeout: float = 120) -> Any:
        """Runs our own source in a fork and returns what its function `answer()` gives."""
        reply, payload = self._ask({"op": "code"}, source.encode(), timeout, timeout)
        if reply["bad"]:
            raise BoxError(f"Blender {self.runtime.version} gave no answer: {reply['bad']}")
        return msgspec.json.decode(payload)

    def close(self) -> None:
        """Ends the box and everything in it."""
        self._server.close()
        if self._renderer is not None:
            self._renderer.close()

    def _open(self, blend: Path) -> int:
        try:
            fd = os.open(blend, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            raise BadInput(f"{error.strerror}: {blend}") from error
        facts = os.fstat(fd)
        if not stat.S_ISREG(facts.st_mode) or facts.st_size > MAX_BLEND or not facts.st_size:
            os.close(fd)
            reason = (
                "not a file" if not stat.S_ISREG(facts.st_mode) else "empty file" if not facts.st_size else "too large"
            )
            raise BadInput(f"{reason}: {blend}")
        return fd

    def _limits(self, timeout: float) -> dict[str, float]:
        limits = msgspec.structs.asdict(self.limits) | {"wall": timeout}
        del limits["tmp"]
        return limits

    def _begin(self) -> None:
        if self._server.start():
            self._units, self._first_rss, self._fresh = 0, 0, False

    def _ask(
        self, header: dict[str, Any], payload: bytes, timeout: float, whole: float, fds: Sequence[int] = ()
    ) -> tuple[dict[str, Any], bytes]:
        """One unit: asked again once, of a new server, when the server is lost in the middle of it."""
        if timeout <= 0:
            raise UsageError(f"timeout must be above 0 seconds, not {timeout}")
        full = header | {"limits": self._limits(timeout)}
        last = ""
        for _ in range(2):
            if self._server.ended:
                self._lost()
            self._begin()
            # the first dump of a server also takes the values of fresh instances
            first = 0.0 if self._fresh or "dump" not in (header.get("result"), header.get("code")) else FRESH_TIMEOUT
            try:
                reply, result = self._server.ask(full, payload, whole + self._grace + first, fds)
            except GoneError:
                last = self._server.last_words()
                self._lost()
                continue
            self._fresh = self._fresh or bool(first)
            self._count(reply)
            return reply, result
        raise BoxError(f"the box of Blender {self.runtime.version} broke twice on one unit: {last}")

    def _count(self, reply: dict[str, Any]) -> None:
        self._units += 1
        self._first_rss = self._first_rss or int(reply["rss"])
        grown = reply["rss"] > self._first_rss * GROWTH_BEFORE_RECYCLING
        if reply["recycle"] or grown or self._units >= self._most_units:
            self._server.close()

    def _lost(self) -> None:
        self.restarts += 1
        self._server.close()


def _places(place: str, beside: Mapping[str, Path]) -> list[str]:
    """The path of the file to load, then those of the others. UsageError for what cannot be placed."""
    names = [place, *beside]
    wrong = [name for name in names if not name or "\0" in name or name.startswith("/") or ".." in name.split("/")]
    if wrong:
        raise UsageError(f"not a path within a folder: {', '.join(map(repr, wrong))}")
    if len(names) != len(set(names)) or len(beside) > MOST_BESIDE:
        raise UsageError(f"a file lies beside at most {MOST_BESIDE} others, each at a place of its own")
    return names


def _first_error(run: Run) -> str:
    first = run.errors[0] if run.errors else None
    return f"{first.kind}: {first.message} at line {first.line}" if first else "nothing was saved"
