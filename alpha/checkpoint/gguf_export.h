#pragma once

#include <filesystem>

#include "alpha/checkpoint/gguf.h"
#include "alpha/checkpoint/gpt2_checkpoint.h"

namespace alpha {

/// Writes a GGUF file of architecture "gpt2" that llama.cpp loads; docs/formats/gguf.md describes
/// it. Matrices get the type asked for; vectors and the position embedding stay f32. Nothing may be
/// at `path` yet. Error: io; unsupported, saying what the file cannot hold.
void export_gguf(const Gpt2Checkpoint& checkpoint, const std::filesystem::path& path,
                 GgufType type);

}  // namespace alpha
