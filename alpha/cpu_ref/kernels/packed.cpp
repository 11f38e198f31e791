#include "alpha/tensor/ops/packed.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "alpha/cpu_ref/kernels/activations.h"

namespace alpha::cpu_ref {

namespace {

/// A row as a product with `weight` sees it: unchanged, or rounded to int8 block by block.
void round_row(const float* x, const PackedMatrix& weight, std::vector<double>& to) {
  to.assign(x, x + weight.K);
  if (!is_integer(weight.format)) return;
  const std::int64_t block = weight.block();
  for (std::int64_t begin = 0; begin < weight.K; begin += block) {
    const std::int64_t end = std::min(begin + block, weight.K);
    float largest = 0;
    bool is_finite = true;
    for (std::int64_t k = begin; k < end; ++k) {
      largest = std::max(largest, std::abs(x[k]));
      is_finite = is_finite && std::isfinite(x[k]);
    }
    const bool is_zero = largest < kLeastMagnitude;
    const float scale = is_finite ? largest / 127 : std::numeric_limits<float>::quiet_NaN();
    const float inverse = is_zero ? 0 : 127 / largest;
    for (std::int64_t k = begin; k < end; ++k) {
      to[static_cast<std::size_t>(k)] = static_cast<double>(scale) * std::nearbyint(x[k] * inverse);
    }
  }
}

}  // namespace

void pack(Backend& /*backend*/, const PackArgs& args) {
  for (std::int64_t panel = 0; panel < args.packed.n_panels(); ++panel) {
    pack_panel(args.weight.data<float>(), args.packed, panel);
  }
}

void packed_linear(Backend& /*backend*/, const PackedLinearArgs& args) {
  const PackedMatrix& weight = args.weight;
  const float* bias = args.bias.is_defined() ? args.bias.data<float>() : nullptr;
  const float* residual = args.residual.is_defined() ? args.residual.data<float>() : nullptr;
  float* out = args.out.data<float>();
  std::vector<double> x;
  for (std::int64_t m = 0; m < args.x.shape()[0]; ++m) {
    round_row(args.x.data<float>() + m * weight.K, weight, x);
    for (std::int64_t n = 0; n < weight.N; ++n) {
      double sum = bias != nullptr ? static_cast<double>(bias[n]) : 0;
      for (std::int64_t k = 0; k < weight.K; ++k) {
        sum += x[static_cast<std::size_t>(k)] * static_cast<double>(packed_value(weight, n, k));
      }
      const std::int64_t i = m * weight.N + n;
      sum = activate(args.activation, sum);
      if (residual != nullptr) sum += static_cast<double>(residual[i]);
      out[i] = static_cast<float>(sum);
    }
  }
}

void packed_embedding(Backend& /*backend*/, const PackedEmbeddingArgs& args) {
  const std::int32_t* indices = args.indices.data<std::int32_t>();
  float* out = args.out.data<float>();
  for (std::int64_t i = 0; i < args.indices.numel(); ++i) {
    for (std::int64_t k = 0; k < args.weight.K; ++k) {
      out[i * args.weight.K + k] = packed_value(args.weight, indices[i], k);
    }
  }
}

}  // namespace alpha::cpu_ref
