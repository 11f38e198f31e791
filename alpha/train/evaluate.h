#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "alpha/model/gpt.h"
#include "alpha/tokenizers/tokenizer.h"

namespace alpha {

/// A model to be judged: borrowed.
struct EvaluatedModel {
  Backend& backend;
  const GptConfig& config;
  const GptWeights& weights;
};

/// Mean loss in nats per token, without dropout, over min(n_windows, all) windows of block_size
/// tokens that are spread evenly over `tokens`: the same windows at every call. `B` sequences at a
/// time. Error: not more tokens than the block holds.
double evaluate_windows(const EvaluatedModel& model, std::span<const TokenId> tokens,
                        std::int64_t B, std::int64_t n_windows);

/// Mean loss over every token but the first, in windows of block_size that do not overlap.
/// `on_progress(done, total)` in targets; return false to stop with Error(cancelled).
double evaluate_all(const EvaluatedModel& model, std::span<const TokenId> tokens, std::int64_t B,
                    const std::function<bool(std::int64_t, std::int64_t)>& on_progress = {});

/// Loss per byte of text in bits: comparable between tokenizers.
double bits_per_byte(double nats_per_token, std::int64_t n_tokens, std::int64_t n_bytes);

}  // namespace alpha
