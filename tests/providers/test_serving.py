"""Trained models behind OpenAI's chat API, asked with OpenAI's own SDK."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.providers.tiny_model import make_tiny_model

from voxel.errors import BadInput, SetupError, UsageError
from voxel.providers.local.serving import serve, understood

pytestmark = [pytest.mark.local, pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning")]

ASKED: Any = [{"role": "system", "content": "You write Blender Python."}, {"role": "user", "content": "Add a cone."}]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A base, and two adapters on it that make it say different things."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer

    root = tmp_path_factory.mktemp("serving")
    base = make_tiny_model(root / "tiny")
    made = {"base": base}
    for seed, role in enumerate(("builder", "texture")):
        torch.manual_seed(seed)
        config = LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False, task_type="CAUSAL_LM")
        get_peft_model(AutoModelForCausalLM.from_pretrained(base), config).save_pretrained(root / role)
        AutoTokenizer.from_pretrained(base).save_pretrained(root / role)
        made[role] = root / role
    return made


@pytest.fixture(scope="module")
def url(folders: dict[str, Path]) -> Iterator[str]:
    server = serve({name: folders[name] for name in ("builder", "texture")}, port=0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()


def test_each_role_answers_with_its_own_adapter(url: str, folders: dict[str, Path]) -> None:
    import torch
    from openai import OpenAI
    from peft import AutoPeftModelForCausalLM
    from transformers import AutoTokenizer

    client = OpenAI(base_url=url, api_key="any")
    assert [model.id for model in client.models.list()] == ["builder", "texture"]
    told = []
    for role in ("builder", "texture", "builder"):
        answer = client.chat.completions.create(model=role, messages=ASKED, max_tokens=12)
        tokenizer = AutoTokenizer.from_pretrained(folders[role])
        tokens = tokenizer.apply_chat_template(ASKED, add_generation_prompt=True, return_tensors="pt", return_dict=True)
        model = AutoPeftModelForCausalLM.from_pretrained(folders[role])
        with torch.no_grad():
            expected = model.generate(**tokens, max_new_tokens=12, do_sample=False)[0, tokens["input_ids"].shape[1] :]
        assert answer.choices[0].message.content == tokenizer.decode(expected, skip_special_tokens=True)
        assert answer.usage is not None
        assert answer.usage.prompt_tokens == tokens["input_ids"].shape[1]
        assert answer.usage.completion_tokens == len(expected)
        assert answer.choices[0].finish_reason == ("length" if len(expected) == 12 else "stop")
        told.append(answer.choices[0].message.content)
    assert told[0] == told[2] != told[1]


def test_a_stream_says_the_same(url: str) -> None:
    from openai import OpenAI

    client = OpenAI(base_url=url, api_key="any")
    whole = client.chat.completions.create(model="builder", messages=ASKED, max_tokens=12)
    stream = client.chat.completions.create(model="builder", messages=ASKED, max_tokens=12, stream=True)
    chunks = list(stream)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == whole.choices[0].message.content
    assert chunks[-1].choices[0].finish_reason == whole.choices[0].finish_reason


def test_what_is_refused(url: str, folders: dict[str, Path], tmp_path: Path) -> None:
    from openai import BadRequestError, InternalServerError, NotFoundError, OpenAI

    client = OpenAI(base_url=url, api_key="any")
    with pytest.raises(NotFoundError, match="'render' does not exist; there are builder, texture"):
        client.chat.completions.create(model="render", messages=ASKED)
    with pytest.raises(InternalServerError, match="the model broke on this request"):
        client.with_options(max_retries=0).chat.completions.create(
            model="builder", messages=ASKED, max_tokens=8, temperature=1e-44
        )
    assert client.chat.completions.create(model="builder", messages=ASKED, max_tokens=1).choices
    with pytest.raises(BadRequestError, match="seed must be a whole number"):
        client.chat.completions.create(model="builder", messages=ASKED, seed=2**70)
    with pytest.raises(BadRequestError, match="temperature must be between 0 and 2"):
        client.chat.completions.create(model="builder", messages=ASKED, temperature=3)
    for body in (
        b"",
        b"[]",
        b'{"messages": [1], "model": "builder"}',
        b'{"messages": [{"role": "user", "content": 1}]}',
    ):
        with pytest.raises(UsageError):
            understood(body, folders)
    with pytest.raises(BadInput, match="neither a model nor an adapter"):
        serve({"x": tmp_path})
    with pytest.raises(SetupError, match="take another --port"):
        serve({"base": folders["base"]}, port=int(url.rsplit(":", 1)[1].removesuffix("/v1")))
