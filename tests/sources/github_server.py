# ruff: noqa: SIM905 - lists of words are easier to read as words
"""A server that speaks what the network sources ask of GitHub: REST, raw content, Git LFS and git itself.

Troubles are switched on by rate and drawn from a seed. Time may run faster, by the same factor as the client's
(`voxel.sources.clock.hasten`). The server keeps every request with its time, and watches what a polite client must not
do: too many at once, or any request while it had asked to wait.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

ON_ITS_WAY_S = 0.3
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize {}\n"


def git_sha(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def pointer(data: bytes, size: int | None = None) -> bytes:
    """Stands for the bytes in git. `size` is what it claims in place of theirs."""
    return POINTER.format(hashlib.sha256(data).hexdigest(), len(data) if size is None else size).encode()


@dataclass
class Repo:
    name: str
    number: int
    created: int
    files: dict[str, bytes] = field(default_factory=dict)
    branch: str = "main"
    spdx: str | None = None
    status: int = 200
    """404, 409, 451 or 403 for one that cannot be listed."""
    moved_from: str = ""
    lfs: dict[str, bytes] = field(default_factory=dict)
    """Objects by oid."""
    lfs_trouble: dict[str, tuple[int, str]] = field(default_factory=dict)
    truncated: bool = False

    @property
    def commit(self) -> str:
        told = "".join(f"{path}\0{git_sha(data)}\n" for path, data in sorted(self.files.items()))
        return hashlib.sha1(f"commit {self.number} {told}".encode()).hexdigest()


@dataclass
class Troubles:
    """How often each kind of trouble meets a request: 0 to 1."""

    retry_after: float = 0
    primary: float = 0
    secondary: float = 0
    error: float = 0
    dropped: float = 0
    cut: float = 0
    wrong: float = 0
    incomplete: float = 0
    retry_after_s: int = 60


@dataclass
class Seen:
    """One request."""

    kind: str
    """search, repository, tree, commit, raw, batch, object, git."""
    path: str
    token: str
    status: int
    conditional: bool
    at: float


class GitHubServer:
    def __init__(
        self, repos: list[Repo], *, speed: float = 1.0, troubles: Troubles | None = None, seed: int = 1
    ) -> None:
        self.repos = {repo.name.lower(): repo for repo in repos}
        self.speed = speed
        self.troubles = troubles or Troubles()
        self.random = random.Random(seed)
        self.seen: list[Seen] = []
        self.answers: list[tuple[str, int, str, bytes]] = []
        """Path template, status, media type and body of every REST answer as it was sent, for validation."""
        self.keep_answers = False
        self.echo = False
        """Whether refusals repeat the request's headers and every token that this server was ever sent, and git is
        refused."""
        self.tokens: set[str] = set()
        self.tree_names = "commit"
        """What `sha` of a tree asked for by branch is: the commit or the tree."""
        self.tells_commits = True
        self.git_root: Path | None = None
        self.at_once = 0
        self.most_at_once = 0
        self.too_early: list[str] = []
        self.incomplete = 0
        """Searches that were answered in part."""
        self.completed: Counter[str] = Counter()
        """Downloads that were sent whole, by path."""
        self._not_before: dict[str, float] = {}
        self._asked: dict[str, float] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._ready = threading.Event()
        self.port = 0

    # -- life -----------------------------------------------------------------------------------------------------

    def __enter__(self) -> GitHubServer:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._connection, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0.01))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def environment(self, *tokens: str) -> dict[str, str]:
        return {
            "GITHUB_API_URL": f"{self.url}/api",
            "GITHUB_SERVER_URL": self.url,
            "GITHUB_RAW_URL": f"{self.url}/raw",
            "GITHUB_TOKEN": ",".join(tokens),
        }

    def now(self) -> float:
        return time.monotonic() * self.speed

    def count(self, *kinds: str) -> int:
        return sum(seen.kind in kinds for seen in self.seen)

    # -- HTTP -----------------------------------------------------------------------------------------------------

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                line = await reader.readline()
                if not line:
                    return
                method, target, _ = line.decode("latin-1").split(" ", 2)
                headers: dict[str, str] = {}
                while (header := await reader.readline()).strip():
                    name, _, value = header.decode("latin-1").partition(":")
                    headers[name.lower()] = value.strip()
                body = await self._body(reader, headers)
                self.at_once += 1
                self.most_at_once = max(self.most_at_once, self.at_once)
                try:
                    if not await self._answer(method, target, headers, body, writer):
                        return
                finally:
                    self.at_once -= 1
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            return
        finally:
            writer.close()

    async def _body(self, reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
        if headers.get("transfer-encoding", "").lower() == "chunked":
            data = b""
            while size := int((await reader.readline()).strip() or b"0", 16):
                data += await reader.readexactly(size)
                await reader.readline()
            await reader.readline()
            return data
        return await reader.readexactly(int(headers.get("content-length", "0")))

    async def _answer(
        self, method: str, target: str, headers: dict[str, str], body: bytes, writer: asyncio.StreamWriter
    ) -> bool:
        """Whether the connection goes on."""
        path = unquote(urlsplit(target).path)
        query = {name: values[0] for name, values in parse_qs(urlsplit(target).query).items()}
        token = headers.get("authorization", "")
        await asyncio.sleep(0)
        if path.startswith("/api/"):
            kind, status, extra, told = self._rest(path[4:], query, headers, token)
        elif path.startswith("/raw/"):
            kind, status, extra, told = "raw", *self._raw(path[5:])
        elif path.endswith("/info/lfs/objects/batch"):
            kind, status, extra, told = "batch", *self._batch(path, json.loads(body))
        elif path.startswith("/objects/"):
            kind, status, extra, told = "object", *self._object(path.rpartition("/")[2])
        elif self.git_root is not None and ".git/" in path and self.echo:
            kind, status, extra = (
                "git",
                403 if token else 401,
                {"www-authenticate": "Basic", "content-type": "text/plain"},
            )
            told = f"remote: not for {base64.b64decode(token.removeprefix('Basic ')).decode()}".encode()
        elif self.git_root is not None and ".git/" in path:
            self._log("git", path, token, 200, headers)
            await self._git(method, target, headers, body, writer)
            return False
        else:
            kind, status, extra, told = "other", 404, {}, b"{}"
        limited = self._trouble(kind, token)
        if limited is not None:
            status, extra, told = limited
        self.tokens.add(token)
        if status >= 400 and self.echo and kind != "git":
            known = " ".join(sorted(self.tokens))
            told = json.dumps({"message": f"not for {token}: {json.dumps(headers)} {known}"}).encode()
        early = self._not_before.get(token, 0.0)
        # what was on its way when the server asked to wait is no offence; on a busy machine that may take a while
        since = time.monotonic() - self._asked.get(token, 0.0)
        if self.now() < early and since > ON_ITS_WAY_S:
            self.too_early.append(f"{kind} {path} {early - self.now():.1f} s too early, asked {since:.2f} s before")
        self._log(kind, path, token, status, headers)
        draw = self.random.random()
        if draw < self.troubles.dropped:
            writer.transport.abort()
            return False
        if "retry-after" in extra:
            self._not_before[token] = self.now() + float(extra["retry-after"])
            self._asked[token] = time.monotonic()
        head = {
            "content-length": str(len(told)),
            "date": formatdate(self.now() + 1_700_000_000, usegmt=True),
            "content-type": "application/json",
            **extra,
        }
        if self.keep_answers and path.startswith("/api/"):
            self.answers.append((template(path[4:]), status, head["content-type"], told))
        lines = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in head.items()), "", ""]
        writer.write("\r\n".join(lines).encode())
        if self.troubles.dropped <= draw < self.troubles.dropped + self.troubles.cut and len(told) > 1:
            writer.write(told[: len(told) // 2])
            await writer.drain()
            writer.transport.abort()
            return False
        wrong = kind in ("raw", "object") and status == 200 and self.random.random() < self.troubles.wrong
        writer.write(bytes(len(told)) if wrong else told)
        await writer.drain()
        if status == 200 and kind in ("raw", "object") and not wrong:
            self.completed[path] += 1
        return True

    def _log(self, kind: str, path: str, token: str, status: int, headers: dict[str, str]) -> None:
        self.seen.append(Seen(kind, path, token, status, "if-none-match" in headers, self.now()))

    def _trouble(self, kind: str, token: str) -> tuple[int, dict[str, str], bytes] | None:
        rates, draw = self.troubles, self.random.random()
        options: list[tuple[float, Callable[[], tuple[int, dict[str, str], bytes]]]] = [
            (rates.error, lambda: (502, {"content-type": "text/html"}, b"<html>bad gateway</html>")),
            (rates.retry_after, lambda: (429, {"retry-after": str(rates.retry_after_s)}, b'{"message": "slow down"}')),
        ]
        if kind in ("search", "repository", "tree", "commit"):
            reset = str(int(self.now() + 1_700_000_000) + 30)
            limits = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": reset, "x-ratelimit-resource": "core"}
            options += [
                (rates.primary, lambda: (403, limits, b'{"message": "API rate limit exceeded for user"}')),
                (rates.secondary, lambda: (403, {}, b'{"message": "You have exceeded a secondary rate limit"}')),
            ]
        for rate, answer in options:
            if draw < rate:
                return answer()
            draw -= rate
        return None

    # -- REST -----------------------------------------------------------------------------------------------------

    def _rest(
        self, path: str, query: dict[str, str], headers: dict[str, str], token: str
    ) -> tuple[str, int, dict[str, str], bytes]:
        parts = path.strip("/").split("/")
        kind = "repository"
        if path == "/search/repositories":
            kind, (status, told) = "search", self._search(query)
        else:
            repo, rest = self._find(parts)
            if isinstance(repo, str):
                moved = {"message": "Moved Permanently", "url": repo, "documentation_url": "https://docs.github.com"}
                return "moved", 301, {"location": repo}, json.dumps(moved).encode()
            if rest[:2] == ["git", "trees"]:
                kind = "tree"
                status, told = self._tree(repo, "/".join(rest[2:]), query)
            elif rest[:1] == ["commits"] and repo is not None:
                if not self.tells_commits:
                    return "commit", 404, {}, json.dumps(missing()[1]).encode()
                return "commit", 200, {"content-type": "application/vnd.github.sha"}, repo.commit.encode()
            else:
                status, told = self._repository(repo)
        body = json.dumps(told).encode()
        etag = f'W/"{hashlib.sha256(body + token.encode()).hexdigest()[:20]}"'
        if status == 200 and headers.get("if-none-match") == etag:
            return kind, 304, {"etag": etag}, b""
        return kind, status, {"etag": etag} if status == 200 else {}, body

    def _find(self, parts: list[str]) -> tuple[Repo | str | None, list[str]]:
        if parts[0] == "repositories":
            number = int(parts[1])
            return next((repo for repo in self.repos.values() if repo.number == number), None), parts[2:]
        name = "/".join(parts[1:3]).lower()
        if name not in self.repos:
            for repo in self.repos.values():
                if repo.moved_from.lower() != name:
                    continue
                return f"{self.url}/api/repositories/{repo.number}/{'/'.join(parts[3:])}?recursive=1".rstrip("/"), []
        return self.repos.get(name), parts[3:]

    def _search(self, query: dict[str, str]) -> tuple[int, Any]:
        words = query["q"].split()
        created = next(word for word in words if word.startswith("created:"))[8:]
        first, last = (_instant(word) for word in created.split(".."))
        wanted = next((word for word in words if not word.startswith("created:")), "")
        found = [
            repo
            for repo in self.repos.values()
            if first <= repo.created <= last
            and repo.status != 404
            and (wanted in ("", "everything") or wanted in repo.name)
        ]
        page, size = int(query.get("page", "1")), int(query.get("per_page", "30"))
        if (page - 1) * size >= 1000:
            return 422, refused("Only the first 1000 search results are available")
        if "is:nonsense" in words:
            return 422, refused("Validation Failed")
        incomplete = self.random.random() < self.troubles.incomplete
        self.incomplete += incomplete
        listed = found[(page - 1) * size : min(page * size, 1000)]
        if incomplete:
            listed = listed[: len(listed) // 2]
        items = [{**described(repo, self.url), "score": 1.0} for repo in listed]
        return 200, {"total_count": len(found), "incomplete_results": incomplete, "items": items}

    def _repository(self, repo: Repo | None) -> tuple[int, Any]:
        if repo is None or repo.status == 404:
            return missing()
        if repo.status in (403, 451):
            return repo.status, refusal(repo.status)
        return 200, whole(repo, self.url)

    def _tree(self, repo: Repo | None, ref: str, query: dict[str, str]) -> tuple[int, Any]:
        if repo is None or repo.status == 404:
            return missing()
        if repo.status != 200:
            return repo.status, refusal(repo.status)
        root = hashlib.sha1(f"tree {repo.commit}".encode()).hexdigest()
        trees = {hashlib.sha1(f"{repo.commit} {folder}".encode()).hexdigest(): folder for folder in folders(repo.files)}
        if ref in (repo.branch, "HEAD", repo.commit, root):
            top, sha = "", repo.commit if self.tree_names == "commit" else root
        elif ref in trees:
            top, sha = trees[ref] + "/", ref
        else:
            return missing()
        below = {path[len(top) :]: data for path, data in sorted(repo.files.items()) if path.startswith(top)}
        entries = [
            {"path": path, "mode": "100644", "type": "blob", "sha": git_sha(data), "size": len(data), "url": self.url}
            for path, data in below.items()
        ]
        if "recursive" not in query:
            entries = [entry for entry in entries if "/" not in str(entry["path"])] + [
                {"path": folder[len(top) :], "mode": "040000", "type": "tree", "sha": sha_, "url": self.url}
                for sha_, folder in trees.items()
                if folder.startswith(top) and "/" not in folder[len(top) :]
            ]
        elif repo.truncated and not top:
            return 200, {"sha": sha, "url": self.url, "tree": entries[:1], "truncated": True}
        return 200, {"sha": sha, "url": self.url, "tree": entries, "truncated": False}

    # -- bytes ----------------------------------------------------------------------------------------------------

    def _raw(self, path: str) -> tuple[int, dict[str, str], bytes]:
        owner, name, ref, inside = path.split("/", 3)
        repo = self.repos.get(f"{owner}/{name}".lower())
        if repo is None or ref not in (repo.commit, repo.branch, "HEAD") or inside not in repo.files:
            return 404, {}, b"404: Not Found"
        return 200, {"content-type": "application/octet-stream"}, repo.files[inside]

    def _batch(self, path: str, asked: Any) -> tuple[int, dict[str, str], bytes]:
        repo = self.repos[path[1:].partition(".git/")[0].lower()]
        if "*" in repo.lfs_trouble:
            status, message = repo.lfs_trouble["*"]
            return status, {}, json.dumps({"message": message}).encode()
        objects: list[Any] = []
        for each in asked["objects"]:
            told: dict[str, Any] = {"oid": each["oid"], "size": each["size"]}
            if each["oid"] in repo.lfs_trouble:
                code, message = repo.lfs_trouble[each["oid"]]
                told["error"] = {"code": code, "message": message}
            elif each["oid"] in repo.lfs:
                told["actions"] = {"download": {"href": f"{self.url}/objects/{each['oid']}", "header": {"x-key": "1"}}}
            else:
                told["error"] = {"code": 404, "message": "Object does not exist"}
            objects.append(told)
        return 200, {}, json.dumps({"transfer": "basic", "objects": objects}).encode()

    def _object(self, oid: str) -> tuple[int, dict[str, str], bytes]:
        for repo in self.repos.values():
            if oid in repo.lfs:
                return 200, {"content-type": "application/octet-stream"}, repo.lfs[oid]
        return 404, {}, b"{}"

    async def _git(
        self, method: str, target: str, headers: dict[str, str], body: bytes, writer: asyncio.StreamWriter
    ) -> None:
        """git's own server, as a CGI program."""
        parts = urlsplit(target)
        environment = {
            **os.environ,
            "GIT_PROJECT_ROOT": str(self.git_root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REQUEST_METHOD": method,
            "PATH_INFO": unquote(parts.path),
            "QUERY_STRING": parts.query,
            "CONTENT_TYPE": headers.get("content-type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "GIT_PROTOCOL": headers.get("git-protocol", ""),
            "HTTP_CONTENT_ENCODING": headers.get("content-encoding", ""),
        }
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec("git", "http-backend", stdin=pipe, stdout=pipe, env=environment)
        out, _ = await process.communicate(body)
        head, _, rest = out.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
        status = fields.pop("Status", "200 OK")
        lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in fields.items())]
        writer.write("\r\n".join([*lines, f"content-length: {len(rest)}", "connection: close", "", ""]).encode() + rest)
        await writer.drain()


