"""`voxel ui` as a browser and as an attacker meet it: the real server over a real data directory."""

from __future__ import annotations

import http.client
import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode, urlsplit

import msgspec
import pytest

from voxel.blender import Blender
from voxel.errors import UsageError
from voxel.records import Deployment, Deployments, EvalReport, RoleState
from voxel.records.example import DroppedCandidate, Example, Exists, Provenance
from voxel.stages import DataDir
from voxel.ui.work import words_to_resume, words_to_start

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytest.importorskip("starlette")
NASTY = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&"
SCENE = """import bpy
bpy.ops.mesh.primitive_cube_add(size=2)
bpy.context.object.name = 'Crate <b>'
"""


class Server(NamedTuple):
    """A running `voxel ui`."""

    data: DataDir
    files: Path
    host: str
    token: str

    def ask(
        self, path: str, method: str = "GET", body: dict[str, str] | None = None, **headers: str
    ) -> tuple[int, str, http.client.HTTPMessage]:
        connection = http.client.HTTPConnection(self.host, timeout=30)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request(method, path, urlencode(body) if body is not None else None, sent)
        answer = connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
        connection.close()
        return answer.status, text, answer.headers

    @property
    def cookie(self) -> str:
        return f"voxel_{self.host.partition(':')[2]}={self.token}"


