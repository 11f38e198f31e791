#include "alpha/model/kv_cache.h"

#include "alpha/tensor/create.h"

namespace alpha {

KvCache::KvCache(Backend& backend, const GptConfig& config, std::int64_t B, DType dtype) {
  for (std::int64_t i = 0; i < config.n_layer; ++i) {
    layers.push_back(empty(backend, {B, config.block_size, 2 * config.n_embd}, dtype));
  }
}

}  // namespace alpha
