#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "alpha/checkpoint/gpt2_layout.h"
#include "alpha/checkpoint/safetensors.h"
#include "alpha/tokenizers/bpe_tokenizer.h"

namespace alpha {

/// A checkpoint that GPT-2's layouts can express, open for reading. Its weights stay in the file's
/// mapping.
class Gpt2Checkpoint {
 public:
  /// `path` is a checkpoint, or a run whose latest checkpoint is meant. Every tensor was found
  /// present, finite and of the right shape. Error: not_found; corrupt, naming file or tensor;
  /// unsupported, naming the option of the model or the tokenizer that cannot be expressed.
  explicit Gpt2Checkpoint(const std::filesystem::path& path);

  const GptConfig& config() const noexcept { return config_; }

  const BpeTokenizer& tokenizer() const noexcept { return *tokenizer_; }

  const std::vector<Gpt2Tensor>& tensors() const noexcept { return tensors_; }

  /// The f32 elements of one of `tensors`, perhaps not aligned; none when it is zeros.
  std::span<const std::byte> bytes(const Gpt2Tensor& tensor) const;

  std::int64_t step() const noexcept { return step_; }

  const std::filesystem::path& path() const noexcept { return path_; }

  /// A damaged newer checkpoint that was passed over; else empty.
  const std::string& warning() const noexcept { return warning_; }

 private:
  std::filesystem::path path_;
  std::string warning_;
  std::int64_t step_ = 0;
  GptConfig config_;
  std::unique_ptr<BpeTokenizer> tokenizer_;
  std::vector<Gpt2Tensor> tensors_;
  std::optional<SafetensorsFile> weights_;
};

/// Error(io): there is something at `path` already. What an export writes is new.
void require_absent(const std::filesystem::path& path);

}  // namespace alpha
