"""Makes a base model small enough to train in seconds: two layers, a tokenizer trained on the spot, a chat template."""

from __future__ import annotations

import json
from pathlib import Path

TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def write_local(path: Path, count: int = 32) -> Path:
    """Training lines as TRL takes them: the answer follows from the question."""
    lines = []
    for number in range(count):
        kind = ("cube", "cone", "torus", "plane")[number % 4]
        lines.append(
            {
                "prompt": [
                    {"role": "system", "content": "You write Blender Python."},
                    {"role": "user", "content": f"Add a {kind} of size {number}."},
                ],
                "completion": [
                    {"role": "assistant", "content": f"import bpy\nbpy.ops.mesh.primitive_{kind}_add(size={number})\n"}
                ],
            }
        )
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def make_tiny_model(folder: Path) -> Path:
    """A Llama of two layers, 64 wide, about 0.1 million parameters, in Hugging Face's layout."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    torch.manual_seed(1)
    lines = [json.loads(line) for line in write_local(folder.with_suffix(".jsonl"), 200).read_text().splitlines()]
    texts = [message["content"] for line in lines for message in line["prompt"] + line["completion"]]
    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    marks = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    inner.train_from_iterator(
        texts, trainers.BpeTrainer(vocab_size=400, special_tokens=marks, initial_alphabet=alphabet, show_progress=False)
    )
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=inner, eos_token="<|im_end|>", pad_token="<|endoftext|>")
    tokenizer.chat_template = TEMPLATE
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=512,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