def example(number: int, role: Any = "builder", category: str = "mesh") -> Example:
    return Example(
        id=f"{number:016x}",
        role=role,
        category=category,
        difficulty="easy",
        instruction=f"Make cube {number} {NASTY} {'averylongword' * 9}",
        context="import bpy\n",
        completion="import bpy\n\nbpy.ops.mesh.primitive_cube_add(size=1)\n",
        checks=(Exists(of=("objects", NASTY)),),
        quality=0.8,
        tokens=100,
        blender=("4.5", "5.0"),
        provenance=Provenance(source="folder", repo="o/a", path=f"{NASTY}.blend", license="MIT", attribution="Ann <a>"),
        proved=("runs", "checks", "minimal"),
    )


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    top = tmp_path_factory.mktemp("ui")
    files = top / "my blends"
    files.mkdir()
    (files / "LICENSE").write_text((Path(__file__).parents[2] / "LICENSE").read_text())
    with Blender() as blender:
        (files / "crate.blend").write_bytes(blender.make(SCENE))
    data = DataDir(top / "data").create()
    encode = msgspec.json.encode
    train = [example(n, "render" if n % 2 else "builder", f"kind{n % 4}") for n in range(60)]
    (data.datasets / "train.jsonl").write_bytes(b"".join(encode(one) + b"\n" for one in train))
    (data.datasets / "val.jsonl").write_bytes(b"")
    (data.datasets / "test.jsonl").write_bytes(encode(example(99, "texture", "nodes")) + b"\n")
    drop = DroppedCandidate(
        id="d" * 16, role="builder", category="mesh", reason=f"duplicate: the same as {NASTY}", instruction=NASTY,
        completion="import bpy\n", provenance=Provenance(source="folder"),
    )  # fmt: skip
    other = msgspec.structs.replace(drop, id="e" * 16, role="render", reason="does not mean the same: no light")
    (data.datasets / "dropped.jsonl").write_bytes((encode(drop) + b"\n") * 3 + encode(other) + b"\n")
    report = EvalReport(
        model=NASTY, provider="local", role="builder", blender="4.5", n=10, code_quality=0.9, blender_api=0.8,
        completeness=0.7, overall=0.8, grade="B", runs=0.8, solved=0.5, ci95=(0.7, 0.9), examples_digest="x",
        by_example={},
    )  # fmt: skip
    (data.evaluation / "one").mkdir()
    (data.evaluation / "one" / "report.json").write_bytes(encode(report))
    deployed = Deployment(
        version=1, model=NASTY, provider="local", role="builder", deployed_at="2026-01-01", metrics={}, forced=True
    )
    roles = {"builder": RoleState(champion=deployed, history=(deployed,))}
    (data.deployment / "deployed_models.json").write_bytes(encode(Deployments(roles=roles)))
    (top / "secret.html").write_text("secret")
    words = [sys.executable, "-m", "voxel", "ui", "--port", "0", "--json", "--data-dir", str(data.root)]
    with subprocess.Popen(words, cwd=top, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        address = urlsplit(told["url"])
        yield Server(data, files, address.netloc, told["url_with_token"].partition("?token=")[2])
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0


PAGES = (
    "/", "/live", "/scenes", "/examples", "/examples/0000000000000003", "/drops", "/drops?of=files", "/jobs",
    "/evaluations", "/deployments",
)  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_shown_escaped_and_under_a_strict_policy(server: Server, path: str) -> None:
    status, text, headers = server.ask(path)
    assert status == 200
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "script-src 'self';" in policy
    assert not re.search(r'(?:src|href|action)="(?!/|#|\?)', text)


def test_an_example_shows_context_answer_checks_proof_and_source(server: Server) -> None:
    _, text, _ = server.ask("/examples/0000000000000003")
    assert '<span class="kn">import</span>' in text
    assert "Shown of it on Blender 4.5: runs, checks, minimal." in text
    assert "Ann &lt;a&gt;" in text
    assert "&#34;kind&#34;:&#34;exists&#34;" in text


def test_lists_are_filtered_and_paged(server: Server) -> None:
    def ids(path: str) -> list[str]:
        return re.findall(r'href="/examples/([0-9a-f]{16})"', server.ask(path)[1])

    assert len(ids("/examples")) == 24
    assert ids("/examples?page=3")[-1] == f"{99:016x}"
    assert ids("/examples?page=9999999999999999999999") == ids("/examples")
    assert ids("/examples?role=texture") == [f"{99:016x}"]
    assert ids("/examples?split=test&q=CUBE+99") == [f"{99:016x}"]
    assert ids("/examples?q=no+such+words") == []
    assert "3 candidates." in server.ask("/drops?reason=duplicate")[1]
    assert "1 candidates." in server.ask("/drops?role=render")[1]


@pytest.mark.parametrize("host", ["evil.example", "evil.example:1", "127.0.0.1", "127.0.0.1.evil.example", "0.0.0.0"])
def test_other_names_for_this_machine_are_refused(server: Server, host: str) -> None:
    status, text, _ = server.ask("/", Host=host)
    assert status == 421
    assert "What is here" not in text
    assert server.ask("/start", "POST", {"phase": "run"}, Host=host, Cookie=server.cookie)[0] == 421


@pytest.mark.parametrize(
    "path",
    [
        "/reports/..%2f..%2fsecret.html", "/reports/../../secret.html", "/reports/%2e%2e%2fsecret.html",
        "/pictures/..%2f..%2fsecret.png", "/pictures/0000000000000000.png", "/scenes/" + "0" * 64,
        "/scenes/..%2f..%2fsecret.html", "/examples/..%2fsecret", "/live.js/..%2fapp.py", "//secret.html",
    ],
)  # fmt: skip
def test_nothing_else_on_the_machine_is_reached(server: Server, path: str) -> None:
    status, text, _ = server.ask(path)
    assert status == 404
    assert "secret</" not in text
    assert text != "secret"


@pytest.mark.parametrize("path", ["/start", "/resume", "/stop", "/examples/0000000000000003/picture"])
def test_nothing_changes_without_the_token_or_from_another_page(server: Server, path: str) -> None:
    said = "Changing things needs the token that `voxel ui` printed at start.\n"
    assert server.ask(path, "POST", {"phase": "format"})[:2] == (403, said)
    wrong = server.cookie[:-1] + ("A" if server.cookie[-1] != "A" else "B")
    assert server.ask(path, "POST", {"phase": "format"}, Cookie=wrong)[:2] == (403, said)
    for origin in ("http://evil.example", "null", f"http://{server.host}.evil.example"):
        refused = server.ask(path, "POST", {"phase": "format"}, Cookie=server.cookie, Origin=origin)
        assert refused[:2] == (403, "This request comes from another page.\n")
    assert server.ask(path, "GET")[0] in (404, 405)
    assert not (server.data.checkpoints / "ledger.sqlite").exists()


def test_the_token_unlocks_by_a_cookie_that_scripts_and_other_sites_cannot_use(server: Server) -> None:
    status, _, headers = server.ask(f"/?token={server.token}")
    assert (status, headers["Location"]) == (303, "/")
    assert "HttpOnly" in headers["Set-Cookie"]
    assert "SameSite=strict" in headers["Set-Cookie"]
    status, text, headers = server.ask("/token", "POST", {"token": "guess"})
    assert (status, headers["Set-Cookie"]) == (400, None)
    assert "that is not the token" in text
    assert "Start</button>" not in server.ask("/")[1]
    assert "Start</button>" in server.ask("/", Cookie=server.cookie)[1]


def test_forms_that_cannot_be_meant_say_so(server: Server) -> None:
    for form, line in (
        ({"phase": "rm"}, "there is no phase &#39;rm&#39;"),
        ({"phase": "run", "source": "folder", "folder": "/nowhere"}, "/nowhere is no folder on this machine"),
        ({"phase": "run", "source": "github"}, "a source is samples or folder"),
    ):
        status, text, _ = server.ask("/start", "POST", form, Cookie=server.cookie)
        assert status == 400
        assert line in text
    assert server.ask("/start", "POST", {"phase": "x" * 20_000}, Cookie=server.cookie)[0] == 413
    assert server.ask("/stop", "POST", {}, Cookie=server.cookie)[0] == 400


def test_words_of_a_ledger_from_elsewhere_start_phases_only() -> None:
    data = DataDir("/d")
    assert words_to_resume(data, "voxel run --data-dir x --json --source folder 'my blends'") == [
        "run", "--data-dir", "/d", "--source", "folder", "my blends",
    ]  # fmt: skip
    assert words_to_resume(data, "/usr/bin/python3 -m voxel parse --data-dir=x -- --data-dir") == [
        "parse", "--data-dir", "/d", "--", "--data-dir",
    ]  # fmt: skip
    for command in ("rm -rf /", "voxel", "voxel check x.py", "voxel 'run", "sh -c 'voxel run'", "", "python x.py"):
        with pytest.raises(UsageError, match="not a phase that the page can resume"):
            words_to_resume(data, command)
    assert words_to_start(data, "build") == ["build", "--data-dir", "/d"]


def opened(browser: Browser, width: int = 1280, scheme: Any = "light") -> tuple[Page, list[str]]:
    shown = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme).new_page()
    said: list[str] = []
    shown.on("console", lambda message: said.append(message.text))
    shown.on("pageerror", lambda error: said.append(str(error)))
    shown.on("dialog", lambda dialog: said.append(dialog.message))
    return shown, said


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_in_a_browser_nothing_overflows_or_fails(browser: Browser, server: Server, width: int, scheme: str) -> None:
    shown, said = opened(browser, width, scheme)
    for path in PAGES:
        shown.goto(f"http://{server.host}{path}")
        assert shown.evaluate("document.documentElement.scrollWidth") == width, path
    assert said == []
    shown.context.close()


