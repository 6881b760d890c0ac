"""What clients of object stores raise, in this project's words: one line that says what mends it."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from voxel.errors import SetupError, TryLater, VoxelError

_KEYS = {"NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError", "DefaultCredentialsError"}
_REFUSED = {
    "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "403", "Forbidden",
}  # fmt: skip
_SILENT = {"EndpointConnectionError", "ConnectTimeoutError", "ClientConnectorError", "ConnectionError", "ProxyError"}


@contextmanager
def plainly(url: str, name: str = "") -> Iterator[None]:
    """Turns the errors of a store at `url` into SetupError and TryLater, or FileNotFoundError where what is called
    `name` is not there. No message of a client is passed on: it could hold a key.
    """
    try:
        yield
    except VoxelError:
        raise
    except Exception as error:
        raise _told(url, name, error) from error


def _told(url: str, name: str, error: Exception) -> VoxelError | FileNotFoundError:
    codes = [code for one in _causes(error) if (code := _code(one))]
    names = {type(one).__name__ for one in _causes(error)}
    place = "/".join(url.split("/")[:3])
    if "NoSuchBucket" in codes or any("NoSuchBucket" in str(one) for one in _causes(error)):
        return SetupError(f"{place} does not exist; make that bucket, or name another one with --storage")
    if names & _KEYS:
        return SetupError(f"no credentials for {place}; {_mends(url)}")
    if isinstance(error, PermissionError) or _REFUSED & set(codes):
        why = next(iter(codes), "access denied")
        return SetupError(
            f"{place} refuses these credentials ({why}); {_mends(url)}; they must allow to read, write, list and delete"
        )
    if isinstance(error, FileNotFoundError):
        return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), f"{url}/{name}")
    if names & _SILENT or isinstance(error, ConnectionError):
        return SetupError(
            f"{place} cannot be reached; look at {'AWS_ENDPOINT_URL and ' if url.startswith('s3') else ''}the network, "
            "and run the same command again: it goes on from here"
        )
    what = next(iter(codes), type(error).__name__)
    return TryLater(f"{place} does not answer as it should ({what}); run the same command again: it goes on from here")


def _mends(url: str) -> str:
    if url.startswith("s3"):
        return "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
    return "set those that its client looks for"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _code(error: BaseException) -> str:
    """The code that a service gave, as botocore keeps it."""
    response = getattr(error, "response", None)
    told = response.get("Error") if isinstance(response, dict) else None
    return str(told.get("Code", "")) if isinstance(told, dict) else ""
