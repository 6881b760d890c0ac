"""What OpenAI's SDK raises, said in Voxel's own errors: one line with what to do, and whether a request may have
arrived.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from voxel.errors import SetupError, TryLater, VoxelError
from voxel.providers.provider import NotSent, Refused, Unanswered
from voxel.providers.secrets import redact

if TYPE_CHECKING:
    from openai import APIError

LOCAL_INSTEAD = "train open weights on this machine instead: voxel jobs submit --provider local"
AZURE_INSTEAD = "the same files work on Azure: voxel jobs submit --provider azure"

_NEVER_LEFT = ("ConnectError", "ConnectTimeout", "PoolTimeout", "UnsupportedProtocol", "ProxyError")
"""httpx errors that come before the first byte of a request is sent."""

_CLOSED = ("fine-tuning is not available", "no longer", "not allowed to", "not available for fine-tuning", "deprecated")
_FILE_WORDS = ("file", "example", "training data", "jsonl", "line ", "messages")


@contextmanager
def translated(service: str, key_name: str, secrets: list[str]) -> Iterator[None]:
    """Turns every error of the SDK inside the block into one of ours, without any of the `secrets`."""
    import openai

    try:
        yield
    except openai.APIError as error:
        raise _translate(error, service, key_name, secrets) from None
    except openai.OpenAIError as error:
        raise SetupError(redact(f"{service}: {error}", secrets)) from None
    except ValueError as error:
        # a success whose body is not what it should be: the work may well have been done
        raise Unanswered(redact(f"{service} answered something that is no answer: {error}", secrets)) from None


def _translate(error: APIError, service: str, key_name: str, secrets: list[str]) -> VoxelError:
    import openai

    told = error.body.get("message") if isinstance(error.body, dict) else None
    said = redact(str(told or error.message), secrets)
    match error:
        case openai.APIConnectionError():
            return _unreachable(error, service, secrets)
        case openai.APIStatusError():
            status = error.status_code
        case _:
            return Unanswered(f"{service} broke off its answer: {said}")
    code = (error.code or error.type or "").lower()
    if status == 401:
        return SetupError(f"{service} refused the key: set {key_name} to one that is valid ({said})")
    if code in ("insufficient_quota", "billing_hard_limit_reached", "billing_not_active"):
        return SetupError(
            f"{service}: the account has no credit left ({said}); add credit, then run the same command again"
        )
    if status == 429:
        return NotSent(f"{service} asks for a pause ({said}); run the same command again in a while")
    if status == 403:
        if "clock" in said.lower():
            return SetupError(
                f"{service}: this machine's clock is off ({said}); set it, then run the same command again"
            )
        return SetupError(
            f"{service} does not let this account fine-tune ({said}); {AZURE_INSTEAD}, or {LOCAL_INSTEAD}"
        )
    if status in (408, 409) or status >= 500:
        return Unanswered(
            f"{service} is in trouble (HTTP {status}: {said}); run the same command again: it looks for its job first"
        )
    return _refusal(said, code, service)


def _refusal(said: str, code: str, service: str) -> Refused:
    low = said.lower()
    if "moderation" in low or "content policy" in low or "unsafe" in low or "content_policy" in code:
        return Refused(
            f"{service} finds the training data against its policy ({said}); remove those examples, submit again"
        )
    if code in ("model_not_available", "model_not_found", "model_deprecated") or any(words in low for words in _CLOSED):
        return Refused(f"{service} does not tune this model ({said}); choose another with --model, or {LOCAL_INSTEAD}")
    if "file" in code or any(word in low for word in _FILE_WORDS):
        return Refused(
            f"{service} refused a file ({said}); see what is wrong with it: voxel jobs estimate --train FILE"
        )
    return Refused(f"{service} refused the request ({said})")


def _unreachable(error: APIError, service: str, secrets: list[str]) -> TryLater | SetupError:
    chain: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in chain:
        chain.append(cause)
        cause = cause.__cause__ or cause.__context__
    texts = redact("; ".join(dict.fromkeys(str(link) for link in chain if str(link))), secrets)
    if "not yet valid" in texts or "certificate has expired" in texts:
        return SetupError(f"{service}'s certificate does not fit the date ({texts}); set the clock here")
    if "CERTIFICATE_VERIFY_FAILED" in texts:
        return SetupError(
            f"{service}'s certificate is not trusted here ({texts}); set SSL_CERT_FILE if a proxy stands between"
        )
    if any(type(link).__name__ in _NEVER_LEFT for link in chain):
        return NotSent(f"cannot reach {service} ({texts}); check the network, then run the same command again")
    return Unanswered(f"{service} gave no answer ({texts}); run the same command again: it looks for its job first")
