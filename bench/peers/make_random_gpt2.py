#!/usr/bin/python3
"""Writes a GPT-2 model of random weights in the layout of Hugging Face.

The speed of a model does not depend on what its weights say, so that any shape can be timed
without having one. Written: config.json, model.safetensors (f32, names and [in, out] matrices as
in the published GPT-2) and tokenizer.json, a byte-level BPE of the wanted size: 256 bytes, one
merge for each pair of bytes until the size is reached, and <|endoftext|> as the last token.

    make_random_gpt2.py DIR [--shape 124m|15m] [--seed 1]
"""

import argparse
import json
import math
import pathlib
import struct
import sys

import numpy as np

SHAPES = {
    "124m": {"n_layer": 12, "n_head": 12, "n_embd": 768, "n_positions": 1024, "vocab_size": 50257},
    "15m": {"n_layer": 6, "n_head": 6, "n_embd": 288, "n_positions": 256, "vocab_size": 32000},
}
END_OF_TEXT = "<|endoftext|>"
N_BYTES = 256
STD = 0.02


def config_json(shape):
    """GPT-2's config.json with the sizes of the shape."""
    end_id = shape["vocab_size"] - 1
    return {
        "architectures": ["GPT2LMHeadModel"],
        "model_type": "gpt2",
        "activation_function": "gelu_new",
        "attn_pdrop": 0.1,
        "embd_pdrop": 0.1,
        "resid_pdrop": 0.1,
        "initializer_range": STD,
        "layer_norm_epsilon": 1e-5,
        "n_ctx": shape["n_positions"],
        "tie_word_embeddings": True,
        "bos_token_id": end_id,
        "eos_token_id": end_id,
        **shape,
    }


def tensor_shapes(shape):
    """Name -> (shape, value): "normal" draws it, a number fills it."""
    width = shape["n_embd"]
    tensors = {
        "wte.weight": ((shape["vocab_size"], width), "normal"),
        "wpe.weight": ((shape["n_positions"], width), "normal"),
    }
    for layer in range(shape["n_layer"]):
        for norm in ("ln_1", "ln_2"):
            tensors[f"h.{layer}.{norm}.weight"] = ((width,), 1)
            tensors[f"h.{layer}.{norm}.bias"] = ((width,), 0)
        for name, n_in, n_out in (
            ("attn.c_attn", width, 3 * width),
            ("attn.c_proj", width, width),
            ("mlp.c_fc", width, 4 * width),
            ("mlp.c_proj", 4 * width, width),
        ):
            tensors[f"h.{layer}.{name}.weight"] = ((n_in, n_out), "normal")
            tensors[f"h.{layer}.{name}.bias"] = ((n_out,), "normal")
    tensors["ln_f.weight"] = ((width,), 1)
    tensors["ln_f.bias"] = ((width,), 0)
    return tensors


def write_safetensors(path, tensors, seed):
    """Draws and writes one tensor after the other."""
    header = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, (dims, _) in tensors.items():
        begin, end = end, end + 4 * math.prod(dims)
        header[name] = {"dtype": "F32", "shape": list(dims), "data_offsets": [begin, end]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    rng = np.random.default_rng(seed)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for dims, value in tensors.values():
            if value == "normal":
                data = np.float32(STD) * rng.standard_normal(dims, dtype=np.float32)
            else:
                data = np.full(dims, value, dtype=np.float32)
            file.write(data.astype("<f4").tobytes())


def byte_characters():
    """The character that stands for each byte in a byte-level BPE, in the order of GPT-2's ids."""
    printable = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(N_BYTES) if byte not in printable]
    return [chr(byte) for byte in printable] + [chr(N_BYTES + i) for i in range(len(others))]


def tokenizer_json(vocab_size):
    """A byte-level BPE whose merges are pairs of bytes."""
    characters = byte_characters()
    n_merges = vocab_size - N_BYTES - 1
    if not 0 <= n_merges <= N_BYTES * N_BYTES:
        raise ValueError(f"vocabulary of {vocab_size}: expected {N_BYTES + 1} to 65793 tokens")
    merges = [(characters[i // N_BYTES], characters[i % N_BYTES]) for i in range(n_merges)]
    tokens = [*characters, *(left + right for left, right in merges), END_OF_TEXT]
    end_of_text = {
        "id": vocab_size - 1,
        "content": END_OF_TEXT,
        "single_word": False,
        "lstrip": False,
        "rstrip": False,
        "normalized": False,
        "special": True,
    }
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [end_of_text],
        "normalizer": None,
        "pre_tokenizer": {**byte_level, "use_regex": True},
        "post_processor": None,
        "decoder": {**byte_level, "use_regex": True},
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "vocab": {token: i for i, token in enumerate(tokens)},
            "merges": [f"{left} {right}" for left, right in merges],
        },
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dir", type=pathlib.Path, help="the folder to write")
    parser.add_argument("--shape", choices=SHAPES, default="124m")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    shape = SHAPES[arguments.shape]
    arguments.dir.mkdir(parents=True, exist_ok=True)
    for name, content in (
        ("config.json", config_json(shape)),
        ("tokenizer.json", tokenizer_json(shape["vocab_size"])),
    ):
        text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
        (arguments.dir / name).write_text(text, encoding="utf-8")
    tensors = tensor_shapes(shape)
    write_safetensors(arguments.dir / "model.safetensors", tensors, arguments.seed)
    n_weights = sum(math.prod(dims) for dims, _ in tensors.values())
    print(f"{arguments.dir}: {n_weights / 1e6:.1f} million weights")
    return 0


if __name__ == "__main__":
    sys.exit(main())