def _instant(text: str) -> int:
    return int(time.mktime(time.strptime(text + "UTC", "%Y-%m-%dT%H:%M:%SZ%Z"))) - time.timezone


def folders(files: dict[str, bytes]) -> list[str]:
    found = set()
    for path in files:
        while "/" in path:
            path = path.rpartition("/")[0]
            found.add(path)
    return sorted(found)


def template(path: str) -> str:
    """The path of GitHub's description that an address of the API belongs to."""
    if path.startswith("/search/"):
        return "/search/repositories"
    tail = "/git/trees/{tree_sha}" if "/git/trees/" in path else "/commits/{ref}" if "/commits/" in path else ""
    return "/repos/{owner}/{repo}" + tail


def refused(message: str) -> dict[str, Any]:
    """A search that GitHub does not understand."""
    return {"message": message, "documentation_url": "https://docs.github.com/rest", "status": "422"}


def refusal(status: int) -> dict[str, Any]:
    """Of a repository that is there and cannot be had."""
    message = "Git Repository is empty." if status == 409 else "Repository access blocked"
    return {"message": message, "documentation_url": "https://docs.github.com"}


def missing() -> tuple[int, Any]:
    return 404, {"message": "Not Found", "documentation_url": "https://docs.github.com/rest", "status": "404"}


