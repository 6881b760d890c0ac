"""Models on this machine as a provider of inspect-ai: `voxel/NAME`.

Whatever is asked at once is sorted by length and answered in batches; each batch's answers go out as it ends, so that
they are kept when the next one is interrupted.
"""

from __future__ import annotations

import queue
import threading
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import anyio
from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessage,
    ChatMessageAssistant,
    GenerateConfig,
    ModelAPI,
    ModelOutput,
    ModelUsage,
    modelapi,
)
from inspect_ai.tool import ToolChoice, ToolInfo

from voxel.providers.local.generating import Chat, Generator, Said
from voxel.stages import DataDir
from voxel.training.evaluation.naming import LOCAL, named, weights

CONNECTIONS = 512
"""Prompts that are sorted together."""
QUIET_S = 0.3
"""A batch is made up once nothing more has arrived for so long."""
LOOK_S = 0.05
MOST_TOKENS = 1024

Waiting = tuple[Chat, "Future[Said]"]


@modelapi(name="voxel")
class LocalModel(ModelAPI):
    """One model, loaded on its first question and asked by a thread of its own."""

    def __init__(
        self,
        model_name: str,
        base_url: str | None = None,
        api_key: str | None = None,
        config: GenerateConfig = GenerateConfig(),  # noqa: B008  (the signature that inspect-ai calls)
        folder: str = "",
        data_dir: str = "training_data",
        batch: int | None = None,
    ) -> None:
        super().__init__(model_name, base_url, api_key, [], config)
        data = DataDir(data_dir)
        self._folder = Path(folder) if folder else weights(named(model_name, data, LOCAL), data)
        self._batch = batch
        self._asked: queue.SimpleQueue[Waiting | None] = queue.SimpleQueue()
        self._worker: threading.Thread | None = None

    def max_connections(self) -> int:
        """As many as there is something to gain from sorting."""
        return CONNECTIONS

    async def generate(
        self,
        input: list[ChatMessage],
        tools: list[ToolInfo],  # noqa: ARG002
        tool_choice: ToolChoice,  # noqa: ARG002
        config: GenerateConfig,
    ) -> ModelOutput:
        """One answer, greedy; tools and temperature are not for models of this size."""
        if self._worker is None:
            self._worker = threading.Thread(target=self._work, daemon=True)
            self._worker.start()
        chat = Chat([{"role": m.role, "content": m.text} for m in input], config.max_tokens or MOST_TOKENS)
        told: Future[Said] = Future()
        self._asked.put((chat, told))
        while not told.done():
            await anyio.sleep(LOOK_S)
        said = told.result()
        message = ChatMessageAssistant(content=said.text, model=self.model_name, source="generate")
        return ModelOutput(
            model=self.model_name,
            choices=[ChatCompletionChoice(message=message, stop_reason="stop" if said.whole else "max_tokens")],
            usage=ModelUsage(input_tokens=said.asked, output_tokens=said.made, total_tokens=said.asked + said.made),
        )

    def close(self) -> None:
        """Lets the thread, and the weights with it, go."""
        self._asked.put(None)

    def _work(self) -> None:
        try:
            generator = Generator(self._folder, batch=self._batch)
        except Exception as error:  # noqa: BLE001  (told to everyone who asks)
            self._refuse(error)
            return
        waiting: list[tuple[int, Waiting]] = []
        while True:
            ending = False
            try:
                # with work at hand only what is there already is taken; else it waits
                while (one := self._asked.get(timeout=QUIET_S) if waiting else self._asked.get()) is not None:
                    waiting.append((len(generator.tokens(one[0].messages)) + one[0].max_tokens, one))
                ending = True
            except queue.Empty:
                waiting.sort(key=lambda item: item[0])
                batch, waiting = waiting[: generator.batch], waiting[generator.batch :]
                _answer(generator, [one for _, one in batch])
            if ending:
                return

    def _refuse(self, error: Exception) -> None:
        while (one := self._asked.get()) is not None:
            one[1].set_exception(error)


def _answer(generator: Generator, batch: list[Waiting]) -> None:
    try:
        said = generator.answer([chat for chat, _ in batch])
    except Exception as error:  # noqa: BLE001  (whatever the model raises is the answer's error)
        for _, told in batch:
            told.set_exception(error)
        return
    for (_, told), one in zip(batch, said, strict=True):
        told.set_result(one)


def arguments(folder: Path) -> dict[str, Any]:
    """What inspect-ai hands to `LocalModel` for these weights."""
    return {"folder": str(folder.absolute())}
