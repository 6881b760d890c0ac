"""Fine-tuning with TRL and PEFT: loss on the completions only, resumable, on a processor or a GPU."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voxel.errors import BadInput
from voxel.providers.local.base_models import pull
from voxel.providers.local.export import export_merged
from voxel.providers.local.job_folder import COMPLETE, JobFolder, LocalRequest
from voxel.providers.local.processor import multiplies_in_half
from voxel.providers.local.settings import Values
from voxel.providers.local.sparing import can_spare, sparing_trainer

if TYPE_CHECKING:
    from voxel.providers.local.worker import Report

Line = dict[str, Any]


def train(folder: JobFolder, request: LocalRequest, report: Report) -> Path | None:
    """Trains, and returns the folder of the result; None when the job was stopped. BadInput, TryLater, UsageError,
    MissingExtra.
    """
    report.phase("loading", f"loading {request.model}")
    base = pull(request.model, Path(request.models_dir), folder.add_event)

    import datasets
    import torch
    import transformers
    from transformers import AutoModelForCausalLM, AutoTokenizer

    transformers.utils.logging.disable_progress_bar()
    datasets.disable_progress_bars()
    values = Values(request.hyperparameters)
    gpu = torch.cuda.is_available()
    if not gpu:
        torch.set_num_threads(values.whole("threads") or len(os.sched_getaffinity(0)))
    tokenizer = AutoTokenizer.from_pretrained(base.path)
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    if tokenizer.chat_template is None:
        raise BadInput(f"{base.name} has no chat template; take an instruct model")
    half = torch.cuda.is_bf16_supported() if gpu else multiplies_in_half()
    # an adapter is trained in full precision over a base of any; weights that are trained themselves need all of it
    frozen = bool(values.whole("lora_r")) and half
    model = AutoModelForCausalLM.from_pretrained(base.path, dtype=torch.bfloat16 if frozen else torch.float32)
    lines = _fitting(Path(request.training), tokenizer, values.whole("max_length"), report)
    if not lines:
        raise BadInput(
            f"no line of the training file has at most {values.whole('max_length')} tokens; raise max_length"
        )
    held_out = _held_out(request, tokenizer, values, report)
    where = torch.cuda.get_device_name() if gpu else f"{torch.get_num_threads()} threads"
    report.phase("training", f"{len(lines)} examples, {base.name}, {where}")
    folder.drop_broken_checkpoints()
    trainer = _trainer(
        folder, request, report, model=model, tokenizer=tokenizer, lines=lines, held_out=held_out, gpu=gpu, half=half
    )
    whole = folder.whole_checkpoints()
    if whole:
        folder.add_event(f"going on from {whole[-1].name}")
    elif held_out:
        report.validation(trainer.evaluate()["eval_loss"], len(held_out), "before training", 0)
    trainer.train(resume_from_checkpoint=str(whole[-1]) if whole else None)
    if folder.stopped:
        return None
    if held_out:
        report.validation(trainer.evaluate()["eval_loss"], len(held_out), "after training", trainer.state.global_step)
    report.phase("saving", "saving the result")
    return _save(folder, trainer, tokenizer, values, report, Path(base.path))


def conversational(line: Line) -> Line:
    """A line of any format that is taken, as TRL's prompt and completion."""
    if "prompt" in line:
        prompt, completion = line["prompt"], line["completion"]
        if isinstance(prompt, str):
            return {
                "prompt": [{"role": "user", "content": prompt}],
                "completion": [{"role": "assistant", "content": completion}],
            }
        return {
            "prompt": [_plain(message) for message in prompt],
            "completion": [_plain(message) for message in completion],
        }
    messages = [_plain(message) for message in line["messages"]]
    return {"prompt": messages[:-1], "completion": messages[-1:]}


def _plain(message: Line) -> Line:
    return {"role": message["role"], "content": message["content"]}


def _fitting(path: Path, tokenizer: Any, most: int, report: Report) -> list[Line]:
    with path.open("rb") as file:
        lines = [conversational(json.loads(raw)) for raw in file if raw.strip()]
    kept = [
        line
        for line in lines
        if len(tokenizer.apply_chat_template(line["prompt"] + line["completion"], return_dict=True)["input_ids"])
        <= most
    ]
    if len(kept) < len(lines):
        told = (
            f"{len(lines) - len(kept)} of {len(lines)} lines of {path.name} are longer than {most} tokens and left out"
        )
        report.folder.add_event(told, level="warn")
    return kept


