#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "alpha/core/rng.h"
#include "alpha/tensor/backend.h"
#include "alpha/tensor/create.h"

namespace alpha::test {

/// `value` as `dtype` stores it.
double quantize(double value, DType dtype);

/// Makes the inputs of one run of a case. The numbers depend on the seed and on `rounding` alone:
/// they are rounded to that dtype before they are stored as `dtype`. So the truth, which computes
/// in f64, sees exactly what the narrow run sees.
class OpInputs {
 public:
  struct Options {
    DType dtype = DType::f32;
    DType rounding = DType::f32;
    std::int64_t offset = 0;  // elements between the start of a storage and its tensor
    std::int32_t seed = 1;
  };

  OpInputs(Backend& backend, const Options& options)
      : backend_(backend),
        options_(options),
        rng_(options.seed) {}

  Backend& backend() noexcept { return backend_; }

  DType dtype() const noexcept { return options_.dtype; }

  DType accumulation() const noexcept { return accumulation_dtype(options_.dtype); }

  /// The dtype of an output that the case wants as `wanted` whatever its inputs are; the truth
  /// keeps f64.
  DType output(DType wanted) const noexcept {
    return options_.dtype == DType::f64 ? DType::f64 : wanted;
  }

  /// Standard normal times `std`. Integers get a hundredfold spread.
  Tensor normal(const Shape& shape, double std = 1);

  Tensor uniform(const Shape& shape, double low, double high);

  /// Whole numbers in [low, high), in the dtype under test: full of ties.
  Tensor whole(const Shape& shape, std::int64_t low, std::int64_t high);

  Tensor values(const Shape& shape, std::span<const double> values);

  /// Standard normal in the accumulation dtype: what a gradient holds before more is added to it.
  Tensor accumulator(const Shape& shape);

  /// i32 in [0, n).
  Tensor indices(const Shape& shape, std::int64_t n);

  /// i32.
  Tensor integers(const Shape& shape, std::span<const std::int32_t> values);

  SeededRng& rng() noexcept { return rng_; }

 private:
  Tensor place(const Shape& shape, std::span<const double> values, DType rounding, DType dtype);

  Backend& backend_;
  Options options_;
  SeededRng rng_;
};

}  // namespace alpha::test
