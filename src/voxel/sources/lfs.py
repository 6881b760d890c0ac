"""Git LFS: pointers, and where the server says that their objects lie.

https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md and docs/api/batch.md. An object's id is the sha256 of its
bytes, so what comes is checked by its name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

if TYPE_CHECKING:
    from voxel.sources.web import Web

LARGEST_POINTER = 1024
MEDIA_TYPE = "application/vnd.git-lfs+json"
OBJECTS_A_BATCH = 100
_POINTER = re.compile(
    rb"\Aversion https://(?:git-lfs\.github\.com/spec/v1|hawser\.github\.com/spec/v1)\n(?:ext-\d[^\n]*\n)*"
    rb"oid sha256:([0-9a-f]{64})\nsize (\d{1,18})\n?\Z"
)


class LfsPointer(NamedTuple):
    """What stands in the repository in the place of an object."""

    oid: str
    """sha256 of the object's bytes."""
    size: int


class LfsAddress(NamedTuple):
    """Where to get an object, or why it cannot be had."""

    href: str
    header: Mapping[str, str]
    refusal: str
    lasting: bool
    """Whether the refusal holds for ever."""


class _Action(msgspec.Struct):
    href: str
    header: dict[str, str] = {}


class _Trouble(msgspec.Struct):
    code: int
    message: str = ""


class _Object(msgspec.Struct):
    oid: str
    actions: dict[str, _Action] = {}
    error: _Trouble | None = None


class _Batch(msgspec.Struct):
    objects: list[_Object] = []
    message: str = ""


def lfs_pointer(data: bytes) -> LfsPointer | None:
    """The pointer that these bytes are; None when they are something else."""
    match = _POINTER.match(data) if len(data) <= LARGEST_POINTER else None
    return LfsPointer(match[1].decode(), int(match[2])) if match else None


async def lfs_addresses(web: Web, repository_url: str, pointers: Sequence[LfsPointer]) -> dict[str, LfsAddress]:
    """An address for each oid. `repository_url` ends without `.git`. TryLater when the server is in trouble."""
    found: dict[str, LfsAddress] = {}
    for start in range(0, len(pointers), OBJECTS_A_BATCH):
        part = pointers[start : start + OBJECTS_A_BATCH]
        asked: dict[str, Any] = {
            "operation": "download",
            "transfers": ["basic"],
            "hash_algo": "sha256",
            "objects": [{"oid": pointer.oid, "size": pointer.size} for pointer in part],
        }
        reply = await web.post(
            f"{repository_url}.git/info/lfs/objects/batch",
            msgspec.json.encode(asked),
            {"accept": MEDIA_TYPE, "content-type": MEDIA_TYPE},
        )
        try:
            batch = msgspec.json.decode(reply.body, type=_Batch)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            batch = _Batch(message="an answer that is no JSON")
        told = {each.oid: each for each in batch.objects} if reply.status == 200 else {}
        for pointer in part:
            each = told.get(pointer.oid)
            if each is None:
                found[pointer.oid] = _refused(reply.status, batch.message)
            elif each.error is not None:
                found[pointer.oid] = _refused(each.error.code, each.error.message)
            elif "download" in each.actions:
                action = each.actions["download"]
                found[pointer.oid] = LfsAddress(action.href, action.header, "", lasting=False)
            else:
                found[pointer.oid] = _refused(404, "no download is offered")
    return found


def _refused(status: int, message: str) -> LfsAddress:
    text = " ".join(message.split())[:200]
    if "quota" in text.lower():
        return LfsAddress("", {}, "LFS quota: the owner's data quota is used up", lasting=True)
    if status in (404, 410):
        return LfsAddress("", {}, "missing from LFS: the server does not have the object", lasting=True)
    if status in (401, 403, 422, 451):
        return LfsAddress("", {}, f"LFS refuses it ({status}{': ' if text else ''}{text})", lasting=True)
    return LfsAddress("", {}, f"LFS is in trouble ({status}{': ' if text else ''}{text})", lasting=False)
