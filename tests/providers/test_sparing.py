"""The trainer for a processor: the loss and the gradient are those of TRL's own, of rows with and without padding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.providers.tiny_model import make_tiny_model

from voxel.providers.local.sparing import can_spare, sparing_trainer

torch = pytest.importorskip("torch")
pytest.importorskip("trl")

LINES = [
    {
        "prompt": [{"role": "user", "content": f"make {count} cubes " + "in a row " * count}],
        "completion": [{"role": "assistant", "content": "import bpy\n" + "bpy.ops.mesh.add()\n" * count}],
    }
    for count in (1, 3, 2, 5)
]


@pytest.mark.filterwarnings("ignore:.gradient_checkpointing. is deprecated:FutureWarning")  # by TRL's own default
@pytest.mark.parametrize("rows", [1, 2])
def test_same_loss_and_gradient(tmp_path: Path, rows: int) -> None:
    from trl import SFTTrainer

    base = make_tiny_model(tmp_path / "tiny")
    held = {name: _measured(kind, base, tmp_path / name, rows) for name, kind in
            (("trl", SFTTrainer), ("sparing", sparing_trainer()))}  # fmt: skip
    (loss, gradient, tokens), (own_loss, own_gradient, own_tokens) = held["trl"], held["sparing"]
    assert own_loss == pytest.approx(loss, rel=1e-5)
    assert gradient.abs().max() > 0
    assert torch.allclose(own_gradient, gradient, rtol=1e-4, atol=1e-7)
    assert own_tokens == tokens > 0


def _measured(kind: Any, base: Path, folder: Path, rows: int) -> tuple[float, Any, float]:
    """(validation loss, first gradient, tokens told) of one step over all lines."""
    from datasets import Dataset
    from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback
    from trl import SFTConfig

    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    assert can_spare(model)
    config = SFTConfig(
        output_dir=str(folder), per_device_train_batch_size=rows, per_device_eval_batch_size=rows, use_cpu=True,
        gradient_accumulation_steps=len(LINES) // rows, max_steps=1, logging_steps=1, save_strategy="no",
        report_to="none", disable_tqdm=True, seed=3, data_seed=3, prediction_loss_only=True,
        max_grad_norm=0.0, bf16=False, dataloader_pin_memory=False,
    )  # fmt: skip
    gradients: list[Any] = []

    class Watch(TrainerCallback):  # type: ignore[misc]  # its library carries no types
        def on_pre_optimizer_step(self, _args: Any, _state: Any, _control: Any, **_: Any) -> None:
            gradients.append(model.get_input_embeddings().weight.grad.clone())

    trainer = kind(
        model=model, args=config, train_dataset=Dataset.from_list(LINES), eval_dataset=Dataset.from_list(LINES),
        processing_class=AutoTokenizer.from_pretrained(base), callbacks=[Watch()],
    )  # fmt: skip
    loss = trainer.evaluate()["eval_loss"]
    trainer.train()
    told = [line["num_tokens"] for line in trainer.state.log_history if "num_tokens" in line]
    return loss, gradients[0], told[-1]
