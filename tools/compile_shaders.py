#!/usr/bin/env python3
"""Compiles the shaders of a folder into one C++ source.

    tools/compile_shaders.py GLSLANG_VALIDATOR FOLDER OUTPUT.cpp

Every *.comp is compiled for Vulkan 1.2, once for each variant that its line `// variants: f32 bf16`
names (the variant is a macro: F32, BF16), or once where there is none. The shader `unary` in the
variant bf16 is called "unary.bf16".
"""

import re
import struct
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


def variants_of(source):
    found = re.search(r"^// variants:(.*)$", source.read_text(), re.M)
    return found.group(1).split() if found else [None]


def compile_one(compiler, source, variant):
    with tempfile.NamedTemporaryFile(suffix=".spv") as out:
        command = [compiler, "--target-env", "vulkan1.2", "-Od", "--quiet",
                   f"-I{source.parent}", "-o", out.name]
        command += [f"-D{variant.upper()}=1"] if variant else []
        done = subprocess.run(command + [str(source)], capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{source} ({variant}): {done.stdout}{done.stderr}")
        data = Path(out.name).read_bytes()
    return struct.unpack(f"<{len(data) // 4}I", data)


def main():
    compiler, folder, output = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    jobs = [(source, variant) for source in sorted(folder.glob("*.comp"))
            for variant in variants_of(source)]
    with ThreadPoolExecutor() as pool:
        modules = list(pool.map(lambda job: compile_one(compiler, *job), jobs))
    named = sorted((f"{source.stem}.{variant}" if variant else source.stem, words)
                   for (source, variant), words in zip(jobs, modules))

    lines = ["// Made by tools/compile_shaders.py.", "#include <array>", "",
             '#include "alpha/helios/shader.h"', "", "namespace alpha::helios {", "", "namespace {", ""]
    for i, (name, words) in enumerate(named):
        body = ",".join(f"{word:#x}" for word in words)
        lines.append(f"constexpr std::uint32_t kModule{i}[] = {{{body}}};")
    lines += ["", f"constexpr std::array<Shader, {len(named)}> kShaders = {{{{"]
    lines += [f'    {{"{name}", kModule{i}}},' for i, (name, _) in enumerate(named)]
    lines += ["}};", "", "}  // namespace", "",
              "std::span<const Shader> shaders() noexcept {", "  return kShaders;", "}", "",
              "}  // namespace alpha::helios", ""]
    output.write_text("\n".join(lines))


if __name__ == "__main__":
    main()
