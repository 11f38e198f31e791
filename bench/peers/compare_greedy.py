#!/usr/bin/python3
"""Do Alpha and llama.cpp write the same tokens from the same weights?

compare_greedy.py ALPHA CHECKPOINT NODE_FOLDER [--outtype f32] [--tokens 64] [--text FILE]

Exports the checkpoint as GGUF, lets both continue a few prompts with the likeliest token each time,
and compares prompt tokens and continuations; `--text` compares the tokens of a whole file as well.
Exit status 1 when something differs. In f32 two tokens whose logits differ by less than TIE may
change places, since sums are rounded otherwise: the comparison of that prompt ends there, and says
so. In f16 and q8_0 the weights are rounded: how far both agree is printed, and no failure.
NODE_FOLDER is where `npm install node-llama-cpp` ran.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

TIE = 2e-3
PROMPTS = ["ROMEO:", "What is the matter?\n", "To be, or not to be", "I'll  tell   you what they've",
           "   \n\n  In 1599, there were 12 kings", "Nay, ma\u00eetre \u00c9douard, l\u00e0-bas!",
           "O<|end_of_text|>KING:"]


def alpha(binary, *args, stdin=None):
    done = subprocess.run([binary, *map(str, args)], input=stdin, capture_output=True, check=False)
    if done.returncode != 0:
        sys.exit(f"alpha {' '.join(map(str, args))}: {done.stderr.decode()}")
    return done.stdout.decode()


def llama(node_folder, model, prompts, n_tokens):
    script = Path(__file__).parent / "llama_cpp" / "greedy.mjs"
    request = json.dumps({"prompts": prompts, "n_tokens": n_tokens})
    done = subprocess.run(["node", script, node_folder, model], input=request.encode(),
                          stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def compare(prompt, ours, ours_prompt, theirs, is_exact):
    """One line about a prompt, and whether it speaks against Alpha."""
    if ours_prompt != theirs["prompt"]:
        return f"the prompt's tokens differ: {ours_prompt} and {theirs['prompt']}", True
    n = len(ours)
    same = next((i for i in range(n) if ours[i] != theirs["tokens"][i]), n)
    least = min(theirs["margins"][:same + 1])
    line = f"{same} of {n} tokens are the same, the closest call was {least:.2g}"
    if same == n:
        return line, False
    margin = theirs["margins"][same]
    line += f"; token {same} is {ours[same]} and {theirs['tokens'][same]}, {margin:.2g} apart"
    return line, is_exact and margin > TIE


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("alpha")
    parser.add_argument("checkpoint")
    parser.add_argument("node_folder")
    parser.add_argument("--outtype", default="f32", choices=["f32", "f16", "q8_0"])
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--text")
    args = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "model.gguf"
        alpha(args.alpha, "export", args.checkpoint, "--format", "gguf", "--outtype", args.outtype,
              "--out", model)
        replies = llama(args.node_folder, model, PROMPTS, args.tokens)
        for prompt, theirs in zip(PROMPTS, replies):
            ours = json.loads(alpha(args.alpha, "sample", args.checkpoint, "--prompt", prompt,
                                    "--temp", 0, "--steps", args.tokens, "--json"))
            ids = json.loads(alpha(args.alpha, "tokenize", "--checkpoint", args.checkpoint,
                                   "--text", prompt, "--json"))["ids"]
            line, is_bad = compare(prompt, ours["tokens"], ids, theirs, args.outtype == "f32")
            print(f"{json.dumps(prompt)}: {line}")
            failed |= is_bad
        if args.text:
            text = Path(args.text).read_text(encoding="utf-8")
            ours = alpha(args.alpha, "tokenize", "--checkpoint", args.checkpoint, "--ids",
                         stdin=text.encode())
            theirs = llama(args.node_folder, model, [text], 0)[0]["prompt"]
            is_same = [int(word) for word in ours.split()] == theirs
            print(f"{args.text}: {len(theirs)} tokens, {'the same' if is_same else 'DIFFERENT'}")
            failed |= not is_same
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