_URLS = (
    "archive assignees blobs branches collaborators comments commits compare contents contributors deployments"
    " downloads events forks git_commits git_refs git_tags hooks issue_comment issue_events issues keys labels"
    " languages merges milestones notifications pulls releases stargazers statuses subscribers subscription tags"
    " teams trees"
).split()


def described(repo: Repo, url: str) -> dict[str, Any]:
    """A repository as searches give it."""
    owner, name = repo.name.split("/")
    here = f"{url}/api/repos/{repo.name}"
    pages = (
        "avatar_url url html_url followers_url following_url gists_url starred_url subscriptions_url organizations_url"
        " repos_url events_url received_events_url"
    )
    person = dict.fromkeys(pages.split(), f"{url}/{owner}")
    licence = repo.spdx and {
        "key": repo.spdx.lower(), "name": repo.spdx, "spdx_id": repo.spdx, "url": None, "node_id": "L"
    }  # fmt: skip
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(repo.created))
    counts = dict.fromkeys(
        "forks forks_count open_issues open_issues_count stargazers_count watchers watchers_count".split(), 3
    )
    flags = dict.fromkeys("has_downloads has_issues has_projects has_wiki has_pages has_discussions".split(), True)
    return {
        "id": repo.number, "node_id": "R", "name": name, "full_name": repo.name, "private": False, "fork": False,
        "owner": {
            **person, "login": owner, "id": 1, "node_id": "U", "gravatar_id": "", "type": "User", "site_admin": False
        },
        "html_url": f"{url}/{repo.name}", "description": None, "url": here, "git_url": f"git://x/{repo.name}.git",
        "ssh_url": f"git@x:{repo.name}.git", "clone_url": f"{url}/{repo.name}.git", "svn_url": f"{url}/{repo.name}",
        "mirror_url": None, "homepage": None, "language": None, "archived": False, "disabled": False,
        "default_branch": repo.branch, "license": licence, "pushed_at": stamp, "created_at": stamp, "updated_at": stamp,
        "size": 3, **counts, **flags, **{f"{each}_url": f"{here}/{each}" for each in _URLS},
    }  # fmt: skip


def whole(repo: Repo, url: str) -> dict[str, Any]:
    """A repository as it is given alone."""
    return {**described(repo, url), "network_count": 0, "subscribers_count": 0, "temp_clone_token": None}
