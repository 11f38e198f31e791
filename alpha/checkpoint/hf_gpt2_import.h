#pragma once

#include <filesystem>
#include <string>

#include "alpha/checkpoint/checkpoint_directory.h"

namespace alpha {

/// A model of another program, ready for `save_checkpoint_directory`.
struct ImportedModel {
  CheckpointContent content;
  std::string warning;  // where the tokenizer may differ from the original; else empty
};

/// Reads a folder in the layout of Hugging Face's GPT-2, as docs/formats/hf-gpt2.md describes it:
/// Alpha's own and the published ones. Every field and tensor is checked; rows of the embedding and
/// head are put into the order of Alpha's token ids. Error: not_found; corrupt, naming file and
/// field or tensor; unsupported for a model or tokenizer that Alpha does not have.
ImportedModel import_hf_gpt2(const std::filesystem::path& folder, Backend& backend);

}  // namespace alpha
