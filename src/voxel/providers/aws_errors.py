"""What boto3 raises, said in Voxel's own errors: one line with what to do, and whether a request may have arrived."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from voxel.errors import SetupError, VoxelError
from voxel.providers.openai_errors import LOCAL_INSTEAD
from voxel.providers.provider import NotSent, Refused, Unanswered
from voxel.providers.secrets import redact

_BAD_KEY = frozenset(
    {
        "UnrecognizedClientException",
        "InvalidClientTokenId",
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
        "AuthFailure",
        "MissingAuthenticationToken",
        "ExpiredToken",
        "ExpiredTokenException",
    }
)
_CLOCK = frozenset({"RequestTimeTooSkewed", "RequestExpired", "InvalidSignatureException", "RequestInTheFuture"})
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "403", "Forbidden", "AllAccessDisabled"})
_PAUSE = frozenset(
    {"ThrottlingException", "Throttling", "TooManyRequestsException", "SlowDown", "RequestLimitExceeded"}
)
_QUOTA = frozenset({"ServiceQuotaExceededException", "LimitExceededException"})
_GONE = frozenset({"ResourceNotFoundException", "404", "NoSuchBucket", "NoSuchKey", "NotFound"})
_ENDED = ("end of life", "end of its life", "legacy", "not support", "no longer", "does not exist", "not customiz")


def error_code(error: Any) -> str:
    """The code of a botocore ClientError."""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def translated(secrets: list[str]) -> Iterator[None]:
    """Turns every error of botocore inside the block into one of ours, without any of the `secrets`."""
    from boto3.exceptions import Boto3Error
    from botocore import exceptions as aws

    try:
        yield
    except aws.ClientError as error:
        raise _answered(error, secrets) from None
    except (aws.NoCredentialsError, aws.PartialCredentialsError, aws.ProfileNotFound, aws.TokenRetrievalError):
        raise SetupError(
            "no AWS credentials were found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
        ) from None
    except (aws.ConnectTimeoutError, aws.EndpointConnectionError, aws.ProxyConnectionError, aws.SSLError) as error:
        said = redact(str(error), secrets)
        if "not yet valid" in said or "expired" in said:
            raise SetupError(f"AWS's certificate does not fit the date ({said}); set the clock here") from None
        raise NotSent(
            f"cannot reach AWS ({said}); check the network and the region, then run the command again"
        ) from None
    except aws.HTTPClientError as error:
        said = redact(str(error), secrets)
        raise Unanswered(
            f"AWS gave no answer ({said}); run the same command again: it looks for its job first"
        ) from None
    except aws.ParamValidationError as error:
        raise Refused(f"AWS cannot be asked this: {redact(str(error), secrets)}") from None
    except (Boto3Error, aws.BotoCoreError) as error:
        # an upload hides the answer of S3 behind an error of its own
        if isinstance(error.__context__, aws.ClientError):
            raise _answered(error.__context__, secrets) from None
        raise Unanswered(f"AWS: {redact(str(error), secrets)}; run the same command again") from None


def _answered(error: Any, secrets: list[str]) -> VoxelError:
    code = error_code(error)
    said = redact(str(error.response.get("Error", {}).get("Message", "")) or code, secrets)
    low = said.lower()
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in _CLOCK and (
        "expired" in low or "skew" in low or "time" in low or "not yet" in low or code != "InvalidSignatureException"
    ):
        return SetupError(f"AWS: this machine's clock is off ({said}); set it, then run the same command again")
    if code in _BAD_KEY or code == "InvalidSignatureException":
        return SetupError(f"AWS refused the credentials ({said}); set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY anew")
    if code in _DENIED:
        return SetupError(f"AWS does not allow this ({said}); let the user and the role of BEDROCK_ROLE_ARN do it")
    if code in _PAUSE:
        return NotSent(f"AWS asks for a pause ({said}); run the same command again in a while")
    if code in _QUOTA:
        return SetupError(
            f"a quota of the AWS account is used up ({said}); raise it in Service Quotas, or {LOCAL_INSTEAD}"
        )
    if code in _GONE and "bucket" in low + code.lower():
        return SetupError(f"AWS has no such bucket ({said}); make it, or name another with --bucket or BEDROCK_BUCKET")
    if status >= 500 or code == "InternalServerException":
        return Unanswered(f"AWS is in trouble ({said}); run the same command again: it looks for its job first")
    if code in _GONE or any(words in low for words in _ENDED):
        return Refused(f"Bedrock does not tune this model ({said}); choose another with --model, or {LOCAL_INSTEAD}")
    return Refused(f"AWS refused the request ({code}: {said})")
