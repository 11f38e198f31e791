#include "alpha/tensor/ops/paged_attention.h"

#include <cmath>
#include <vector>

#include "alpha/cpu_ref/kernels/activations.h"
#include "alpha/cpu_ref/kernels/softmax_sum.h"

namespace alpha::cpu_ref {

namespace {

/// One head of one sequence's cache.
struct HeadCache {
  const PagedAttentionArgs& args;
  std::int64_t sequence;
  std::int64_t head;
  std::int64_t D;

  float& key(std::int64_t position, std::int64_t d) const {
    return block(position)[d * kKvBlock + position % kKvBlock];
  }

  float& value(std::int64_t position, std::int64_t d) const {
    const std::int64_t padded = (D + 15) / 16 * 16;
    return block(position)[D * kKvBlock + position % kKvBlock * padded + d];
  }

 private:
  float* block(std::int64_t position) const {
    const Shape& kv = args.rows.kv.shape();
    const std::int64_t id =
        args.rows.tables
            .data<std::int32_t>()[sequence * args.rows.tables.shape()[1] + position / kKvBlock];
    return args.rows.kv.data<float>() + ((id * kv[1] + args.layer) * kv[2] + head) * kv[3];
  }
};

}  // namespace

void paged_attention(Backend& /*backend*/, const PagedAttentionArgs& args) {
  const std::int64_t R = args.qkv.shape()[0];
  const std::int64_t C = args.qkv.shape()[1] / 3;
  const std::int64_t D = C / args.n_heads;
  const double scale = 1 / std::sqrt(static_cast<double>(D));
  const std::int32_t* positions = args.rows.positions.data<std::int32_t>();
  const std::int32_t* sequences = args.rows.sequences.data<std::int32_t>();
  std::vector<double> weights;
  for (std::int64_t h = 0; h < args.n_heads; ++h) {
    for (std::int64_t r = 0; r < R; ++r) {
      const HeadCache cache{.args = args, .sequence = sequences[r], .head = h, .D = D};
      const float* q = args.qkv.data<float>() + r * 3 * C + h * D;
      for (std::int64_t d = 0; d < D; ++d) {
        cache.key(positions[r], d) = q[C + d];
        cache.value(positions[r], d) = q[2 * C + d];
      }
      weights.resize(static_cast<std::size_t>(positions[r]) + 1);
      for (std::size_t s = 0; s < weights.size(); ++s) {
        double score = 0;
        for (std::int64_t d = 0; d < D; ++d) {
          score += static_cast<double>(q[d]) *
                   static_cast<double>(cache.key(static_cast<std::int64_t>(s), d));
        }
        score *= scale;
        weights[s] = args.soft_cap > 0 ? soft_cap_value(score, args.soft_cap) : score;
      }
      const SoftmaxSum sum = softmax_sum(
          positions[r] + 1, [&](std::int64_t s) { return weights[static_cast<std::size_t>(s)]; });
      float* out = args.out.data<float>() + r * C + h * D;
      for (std::int64_t d = 0; d < D; ++d) {
        double mixed = 0;
        for (std::size_t s = 0; s < weights.size(); ++s) {
          mixed += sum.weight(weights[s]) *
                   static_cast<double>(cache.value(static_cast<std::int64_t>(s), d));
        }
        out[d] = static_cast<float>(mixed);
      }
    }
  }
}

}  // namespace alpha::cpu_ref
