#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "alpha/inference/weights.h"

namespace alpha::cli {

struct InferenceBenchOptions {
  std::optional<WeightFormat> format = {};
  std::int64_t n_prompt = 0;  // 0: 128, or as many as the model has positions
  std::int64_t n_tokens = 0;  // 0: 64, or as many as fit
  std::int64_t n_repeats = 5;
  std::vector<std::int64_t> n_streams = {1, 4, 8, 64};
  int n_threads = 1;
};

/// Medians over the repeats.
struct TokenRate {
  double tokens_per_second = 0;
  double cpu_seconds = 0;  // of one repeat
};

struct StreamRate {
  std::int64_t n_streams = 1;
  TokenRate decode;  // of all streams together
};

struct InferenceBench {
  std::filesystem::path path;
  WeightFormat format = WeightFormat::f32;
  int n_threads = 1;
  std::size_t weight_bytes = 0;
  std::size_t kv_bytes = 0;
  std::int64_t n_prompt = 0;
  double load_seconds = 0;
  double first_token_seconds = 0;  // from the start of loading, with a prompt of 8 tokens
  TokenRate prefill;
  std::vector<StreamRate> streams;  // those that were measured before the user asked to stop
  // 0 where they were not: the user has asked to stop.
  double read_bytes_per_second = 0;  // of memory as large as the weights, by all threads
  double peak_macs_per_second = 0;   // multiply-adds of a product whose operands stay in the caches
  double macs_per_token = 0;         // of prefill, where only the last position has logits
  double wall_seconds = 0;
  double cpu_seconds = 0;

  std::size_t bytes_per_token = 0;  // of weights that a token of one stream reads

  /// Whether all was measured: the user has not asked to stop.
  bool is_whole() const { return peak_macs_per_second > 0; }

  /// Bytes of weights that decoding at this rate reads in a second, over what the machine reads.
  double decode_of_bandwidth(const StreamRate& rate) const;

  double prefill_of_peak() const;
};

/// Measures the model on random tokens: no sampling but the largest logit. Stops early, with what
/// it has, when the user asks to.
InferenceBench run_inference_bench(const std::filesystem::path& path, Backend& backend,
                                   const InferenceBenchOptions& options);

}  // namespace alpha::cli
