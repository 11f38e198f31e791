#!/usr/bin/env python3
"""Helios beside PyTorch with CUDA, on one GPU: products, attention, training steps in bf16.

`alpha bench helios` and PyTorch take turns. Times are the device's own (timestamps, CUDA events),
medians after a warm-up that brings the clocks up; those of steps are by the wall clock.

    time_gpu.py ALPHA [--rounds 2] [--no-steps]
"""

import argparse
import json
import statistics
import subprocess
import time

import torch
import torch.nn.functional as F

# Tokens of the products, and the layers' shapes [outputs, inputs] of GPT-2 124M.
N_TOKENS = 32768
MATRICES = {
    "qkv": (2304, 768), "proj": (768, 768), "fc": (3072, 768), "fcproj": (768, 3072),
    "logits": (50304, 768),
}  # fmt: skip
STEPS = {
    "char": {"layers": 6, "heads": 6, "dim": 384, "block": 256, "vocab": 65, "batch": 64, "dropout": 0.2},
    "gpt2": {"layers": 12, "heads": 12, "dim": 768, "block": 1024, "vocab": 50304, "batch": 16, "dropout": 0.0},
}  # fmt: skip


def device_ms(run, repeats=10):
    """Median time of run() on the device, in ms."""
    begin = time.perf_counter()
    while time.perf_counter() - begin < 0.2:
        run()
        torch.cuda.synchronize()
    times = []
    for _ in range(repeats):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        run()
        end.record()
        torch.cuda.synchronize()
        times.append(start.elapsed_time(end))
    return statistics.median(times)


def normal(*shape):
    return torch.randn(*shape, device="cuda", dtype=torch.bfloat16)


def time_products():
    """TFLOP/s of y = x Wᵀ (NT), dx = dy W (NN), dW = dyᵀ x (TN)."""
    rates = {}
    for name, (n_out, n_in) in MATRICES.items():
        x, w, dy = normal(N_TOKENS, n_in), normal(n_out, n_in), normal(N_TOKENS, n_out)
        flops = 2 * N_TOKENS * n_out * n_in
        for layout, run in {
            "nt": lambda: x @ w.T, "nn": lambda: dy @ w, "tn": lambda: dy.T @ x,
        }.items():  # fmt: skip
            rates[f"{name} {layout}"] = flops / device_ms(run) * 1e-9
        del x, w, dy
    return rates


def time_attention(batch=8, heads=12, length=1024, size=64):
    """TFLOP/s, counted as half of the square; backward as 2.5 times forward."""
    q, k, v = (normal(batch, heads, length, size).requires_grad_() for _ in range(3))
    dout = normal(batch, heads, length, size)
    flops = 2 * batch * heads * length * length * size

    def forward():
        return F.scaled_dot_product_attention(q, k, v, is_causal=True)

    out = forward()

    def backward():
        torch.autograd.grad(out, (q, k, v), dout, retain_graph=True)

    return {
        "attention forward": flops / device_ms(forward) * 1e-9,
        "attention backward": 2.5 * flops / device_ms(backward) * 1e-9,
    }


class Layer(torch.nn.Module):
    def __init__(self, dim, heads, dropout):
        super().__init__()
        self.heads, self.p = heads, dropout
        self.ln1, self.ln2 = (torch.nn.LayerNorm(dim, bias=False) for _ in range(2))
        self.qkv, self.proj = torch.nn.Linear(dim, 3 * dim, False), torch.nn.Linear(dim, dim, False)
        self.fc, self.fcproj = torch.nn.Linear(dim, 4 * dim, False), torch.nn.Linear(4 * dim, dim, False)

    def forward(self, x):
        B, T, C = x.shape
        parts = self.qkv(self.ln1(x)).split(C, 2)
        q, k, v = (part.view(B, T, self.heads, -1).transpose(1, 2) for part in parts)
        p = self.p if self.training else 0.0
        mixed = F.scaled_dot_product_attention(q, k, v, dropout_p=p, is_causal=True)
        x = x + F.dropout(self.proj(mixed.transpose(1, 2).reshape(B, T, C)), self.p, self.training)
        hidden = F.gelu(self.fc(self.ln2(x)), approximate="tanh")
        return x + F.dropout(self.fcproj(hidden), self.p, self.training)


class Gpt(torch.nn.Module):
    def __init__(self, layers, heads, dim, block, vocab, dropout, **_):
        super().__init__()
        self.wte, self.wpe = torch.nn.Embedding(vocab, dim), torch.nn.Embedding(block, dim)
        self.layers = torch.nn.ModuleList(Layer(dim, heads, dropout) for _ in range(layers))
        self.ln = torch.nn.LayerNorm(dim, bias=False)
        for weight in self.parameters():
            if weight.dim() == 2:
                torch.nn.init.normal_(weight, std=0.02)

    def forward(self, tokens, targets):
        x = self.wte(tokens) + self.wpe(torch.arange(tokens.shape[1], device=tokens.device))
        for layer in self.layers:
            x = layer(x)
        logits = F.linear(self.ln(x), self.wte.weight)
        return F.cross_entropy(logits.view(-1, logits.shape[-1]), targets.view(-1))


def time_step(settings, n_steps=20):
    """Tokens a second of compiled training steps: bf16, fused AdamW, clipped gradients."""
    model = torch.compile(Gpt(**settings).cuda())
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, betas=(0.9, 0.95), fused=True)
    shape = (settings["batch"], settings["block"] + 1)
    tokens = torch.randint(settings["vocab"], shape, device="cuda")

    def step():
        with torch.autocast("cuda", torch.bfloat16):
            loss = model(tokens[:, :-1], tokens[:, 1:].contiguous())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return loss.item()

    for _ in range(10):
        step()
    times = []
    for _ in range(n_steps):
        begin = time.perf_counter()
        step()
        torch.cuda.synchronize()
        times.append(time.perf_counter() - begin)
    return settings["batch"] * settings["block"] / statistics.median(times)


def run_alpha(alpha, arguments):
    command = [alpha, "bench", "helios", "--json", *arguments]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("alpha")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--no-steps", action="store_true")
    arguments = parser.parse_args()
    torch.set_float32_matmul_precision("high")
    print(torch.cuda.get_device_name(), "PyTorch", torch.__version__, flush=True)
    for _ in range(arguments.rounds):
        print(json.dumps({"helios": run_alpha(arguments.alpha, ["--no-step"])}), flush=True)
        print(json.dumps({"torch": {**time_products(), **time_attention()}}), flush=True)
    if arguments.no_steps:
        return
    for name, settings in STEPS.items():
        flags = ["--no-kernels", "--preset", "nanogpt"]
        for flag in ("layers", "heads", "dim", "block", "batch", "dropout"):
            flags += [f"--{flag}", str(settings[flag])]
        flags += ["--vocabSize", str(settings["vocab"])]
        for _ in range(arguments.rounds):
            print(json.dumps({f"helios {name}": run_alpha(arguments.alpha, flags)}), flush=True)
            print(json.dumps({f"torch {name} tok/s": time_step(settings)}), flush=True)


if __name__ == "__main__":
    main()
