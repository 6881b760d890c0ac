"""The pages and what their buttons do."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from voxel import __version__
from voxel.bpycode import write_all
from voxel.errors import BadInput, DataDirBusy, UsageError, VoxelError
from voxel.records import ROLES, SPLITS
from voxel.report.gallery import pictured
from voxel.report.page import environment
from voxel.stages import SCENES, DataDir, Progress, scene_name
from voxel.training.standing import Standing
from voxel.ui.guard import Guard
from voxel.ui.shelf import Shelf
from voxel.ui.work import Work, words_to_resume, words_to_start

CARDS, ROWS = 24, 60
"""On one page."""
LONGEST_FORM = 10_000
"""Bytes."""
REPORTS = ("dataset.html", "evaluation.html")
_Item = TypeVar("_Item")


def application(data: DataDir, *, port: int, token: str) -> Guard:
    """The whole page over `data`, to be reached at `port` of the loopback interface.

    Everything is read-only but for whoever has `token`.
    """
    return Guard(_Pages(data).app(), port=port, token=token)


class _Pages:
    def __init__(self, data: DataDir) -> None:
        self._data = data
        self._shelf = Shelf(data)
        self._work = Work(data)
        self._rendering = threading.Lock()
        self._templates = environment("voxel.ui", "voxel.report")

    def app(self) -> Starlette:
        pages: dict[str, Callable[[Request], Response]] = {
            "/": self._overview,
            "/live": self._live,
            "/live.js": self._script,
            "/favicon.ico": lambda _request: Response(status_code=204),
            "/scenes": self._scenes,
            "/scenes/{sha256}": self._scene,
            "/examples": self._examples,
            "/examples/{identity}": self._example,
            "/pictures/{identity}.png": self._picture,
            "/drops": self._drops,
            "/jobs": self._jobs,
            "/evaluations": self._evaluations,
            "/deployments": self._deployments,
            "/reports/{name}": self._report,
        }
        actions: dict[str, Callable[[Request, dict[str, str]], Response]] = {
            "/token": self._unlock,
            "/start": self._start,
            "/resume": self._resume,
            "/stop": self._stop,
            "/examples/{identity}/picture": self._render_picture,
        }
        routes = [Route(path, page, methods=["GET"]) for path, page in pages.items()]
        routes += [Route(path, _form(action), methods=["POST"]) for path, action in actions.items()]
        return Starlette(
            routes=routes,
            lifespan=self._lifespan,
            exception_handlers={VoxelError: self._trouble, 404: self._missing},
        )

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        yield
        self._work.close()

    # -- pages ----------------------------------------------------------------------------------------------------

    def _page(self, request: Request, template: str, status: int = 200, **values: Any) -> Response:
        made = self._templates.get_template(template).render(
            version=__version__,
            here=request.url.path,
            unlocked=request.scope["voxel.unlocked"],
            root=self._data.root,
            **values,
        )
        return HTMLResponse(made, status)

    def _state(self) -> dict[str, Any]:
        command, state, output = self._work.told()
        now, trouble = Standing(phases=[], busy=""), ""
        try:
            now = self._shelf.standing()
        except VoxelError as error:
            trouble = str(error)
        return {"phases": now.phases, "busy": now.busy, "next": now.next, "trouble": trouble, "command": command,
                "state": state, "output": output, "mine": self._work.running}  # fmt: skip

    def _overview(self, request: Request) -> Response:
        if token := request.query_params.get("token"):
            return self._unlock(request, {"token": token})
        files = Counter(one.state for one in self._shelf.files())
        examples = Counter(one.file for one in self._shelf.examples())
        jobs = self._shelf.jobs()
        serving = [state.champion for state in self._shelf.deployments().roles.values() if state.champion]
        figures = [
            ("files held", f"{files['held']:,}"),
            ("examples", f"{sum(examples.values()):,}"),
            ("candidates dropped", f"{len(self._shelf.dropped()):,}"),
            ("fine-tuning jobs", f"{len(jobs.jobs) if jobs else 0:,}"),
            ("roles served", f"{len(serving)} of {len(ROLES)}"),
        ]
        reports = [name for name in REPORTS if (self._data.reports / name).is_file()]
        return self._page(request, "overview.html", figures=figures, reports=reports, **self._state())

    def _live(self, _request: Request) -> Response:
        return HTMLResponse(self._templates.get_template("live.html").render(**self._state()))

    def _script(self, _request: Request) -> Response:
        return FileResponse(Path(__file__).parent / "templates" / "live.js", media_type="text/javascript")

    def _scenes(self, request: Request) -> Response:
        asked = _asked(request, "q")
        found = [one for one in self._shelf.files() if one.state == "held" and one.kind == "blend"]
        found = [one for one in found if _has(asked["q"], one.repo, one.path, one.license, one.sha256)]
        scenes = self._data.storage.look(SCENES)
        rows = [(one, scene_name(one.sha256) in scenes) for one in found]
        return self._page(request, "scenes.html", asked=asked, **_paged(request, rows, ROWS))

    def _scene(self, request: Request) -> Response:
        sha256 = request.path_params["sha256"]
        scene = self._shelf.scene(sha256)
        if scene is None:
            return self._missing(request)
        record = next((one for one in self._shelf.files() if one.sha256 == sha256 and one.state == "held"), None)
        examples = [one for one in self._shelf.examples() if one.record.provenance.sha256 == sha256]
        kinds = Counter(str(block.kind) for block in scene.blocks.get("objects", {}).values())
        written = write_all(scene) if request.query_params.get("script") else None
        return self._page(
            request,
            "scene.html",
            sha256=sha256,
            file=record,
            scene=scene,
            counts=[(name, len(blocks)) for name, blocks in sorted(scene.blocks.items()) if blocks],
            kinds=kinds.most_common(),
            examples=examples,
            written=written,
        )

    def _examples(self, request: Request) -> Response:
        asked = _asked(request, "q", "split", "role", "category")
        every = self._shelf.examples()
        found = [
            one
            for one in every
            if asked["split"] in ("", one.file)
            and asked["role"] in ("", one.record.role)
            and asked["category"] in ("", one.record.category)
            and _has(asked["q"], one.record.instruction, one.record.id, one.record.provenance.repo)
        ]
        choices = {
            "split": _choices(SPLITS, (one.file for one in every)),
            "role": _choices(ROLES, (one.record.role for one in every)),
            "category": _choices((), (one.record.category for one in every)),
        }
        return self._page(request, "examples.html", asked=asked, choices=choices, **_paged(request, found, CARDS))

    def _example(self, request: Request, trouble: str = "", status: int = 200) -> Response:
        identity = request.path_params["identity"]
        found = self._shelf.example(identity)
        if found is None:
            return self._missing(request)
        example, split = found
        return self._page(
            request,
            "example.html",
            status,
            example=example,
            split=split,
            checks="\n".join(msgspec.json.encode(check).decode() for check in example.checks),
            pictured=self._shelf.picture(identity) is not None,
            scene=self._shelf.has_scene(example.provenance.sha256),
            trouble=trouble,
        )

    def _picture(self, request: Request) -> Response:
        png = self._shelf.picture(request.path_params["identity"])
        return PlainTextResponse("no picture\n", 404) if png is None else Response(png, media_type="image/png")

    def _drops(self, request: Request) -> Response:
        asked = _asked(request, "q", "of", "reason", "role")
        if asked["of"] == "files":
            files = list(self._shelf.file_drops())
            choices = {"reason": _choices((), (f"{one.phase}: {one.state}" for one in files))}
            shown: Sequence[Any] = [
                one
                for one in files
                if asked["reason"] in ("", f"{one.phase}: {one.state}") and _has(asked["q"], one.name, one.reason)
            ]
        else:
            asked["of"] = "candidates"
            dropped = self._shelf.dropped()
            choices = {
                "reason": _choices((), (_class(one.reason) for one in dropped)),
                "role": _choices(ROLES, (one.role for one in dropped)),
            }
            shown = [
                one
                for one in dropped
                if asked["reason"] in ("", _class(one.reason))
                and asked["role"] in ("", one.role)
                and _has(asked["q"], one.instruction, one.reason, one.provenance.repo)
            ]
        return self._page(request, "drops.html", asked=asked, choices=choices, **_paged(request, shown, ROWS))

    def _jobs(self, request: Request) -> Response:
        view = self._shelf.jobs()
        return self._page(request, "jobs.html", jobs=view.jobs if view else [])

    def _evaluations(self, request: Request) -> Response:
        there = (self._data.reports / "evaluation.html").is_file()
        return self._page(request, "evaluations.html", evaluations=self._shelf.evaluations(), report=there)

    def _deployments(self, request: Request) -> Response:
        return self._page(request, "deployments.html", roles=ROLES, states=self._shelf.deployments().roles)

    def _report(self, request: Request) -> Response:
        name = request.path_params["name"]
        path = self._data.reports / name
        return FileResponse(path) if name in REPORTS and path.is_file() else self._missing(request)

    # -- what buttons do --------------------------------------------------------------------------------------------

    def _unlock(self, request: Request, form: dict[str, str]) -> Response:
        token = form.get("token", "").strip()
        guard: Guard = request.scope["voxel.guard"]
        if not guard.knows(token):
            raise UsageError("that is not the token which `voxel ui` printed when it was started")
        answer = RedirectResponse("/", 303)
        answer.set_cookie(guard.cookie, token, httponly=True, samesite="strict")
        return answer

    def _start(self, _request: Request, form: dict[str, str]) -> Response:
        chosen = {key: form[key] for key in ("source", "folder") if key in form}
        self._work.start(words_to_start(self._data, form.get("phase", ""), **chosen))
        return RedirectResponse("/", 303)

    def _resume(self, _request: Request, _form: dict[str, str]) -> Response:
        following = self._shelf.standing().next
        if not following:
            raise UsageError("nothing is left to do")
        self._work.start(words_to_resume(self._data, following))
        return RedirectResponse("/", 303)

    def _stop(self, _request: Request, _form: dict[str, str]) -> Response:
        self._work.stop()
        return RedirectResponse("/", 303)

    def _render_picture(self, request: Request, _form: dict[str, str]) -> Response:
        found = self._shelf.example(request.path_params["identity"])
        if found is None:
            return self._missing(request)
        with self._rendering:
            shown = pictured([found[0]], self._data.reports / "pictures", Progress())[0]
        if shown.reason:
            return self._example(request, trouble=f"No picture: {shown.reason}", status=422)
        return RedirectResponse(f"/examples/{found[0].id}", 303)

    # -- what goes wrong --------------------------------------------------------------------------------------------

    def _trouble(self, request: Request, error: Exception) -> Response:
        status = 409 if isinstance(error, DataDirBusy) else 400 if isinstance(error, UsageError | BadInput) else 500
        return self._page(request, "trouble.html", status, heading="That did not work", trouble=str(error))

    def _missing(self, request: Request, _error: Exception | None = None) -> Response:
        told = f"There is nothing at {request.url.path}."
        return self._page(request, "trouble.html", 404, heading="Not here", trouble=told)


def _form(action: Callable[[Request, dict[str, str]], Response]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > LONGEST_FORM:
                return PlainTextResponse("This form is too long.\n", 413)
        form = dict(parse_qsl(body.decode("utf-8", "replace")))
        return await run_in_threadpool(action, request, form)

    return endpoint


def _asked(request: Request, *names: str) -> dict[str, str]:
    return {name: request.query_params.get(name, "") for name in names}


def _has(wanted: str, *texts: str) -> bool:
    return not wanted or any(wanted.lower() in text.lower() for text in texts)


def _class(reason: str) -> str:
    return reason.partition(":")[0]


def _choices(order: Iterable[str], found: Iterable[str]) -> list[tuple[str, int]]:
    """What a filter offers, with how many there are: in the given order, else the most frequent first."""
    counts = Counter(found)
    return [(name, counts[name]) for name in order if counts[name]] or counts.most_common()


def _paged(request: Request, found: Sequence[_Item], size: int) -> dict[str, Any]:
    last = max(1, -(-len(found) // size))
    word = request.query_params.get("page", "1")
    page = min(last, max(1, int(word))) if word.isascii() and word.isdigit() and len(word) < 10 else 1
    others = {key: value for key, value in request.query_params.items() if key != "page" and value}
    return {
        "total": len(found),
        "shown": found[(page - 1) * size : page * size],
        "page": page,
        "last": last,
        "to": {n: "?" + urlencode({**others, "page": n}) for n in (page - 1, page + 1) if 1 <= n <= last},
    }
