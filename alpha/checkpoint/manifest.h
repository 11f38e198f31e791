#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "alpha/checkpoint/file_digest.h"

namespace alpha {

// Names of the files of a checkpoint directory.
inline constexpr std::string_view kManifestFile = "manifest.json";
inline constexpr std::string_view kConfigFile = "config.json";
inline constexpr std::string_view kTokenizerFile = "tokenizer.json";
inline constexpr std::string_view kTrainerStateFile = "trainer_state.json";  // optional
inline constexpr std::string_view kModelFile = "model.safetensors";
inline constexpr std::string_view kOptimizerFile = "optimizer.safetensors";  // optional

inline constexpr int kManifestVersion = 1;
inline constexpr std::size_t kManifestMaxBytes = 65'536;

/// What a checkpoint directory consists of. Its file is written last.
struct Manifest {
  std::map<std::string, FileDigest, std::less<>> files;  // name -> digest
};

/// The text of the manifest's file. There is one text per manifest: two-space JSON, files sorted.
std::string render_manifest(const Manifest& manifest);

/// Accepts what `render_manifest` writes and nothing else, so that no changed byte goes unseen.
/// Errors, starting with `where`: corrupt; unsupported for another version.
Manifest parse_manifest(std::string_view text, std::string_view where);

}  // namespace alpha