def test_all_is_reached_by_keyboard(browser: Browser, server: Server) -> None:
    shown, said = opened(browser)
    shown.goto(f"http://{server.host}/")
    shown.keyboard.press("Tab")
    assert shown.evaluate("document.activeElement.textContent") == "To the content"
    reached = []
    for _ in range(7):
        shown.keyboard.press("Tab")
        reached.append(shown.evaluate("document.activeElement.textContent"))
        assert shown.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert reached == ["Overview", "Scenes", "Examples", "Drops", "Jobs", "Evaluations", "Deployments"]
    shown.get_by_role("link", name="Examples").focus()
    shown.keyboard.press("Enter")
    shown.wait_for_url("**/examples")
    shown.get_by_label("Words").focus()
    shown.keyboard.type("cube 99")
    shown.keyboard.press("Enter")
    shown.wait_for_url("**q=cube+99")
    assert shown.locator(".list > li").count() == 1
    assert said == []
    shown.context.close()


def test_phases_are_started_watched_and_gone_on_with_in_a_browser(browser: Browser, server: Server) -> None:
    shown, said = opened(browser, 400)
    shown.goto(f"http://{server.host}/")
    assert "does not exist yet; start with: voxel run" in shown.inner_text("#live")
    shown.get_by_label("To start phases").fill(server.token)
    shown.get_by_role("button", name="Unlock").click()
    shown.locator("[name=phase]").select_option("scrape")
    shown.locator("[name=source]").select_option("folder")
    shown.locator("[name=folder]").fill(str(server.files))
    shown.get_by_role("button", name="Start", exact=True).click()
    shown.get_by_text("ended with exit status 0").wait_for(timeout=150_000)
    assert "1 of 1 done, 0 left" in shown.inner_text("#live")
    shown.reload()
    shown.locator("[name=phase]").select_option("parse")
    shown.get_by_role("button", name="Start", exact=True).click()
    shown.get_by_text("parse: 1 done, 0 dropped, 0 failed").wait_for(timeout=150_000)
    shown.get_by_role("link", name="Scenes").click()
    shown.get_by_role("link", name="crate.blend").click()
    assert "MESH" in shown.inner_text(".panels")
    shown.get_by_role("link", name="Write it").click()
    assert "primitive_cube_add" in shown.inner_text("pre")
    assert shown.evaluate("document.documentElement.scrollWidth") == 400
    shown.goto(f"http://{server.host}/examples/{3:016x}")
    shown.get_by_role("button", name="Render a picture").click(timeout=150_000)
    shown.wait_for_function("document.images.length && document.images[0].naturalWidth == 480", timeout=150_000)
    assert said == []
    shown.context.close()


def test_a_directory_at_work_is_not_started_twice(server: Server) -> None:
    with server.data.hold():
        status, text, _ = server.ask("/start", "POST", {"phase": "format"}, Cookie=server.cookie)
    assert status == 409
    assert "is in use by process" in text


def test_a_damaged_file_is_named_and_leaves_the_other_pages_alone(server: Server) -> None:
    path = server.data.datasets / "dropped.jsonl"
    kept = path.read_bytes()
    try:
        path.write_bytes(kept + b'{"id": 3\n')
        status, text, _ = server.ask("/drops")
        assert (status, f"at byte {len(kept)}: " in text) == (400, True)
        assert "make it anew with: voxel build" in text
        assert server.ask("/examples")[0] == 200
    finally:
        path.write_bytes(kept)
    assert server.ask("/drops")[0] == 200


def test_a_port_that_is_taken_gets_one_line(server: Server, tmp_path: Path) -> None:
    port = server.host.partition(":")[2]
    done = subprocess.run(
        [sys.executable, "-m", "voxel", "ui", "--port", port], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr == f"voxel: port {port} cannot be used (Address already in use); take another with --port N\n"
