#!/usr/bin/python3
"""Alpha's GPT in PyTorch: the function of alpha/model/gpt.h, its weights by their names in Alpha.

Presets nanogpt (no biases, tied head) and alpha (soft cap, biases in norms, untied head). As a
program it checks itself against ten AdamW steps of the original, preset alpha, whose losses Alpha's
own tests also hold.
"""

import sys

import torch
import torch.nn.functional as F

from alpha_rng import initial_weights

# Vocabulary 11, block 8, 2 layers of 2 heads, 8 wide; inputs 1 to 8, targets 2 to 9; seed 42, lr
# 1e-2, betas 0.9 and 0.95, weight decay 0.1, no clipping; the loss before each step.
ORIGINAL_LOSSES = [
    2.3972134590148926, 2.2726118564605713, 2.2052993774414062, 2.146327018737793,
    2.0800282955169678, 2.0119287967681885, 1.9438759088516235, 1.874316930770874,
    1.8038759231567383, 1.7324321269989014,
]  # fmt: skip


class TorchGpt:
    """`model` is a modelConfig; `weights` are NumPy arrays by name."""

    def __init__(self, model, weights):
        self.model = model
        self.weights = {
            name: torch.tensor(value, requires_grad=True) for name, value in weights.items()
        }
        block = model["blockSize"]
        self._hidden = torch.ones(block, block, dtype=torch.bool).triu(1)

    def loss(self, tokens, targets):
        """Mean cross entropy of tokens and targets [B, T]."""
        logits = self.logits(tokens)
        return F.cross_entropy(logits.view(-1, logits.shape[-1]), targets.reshape(-1))

    def logits(self, tokens):
        """[B, T] -> [B, T, V]."""
        w = self.weights
        x = w["wte"][tokens] + w["wpe"][: tokens.shape[1]]
        for i in range(self.model["nLayer"]):
            layer = f"layer.{i}."
            qkv = F.linear(self._norm(x, layer + "ln1"), w[layer + "attn.wqkv"])
            x = x + F.linear(self._attend(qkv), w[layer + "attn.wo"])
            hidden = F.linear(self._norm(x, layer + "ln2"), w[layer + "mlp.fc1"])
            x = x + F.linear(F.gelu(hidden, approximate="tanh"), w[layer + "mlp.fc2"])
        return F.linear(self._norm(x, "lnF"), w["wte" if self.model["tied"] else "lmHead"])

    def _norm(self, x, name):
        return F.layer_norm(
            x, x.shape[-1:], self.weights[name + ".weight"], self.weights.get(name + ".bias"), 1e-5
        )

    def _attend(self, qkv):
        B, T, C3 = qkv.shape
        H = self.model["nHead"]
        q, k, v = (part.view(B, T, H, -1).transpose(1, 2) for part in qkv.split(C3 // 3, dim=2))
        scores = q @ k.transpose(2, 3) * q.shape[-1] ** -0.5
        cap = self.model["softCap"]
        if cap > 0:
            scores = cap * torch.tanh(scores / cap)
        scores = scores.masked_fill(self._hidden[:T, :T], float("-inf"))
        return (scores.softmax(-1) @ v).transpose(1, 2).reshape(B, T, C3 // 3)


class TorchTrainer:
    """AdamW with Alpha's rules: embeddings, norms and biases do not decay."""

    def __init__(self, gpt, betas, eps, weight_decay, grad_clip):
        self.gpt = gpt
        self.grad_clip = grad_clip
        decayed, others = [], []
        for name, value in gpt.weights.items():
            is_decayed = value.dim() == 2 and name not in ("wte", "wpe")
            (decayed if is_decayed else others).append(value)
        groups = [
            {"params": decayed, "weight_decay": weight_decay},
            {"params": others, "weight_decay": 0},
        ]
        self.optimizer = torch.optim.AdamW(groups, betas=betas, eps=eps)

    def step(self, inputs, targets, lr):
        """One step on NumPy arrays [B, T]; the loss before it."""
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.gpt.loss(torch.from_numpy(inputs), torch.from_numpy(targets))
        loss.backward()
        self._clip()
        self.optimizer.step()
        return loss.item()

    def _clip(self):
        """Unlike torch.nn.utils.clip_grad_norm_, without an epsilon beside the norm."""
        if self.grad_clip <= 0:
            return
        gradients = [value.grad for value in self.gpt.weights.values()]
        norm = torch.stack([gradient.norm() for gradient in gradients]).norm().item()
        if norm > self.grad_clip:
            for gradient in gradients:
                gradient.mul_(self.grad_clip / norm)


def main():
    import numpy as np

    model = {
        "vocabSize": 11, "blockSize": 8, "nLayer": 2, "nEmbd": 8, "nHead": 2, "softCap": 30,
        "normBias": True, "tied": False,
    }  # fmt: skip
    gpt = TorchGpt(model, initial_weights(model, 42, "original"))
    trainer = TorchTrainer(gpt, (0.9, 0.95), 1e-8, 0.1, 0)
    inputs = np.arange(1, 9).reshape(1, 8)
    losses = [trainer.step(inputs, inputs + 1, 1e-2) for _ in ORIGINAL_LOSSES]
    worst = max(abs(a - b) for a, b in zip(losses, ORIGINAL_LOSSES))
    print(f"ten steps of the original: largest difference of the losses {worst:.1e}")
    return 0 if worst < 2e-5 else 1


if __name__ == "__main__":
    sys.exit(main())
