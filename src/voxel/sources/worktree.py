"""The git work tree that a file lies in, read from its files; git itself is not needed."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from voxel.sources.candidate import shown

_ORIGIN = re.compile(r'^\[remote "origin"\]\s*$(.*?)(?=^\[|\Z)', re.MULTILINE | re.DOTALL)
_URL = re.compile(r"^\s*url\s*=\s*(\S+)", re.MULTILINE)
_HOSTED = re.compile(r"(?:https?://|ssh://)?(?:[^@/\s]+@)?([\w.-]+)[:/](?:\d+/)?([\w.-]+/[\w.-]+?)(?:\.git)?/?")
_SHA = re.compile(r"[0-9a-f]{40}")


class Worktree(NamedTuple):
    """Where a repository is checked out, and what it is."""

    root: Path
    repo: str
    """`owner/name` as its origin says, else `local/<folder>`."""
    commit: str
    """What is checked out; empty when that cannot be read."""
    host: str
    """Where it is published, as in `github.com`; empty when it is not."""

    def link(self, path: str) -> str:
        """Where a person can look at the file `path`; empty when that is not known."""
        if self.host != "github.com" or not self.commit:
            return ""
        return f"https://github.com/{self.repo}/blob/{self.commit}/{quote(path)}"


@lru_cache(maxsize=1000)
def find_worktree(folder: Path) -> Worktree | None:
    """The work tree that holds `folder`; None where there is none."""
    git = folder / ".git"
    if git.exists():
        return _read(folder, git)
    return None if folder == folder.parent else find_worktree(folder.parent)


def _read(root: Path, git: Path) -> Worktree:
    if git.is_file():  # a linked work tree or a submodule
        pointer = _text(git).partition("gitdir:")[2].strip()
        git = root / pointer if pointer else git
    common = git / _text(git / "commondir").strip() if (git / "commondir").exists() else git
    origin = _ORIGIN.search(_text(common / "config"))
    url = _URL.search(origin[1]) if origin else None
    hosted = _HOSTED.fullmatch(url[1]) if url else None
    repo, host = (hosted[2], hosted[1].lower()) if hosted else (f"local/{shown(root.name) or 'root'}", "")
    return Worktree(root, repo, _commit(git, common), host)


def _commit(git: Path, common: Path) -> str:
    head = _text(git / "HEAD").strip()
    name = head.removeprefix("ref:").strip()
    if name != head:
        head = _text(common / name).strip() or _packed(common, name)
    return head if _SHA.fullmatch(head) else ""


def _packed(common: Path, name: str) -> str:
    for line in _text(common / "packed-refs").splitlines():
        sha, _, ref = line.partition(" ")
        if ref == name:
            return sha
    return ""


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""
