"""Models on this machine: batches say what each question alone would get, and nothing is asked twice."""

from __future__ import annotations

import gc
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from tests.providers.tiny_model import make_tiny_model

from voxel.errors import BadInput, UsageError
from voxel.providers.local import JobFolder
from voxel.providers.local.generating import Chat, Generator
from voxel.providers.local.job_folder import LocalStatus
from voxel.records import Deployment, Deployments, RoleState
from voxel.stages import DataDir
from voxel.training.evaluation import quality_metrics
from voxel.training.evaluation.naming import fingerprint, named
from voxel.training.evaluation.quality_metrics import QualityMetrics

torch = pytest.importorskip("torch")
pytest.importorskip("peft")
pytestmark = pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning")
CHATS = [
    Chat([{"role": "user", "content": f"Add a {kind}" + " and another" * index + "."}], 3 + 4 * index)
    for index, kind in enumerate(("cube", "cone", "torus", "plane"))
]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("local") / "tiny")


@pytest.fixture(scope="module")
def adapter(base: Path) -> Path:
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer

    torch.manual_seed(3)
    config = LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False, task_type="CAUSAL_LM")
    folder = base.with_name("adapter")
    get_peft_model(AutoModelForCausalLM.from_pretrained(base), config).save_pretrained(folder)
    AutoTokenizer.from_pretrained(base).save_pretrained(folder)
    return folder


def expected(folder: Path, chat: Chat) -> str:
    """What the library's own generation says to one question."""
    from peft import AutoPeftModelForCausalLM
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    kind: Any = AutoPeftModelForCausalLM if (folder / "adapter_config.json").exists() else AutoModelForCausalLM
    tokens = tokenizer.apply_chat_template(
        list(chat.messages), add_generation_prompt=True, return_tensors="pt", return_dict=True
    )
    out = kind.from_pretrained(folder).generate(**tokens, max_new_tokens=chat.max_tokens, do_sample=False)
    return str(tokenizer.decode(out[0, tokens["input_ids"].shape[1] :], skip_special_tokens=True))


@pytest.mark.parametrize("name", ["base", "adapter"])
def test_a_batch_says_what_each_question_alone_would_get(
    name: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("voxel.providers.local.generating.multiplies_in_half", lambda: False)
    monkeypatch.setattr("voxel.providers.local.growing.BLOCK", 3)
    folder: Path = request.getfixturevalue(name)
    said = Generator(folder).answer(CHATS)
    assert [one.text for one in said] == [expected(folder, chat) for chat in CHATS]
    assert [one.whole or one.made == chat.max_tokens for one, chat in zip(said, CHATS, strict=True)] == [True] * 4


def test_a_prompt_without_room_and_a_folder_without_a_model(base: Path, tmp_path: Path) -> None:
    (said,) = Generator(base).answer([Chat([{"role": "user", "content": "cube " * 600}], 8)])
    assert (said.text, said.made, said.whole) == ("", 0, False)
    with pytest.raises(BadInput, match="neither a model nor an adapter"):
        Generator(tmp_path)


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_it_is_asked_once_until_its_weights_change(
    data_dir: Path, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INSPECT_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(quality_metrics, "LOCAL_MOST_TOKENS", 12)
    batches: list[int] = []
    answer = Generator.answer

    def counted(self: Generator, chats: list[Chat]) -> Any:
        batches.append(len(chats))
        return answer(self, chats)

    monkeypatch.setattr(Generator, "answer", counted)
    metrics = QualityMetrics(data_dir)
    report = metrics.evaluate_model(str(base), workers=1)
    assert (report.provider, report.n, report.cut_off, batches) == ("local", 2, 1.0, [2])
    assert metrics.evaluate_model(str(base), workers=1) == report
    assert batches == [2]
    config = json.loads((base / "config.json").read_text())
    (base / "config.json").write_text(json.dumps(config | {"note": "other weights"}))
    metrics.evaluate_model(str(base), workers=1)
    assert batches == [2, 2]
    gc.collect()  # streams that inspect-ai left open are closed here, where their warnings are expected


def test_what_names_mean(tmp_path: Path, base: Path, adapter: Path) -> None:
    data = DataDir(tmp_path).create()
    assert named(str(adapter), data) == (str(adapter), "local", adapter)
    assert named(str(base), data).folder == base
    assert named("SmolLM2-135M-Instruct", data) == ("SmolLM2-135M-Instruct", "local", None)
    assert fingerprint(base) != fingerprint(adapter)
    job = JobFolder(data.training_jobs / "local" / "builder-local-1")
    job.path.mkdir(parents=True)
    (job.path / "request.json").write_text("{}")
    job.write_status(LocalStatus(state="running"))
    with pytest.raises(UsageError, match=r"builder-local-1 is .* and has made no model yet"):
        named("builder-local-1", data)
    job.write_status(LocalStatus(state="succeeded", fine_tuned_model=str(adapter)))
    assert named("builder-local-1", data) == ("builder-local-1", "local", adapter)
    with pytest.raises(UsageError, match="nothing serves builder yet"):
        named("builder", data)
    served = Deployment(
        version=1, model="openai/ft:x", provider="openai", role="builder", deployed_at="2026-11-01", metrics={}
    )
    deployed = replace(Deployments(), roles={"builder": RoleState(champion=served)})
    (data.deployment / "deployed_models.json").write_bytes(msgspec.json.encode(deployed))
    assert named("builder", data) == ("openai/ft:x", "openai", None)
