#pragma once

#include <vector>

#include "alpha/model/gpt_config.h"
#include "alpha/tensor/backend.h"

namespace alpha {

/// The keys and values of the positions seen so far, per layer. Rows behind `length` are never
/// read, so a cache is reused by setting `length` to 0.
struct KvCache {
  /// Room for config.block_size positions of `B` sequences.
  KvCache(Backend& backend, const GptConfig& config, std::int64_t B, DType dtype);

  std::vector<Tensor> layers;  // each [B, block_size, 2C]: keys, then values
  std::int64_t length = 0;     // positions filled
};

}  // namespace alpha
