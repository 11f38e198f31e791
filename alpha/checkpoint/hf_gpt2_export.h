#pragma once

#include <filesystem>

#include "alpha/checkpoint/gpt2_checkpoint.h"

namespace alpha {

/// Writes a folder in the layout of Hugging Face's GPT-2: config.json, model.safetensors in f32,
/// tokenizer.json, tokenizer_config.json; docs/formats/hf-gpt2.md describes it. The folder appears
/// whole or not at all, and must not exist yet. Weights go through a buffer, so that no second copy
/// of the model is made. Error: io.
void export_hf_gpt2(const Gpt2Checkpoint& checkpoint, const std::filesystem::path& folder);

}  // namespace alpha