def _held_out(request: LocalRequest, tokenizer: Any, values: Values, report: Report) -> list[Line]:
    if not request.validation:
        return []
    lines = _fitting(Path(request.validation), tokenizer, values.whole("max_length"), report)
    most = values.whole("validation_examples")
    return lines if len(lines) <= most else [lines[index * len(lines) // most] for index in range(most)]


def _trainer(
    folder: JobFolder,
    request: LocalRequest,
    report: Report,
    *,
    model: Any,
    tokenizer: Any,
    lines: list[Line],
    held_out: list[Line],
    gpu: bool,
    half: bool,
) -> Any:
    from datasets import Dataset
    from peft import LoraConfig
    from trl import SFTConfig, SFTTrainer

    values = Values(request.hyperparameters)
    batch = min(values.whole("batch_size"), len(lines))
    micro = min(values.whole("micro_batch") or (8 if gpu else 1), batch)
    flash = gpu and _has_flash_attention()
    if flash:
        model.set_attn_implementation("flash_attention_2")
    steps = -(-len(lines) // batch) * values.number("n_epochs")
    config = SFTConfig(
        output_dir=str(folder.checkpoints),
        num_train_epochs=values.number("n_epochs"),
        per_device_train_batch_size=micro,
        per_device_eval_batch_size=micro,
        gradient_accumulation_steps=-(-batch // micro),
        learning_rate=values.number("learning_rate"),
        # a decay over steps would be cut off by the time limit, which has one of its own
        lr_scheduler_type="constant_with_warmup" if values.number("max_minutes") else "cosine",
        warmup_steps=min(values.whole("warmup_steps"), int(steps / 10)),
        weight_decay=values.number("weight_decay"),
        max_length=values.whole("max_length"),
        packing=flash and bool(values.whole("packing")),
        packing_strategy="bfd_split",
        gradient_checkpointing=False,
        use_cpu=not gpu,
        bf16=half,
        fp16=gpu and not half,
        logging_steps=1 if steps < 200 else 5,
        save_strategy="no",
        save_total_limit=2,
        save_only_model=False,
        eval_strategy="no",
        prediction_loss_only=True,
        report_to="none",
        disable_tqdm=True,
        seed=request.seed,
        data_seed=request.seed,
        dataloader_pin_memory=gpu,
        dataset_num_proc=None,
    )
    rank = values.whole("lora_r")
    adapter = LoraConfig(
        r=rank,
        lora_alpha=values.whole("lora_alpha"),
        lora_dropout=values.number("lora_dropout"),
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
    trainer = SFTTrainer if gpu or not can_spare(model) else sparing_trainer()
    return trainer(
        model=model,
        args=config,
        train_dataset=Dataset.from_list(lines),
        eval_dataset=Dataset.from_list(held_out) if held_out else None,
        processing_class=tokenizer,
        peft_config=adapter if rank else None,
        callbacks=[_watch(folder, report, values)],
    )


def _has_flash_attention() -> bool:
    from transformers.utils import is_flash_attn_2_available

    return bool(is_flash_attn_2_available())


DECAY = 0.25
"""The last part of the time limit, in which the learning rate falls to nearly nothing."""


def of_rate(spent: float) -> float:
    """The share of the learning rate that is left when the share `spent` (from 0) of the time limit is over."""
    return min(1.0, max(0.02, (1 - spent) / DECAY))


def _watch(folder: JobFolder, report: Report, values: Values) -> Any:
    """Tells how far training is, saves by the clock, and stops it when it was cancelled or its time is over."""
    from transformers import TrainerCallback

    limit = values.number("max_minutes") * 60
    every = values.number("checkpoint_seconds")

    class Watch(TrainerCallback):  # type: ignore[misc]  # its library carries no types
        def __init__(self) -> None:
            self.began = self.saved = time.monotonic()
            self.first_step = 0
            self.spent_before = 0.0
            self.tokens_before = self.tokens = 0
            self.told_limit = False

        def on_train_begin(self, _args: Any, state: Any, _control: Any, **_: Any) -> None:
            self.began = self.saved = time.monotonic()
            self.first_step = state.global_step
            checkpoints = folder.whole_checkpoints()
            if checkpoints:
                # TRL counts tokens from zero again
                seconds, tokens = (checkpoints[-1] / COMPLETE).read_text().split()
                self.spent_before, self.tokens_before = float(seconds), int(tokens)

        def spent(self) -> float:
            return self.spent_before + time.monotonic() - self.began

        def on_step_begin(
            self, _args: Any, _state: Any, _control: Any, optimizer: Any, lr_scheduler: Any, **_: Any
        ) -> None:
            if limit:
                # the scheduler sets the rates anew after each step
                for group, rate in zip(optimizer.param_groups, lr_scheduler.get_last_lr(), strict=True):
                    group["lr"] = rate * of_rate(self.spent() / limit)

        def on_step_end(self, _args: Any, state: Any, control: Any, **_: Any) -> None:
            now = time.monotonic()
            if folder.stopped:
                control.should_training_stop = True
                return
            if limit and self.spent() >= limit and state.global_step < state.max_steps:
                control.should_training_stop = control.should_log = True
                folder.add_event(
                    f"the time limit of {limit / 60:g} minutes ends training at step {state.global_step}", level="warn"
                )
            if now - self.saved >= every or control.should_training_stop:
                control.should_save = True
                self.saved = now

        def on_save(self, _args: Any, state: Any, _control: Any, **_: Any) -> None:
            held = folder.checkpoints / f"checkpoint-{state.global_step}"
            (held / COMPLETE).write_text(f"{self.spent():.3f} {self.tokens}")

        def on_log(self, _args: Any, state: Any, _control: Any, logs: dict[str, Any] | None = None, **_: Any) -> None:
            if not logs or "loss" not in logs:
                return
            done = state.global_step - self.first_step
            left = (time.monotonic() - self.began) / done * (state.max_steps - state.global_step) if done else None
            if left is not None and limit:
                left = min(left, max(0.0, limit - self.spent()))
            self.tokens = self.tokens_before + int(logs.get("num_tokens", 0))
            report.step(
                state.global_step,
                state.max_steps,
                loss=float(logs["loss"]),
                tokens=self.tokens,
                seconds_left=left,
            )

    return Watch()


def _save(folder: JobFolder, trainer: Any, tokenizer: Any, values: Values, report: Report, base: Path) -> Path:
    target = folder.adapter if values.whole("lora_r") else folder.model
    made = target.with_name(f".{target.name}.part")
    shutil.rmtree(made, ignore_errors=True)
    trainer.model.save_pretrained(str(made))
    tokenizer.save_pretrained(str(made))
    shutil.rmtree(target, ignore_errors=True)
    made.rename(target)
    if values.whole("merge") and values.whole("lora_r"):
        for line in export_merged(base, target, folder.merged):
            report.folder.add_event(line)
    return target.absolute()
