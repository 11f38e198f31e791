#pragma once

#include <cstdint>

#include "alpha/core/rng.h"

namespace alpha::cpu_ref {

/// Dropout of single elements (rule in alpha/tensor/ops/dropout.h). With p = 0 every element stays.
class DropoutMask {
 public:
  DropoutMask(DropoutKey key, double p) noexcept
      : key_(key),
        p_(p),
        threshold_(DropoutKey::drop_threshold(p)) {}

  /// x / (1 - p) where element `index` is kept, else 0, whatever x is.
  double apply(double x, std::int64_t index) const noexcept {
    const bool is_kept = p_ == 0 || key_.bits(static_cast<std::uint64_t>(index)) > threshold_;
    return is_kept ? x / (1 - p_) : 0;
  }

 private:
  DropoutKey key_;
  double p_;
  std::uint32_t threshold_;
};

}  // namespace alpha::cpu_ref
