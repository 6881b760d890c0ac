"""The gateway as clients meet it: a real server in front of real stub models."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from voxel.records.deployment import Backend
from voxel.training.deployment.forwarding import Renamer
from voxel.training.deployment.gateway import _break_off
from voxel.training.deployment.model_deployer import ModelDeployer
from voxel.training.deployment.routing import share_of


def events(response: httpx.Response) -> list[dict[str, Any]]:
    lines = [line[6:] for line in response.text.splitlines() if line.startswith("data: ")]
    assert lines.pop() == "[DONE]"
    return [json.loads(line) for line in lines]


def lines_of(served: Any) -> list[str]:
    return Path(served.folder, "deployment/outcomes/builder.jsonl").read_text().splitlines()


def test_the_models_name_is_the_role_and_openais_own_client_streams(served: Any) -> None:
    assert served.client.get("/healthz").json() == {"status": "ok", "roles": {}}
    assert served.ask().status_code == 404
    served.deploy("first")
    assert [model["id"] for model in served.client.get("/v1/models").json()["data"]] == ["builder"]
    with openai.OpenAI(base_url=f"{served.url}/v1", api_key="any") as client:
        whole = client.chat.completions.create(model="builder", messages=[{"role": "user", "content": "a cube"}])
        assert whole.choices[0].message.content == "first 1 2 3 4 "
        assert whole.id.startswith("chatcmpl-builder-1-")
        stream = client.chat.completions.create(
            model="builder", messages=[{"role": "user", "content": "a cube"}], stream=True
        )
        chunks = list(stream)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "first 1 2 3 4 "
    assert {chunk.id for chunk in chunks} == {chunks[0].id}
    assert chunks[0].id.startswith("chatcmpl-builder-1-")


def test_promotion_and_rollback_count_from_the_next_request(served: Any) -> None:
    served.deploy("first")
    assert served.said_by("a") == "first"
    served.deploy("second")
    assert served.said_by("a") == "second"
    served.deployer.rollback("builder")
    assert served.said_by("a") == "first"


def test_a_share_of_the_conversations_goes_to_the_challenger_and_stays_there(served: Any) -> None:
    served.deploy("first")
    served.canary("second", 0.3)
    names = [f"conversation {number}" for number in range(30)]
    said = [served.said_by(name) for name in names]
    expected = ["second" if share_of("canary builder 2", name) < 0.3 else "first" for name in names]
    assert said == expected
    assert 3 <= said.count("second") <= 16
    assert [served.said_by(name) for name in names[:5]] == said[:5]
    one = names[said.index("second")]
    by_header = served.client.post(
        "/v1/chat/completions",
        json={"model": "builder", "messages": [{"role": "user", "content": "x"}], "user": names[said.index("first")]},
        headers={"X-Conversation-Id": one},
    )
    by_metadata = served.ask(metadata={"conversation_id": one})
    assert [reply.headers["x-voxel-version"] for reply in (by_header, by_metadata)] == ["2", "2"]
    served.deployer.rollback("builder")
    assert {served.said_by(name) for name in names[:9]} == {"first"}


@pytest.mark.parametrize("broken", ["fails", "silent"])
def test_another_model_answers_when_one_fails_before_its_first_token(served: Any, broken: str) -> None:
    served.deploy("first")
    served.deploy(broken)
    streamed = served.ask(stream=True)
    assert "".join(each["choices"][0]["delta"].get("content", "") for each in events(streamed)) == "first 1 2 3 4 "
    assert streamed.headers["x-voxel-version"] == "1"
    assert served.said_by("a") == "first"
    lines = [json.loads(line) for line in lines_of(served)]
    assert [(line["version"], line["score"], line["how"]) for line in lines] == [(2, 0.0, "no answer")] * 2


def test_what_is_wrong_with_a_request_is_told_as_the_model_told_it(served: Any) -> None:
    served.deploy("first")
    served.deploy("refuses")
    refused = served.ask()
    assert (refused.status_code, refused.json()["error"]["message"]) == (400, "refuses on purpose")
    assert served.client.post("/v1/chat/completions", content=b"{").status_code == 400
    served.deployer.rollback("builder")
    served.deploy("fails")
    served.deployer.deploy_model("gone", "stub", "render", {}, force=True, backend=served.at("fails"))
    lost = served.client.post("/v1/chat/completions", json={"model": "render", "messages": []})
    assert lost.status_code == 502
    assert "gone (version 1)" in lost.json()["error"]["message"]


def test_a_stream_that_breaks_off_says_so_and_does_not_end_as_if_whole(served: Any) -> None:
    served.deploy("breaks")
    text = served.ask(stream=True).text
    assert '"content": "1 "' in text
    assert "[DONE]" not in text
    assert json.loads(text.strip().splitlines()[-1][6:])["error"]["code"] == "broke_off"


def test_what_is_told_of_a_broken_stream_is_an_event_of_its_own() -> None:
    """Also where the model broke off between an event and the empty line that ends it."""
    sent: list[bytes] = [b'data: {"choices":[]}\n']

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message["body"])

    asyncio.run(_break_off("broke off", send))
    assert [json.loads(event[6:])["error"]["message"] for event in b"".join(sent).split(b"\n\n")[1:-1]] == ["broke off"]


@pytest.mark.parametrize("begun", [False, True])
def test_a_model_need_not_work_for_who_has_hung_up(served: Any, begun: bool) -> None:
    """It says nothing, or one token and then nothing: what it would say next is not what tells that nobody listens."""
    descriptors = Path(f"/proc/{served.process.pid}/fd")
    with socket.create_server(("127.0.0.1", 0)) as model:
        url = f"http://127.0.0.1:{model.getsockname()[1]}/v1"
        served.deployer.deploy_model(
            "slow", "stub", "builder", {}, force=True, backend=Backend(base_url=url, model="m")
        )
        body = b'{"model": "builder", "messages": [], "stream": true}'
        before = len(list(descriptors.iterdir()))
        with socket.create_connection(("127.0.0.1", int(served.url.rsplit(":", 1)[1])), 10) as client:
            client.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body))
            client.sendall(body)
            asked = model.accept()[0]
            asked.settimeout(10)
            while not asked.recv(1000).endswith(b"}"):
                continue
            if begun:
                event = b'data: {"id":"a","choices":[{"delta":{"content":"a"}}]}\n\n'
                asked.sendall(
                    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 999\r\n\r\n" + event
                )
                assert b"200 OK" in client.recv(1000)
        with asked:
            assert asked.recv(1000) == b""
    until = time.monotonic() + 10
    while len(list(descriptors.iterdir())) > before and time.monotonic() < until:
        time.sleep(0.01)
    assert len(list(descriptors.iterdir())) <= before
    assert not Path(served.folder, "deployment/outcomes/builder.jsonl").exists()


def test_who_hangs_up_in_the_middle_of_a_request_leaves_no_traceback(tmp_path: Path, judging: Any) -> None:
    with socket.create_connection(("127.0.0.1", int(judging.url.rsplit(":", 1)[1])), 10) as client:
        client.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{")
        time.sleep(0.2)
    assert judging.client.post("/v1/chat/completions", content=b"[" * 100_000).status_code == 400
    judging.process.terminate()
    assert "Traceback" not in judging.process.stderr.read()


def test_the_id_is_ours_also_after_a_first_chunk_that_has_none() -> None:
    """As Azure streams: what its filters found comes first, with an empty id."""
    begun = b'data: {"id":"","choices":[]}\n\ndata: {"id":"chatcmpl-9","choices":[{"delta":{"content":"a"}}]}\n\n'
    renamed = Renamer(begun, "ours").lines(begun)
    assert renamed == begun.replace(b"chatcmpl-9", b"ours")


def test_enough_reports_promote_or_stop_the_challenger(served: Any) -> None:
    served.deploy("first")
    served.canary("second", 0.5)
    _report(served, good="second", most=120)
    state = served.deployer.deployments().roles["builder"]
    assert (state.champion.model, state.champion.version, state.canary) == ("second", 2, None)
    assert "evidence that it is better" in state.events[-1].reason
    served.canary("third", 0.5)
    _report(served, good="second", most=120)
    state = served.deployer.deployments().roles["builder"]
    assert (state.champion.model, state.canary, state.events[-1].what) == ("second", None, "stopped")
    assert served.said_by("anyone") == "second"


def _report(served: Any, good: str, most: int) -> None:
    for number in range(most):
        answer = served.ask(user=f"{good} {number}").json()
        right = answer["choices"][0]["message"]["content"].startswith(good)
        told = served.client.post("/v1/outcomes", json={"id": answer["id"], "ok": right}).json()
        assert told["id"] == answer["id"]
        if served.deployer.deployments().roles["builder"].canary is None:
            return
    raise AssertionError("no decision")


def test_an_answer_reported_as_wrong_is_kept_without_secrets_unless_its_asker_objects(served: Any) -> None:
    served.deploy("echo")
    private = "mail bob@corp.example.net, key sk-abcdefghijklmnopqrstuvwxyz, /home/bob/x.blend, password=hunter2hunter2"
    for more in ({}, {"store": False}):
        answer = served.ask(private, **more).json()
        told = served.client.post("/v1/outcomes", json={"id": answer["id"], "ok": False, "error": "AttributeError: x"})
        assert told.status_code == 200
    (path,) = Path(served.folder, "deployment/failures").glob("*.json")
    kept = path.read_text()
    for secret in ("bob", "sk-abc", "hunter2"):
        assert secret not in kept
    assert json.loads(kept)["error"] == "AttributeError: x"
    assert served.client.post("/v1/outcomes", json={"id": "chatcmpl-1", "ok": True}).status_code == 404
    assert served.client.post("/v1/outcomes", json={"id": answer["id"], "score": 7}).status_code == 400


def test_code_is_judged_in_the_box_where_that_is_asked_for(tmp_path: Path, judging: Any) -> None:
    judging.deploy("echo")
    judging.ask("```python\nimport bpy\nbpy.ops.mesh.primitive_cube_add()\n```", user="right")
    judging.ask("```python\nimport bpy\nbpy.ops.mesh.primitive_qube_add()\n```", user="wrong")
    judging.ask("Good morning.", user="neither")
    path, kept = tmp_path / "deployment/outcomes/builder.jsonl", tmp_path / "deployment/failures"
    until = time.monotonic() + 120
    while time.monotonic() < until and not list(kept.glob("*.json")):
        time.sleep(0.1)
    assert [json.loads(line)["score"] for line in path.read_text().splitlines()] == [1.0, 0.0]
    (failure,) = kept.glob("*.json")
    assert "primitive_qube_add" in json.loads(failure.read_text())["error"]


def test_nobody_is_dropped_while_models_change(served: Any) -> None:
    served.deploy("first")
    done: list[str] = []
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            response = served.ask(stream=True)
            done.append("whole" if response.status_code == 200 and "[DONE]" in response.text else response.text)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    deployer = ModelDeployer(served.folder, env_file=served.folder / ".env")
    for _ in range(5):
        served.deploy("second")
        time.sleep(0.1)
        deployer.rollback("builder")
        time.sleep(0.1)
    stop.set()
    for thread in threads:
        thread.join()
    assert len(done) >= 8
    assert set(done) == {"whole"}
