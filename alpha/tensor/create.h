#pragma once

#include <span>
#include <vector>

#include "alpha/core/rng.h"
#include "alpha/tensor/backend.h"

namespace alpha {

/// A tensor with undefined elements.
Tensor empty(Backend& backend, const Shape& shape, DType dtype = DType::f32);

/// Every element is `value`.
Tensor full(Backend& backend, const Shape& shape, double value, DType dtype = DType::f32);
Tensor zeros(Backend& backend, const Shape& shape, DType dtype = DType::f32);
Tensor ones(Backend& backend, const Shape& shape, DType dtype = DType::f32);

/// N(0, std^2), drawn in row-major order from `rng` in double, each value rounded to f32 first, as
/// the original does.
Tensor randn(Backend& backend, const Shape& shape, SeededRng& rng, double std = 1,
             DType dtype = DType::f32);

/// [T, T]: 0 on and below the diagonal, -infinity above.
Tensor causal_mask(Backend& backend, std::int64_t T, DType dtype = DType::f32);

/// Copies `values` to a tensor, converting to `dtype`. Error: size and shape differ.
Tensor from_values(Backend& backend, const Shape& shape, std::span<const double> values,
                   DType dtype = DType::f32);
Tensor from_values(Backend& backend, const Shape& shape, std::span<const float> values,
                   DType dtype = DType::f32);
Tensor from_values(Backend& backend, const Shape& shape, std::span<const std::int32_t> values,
                   DType dtype = DType::i32);

/// The elements, on the host.
std::vector<double> to_doubles(Backend& backend, const Tensor& tensor);
std::vector<float> to_floats(Backend& backend, const Tensor& tensor);
std::vector<std::int32_t> to_ints(Backend& backend, const Tensor& tensor);

/// The one element of `tensor`. Error: it has more or fewer.
double to_scalar(Backend& backend, const Tensor& tensor);

/// Same shape and bit-equal values (as numbers: 0 equals -0, NaN equals nothing).
bool equal(Backend& backend, const Tensor& a, const Tensor& b);

/// Same shape and |a - b| <= atol + rtol |b| everywhere.
bool all_close(Backend& backend, const Tensor& a, const Tensor& b, double atol = 1e-5,
               double rtol = 1e-8);

}  // namespace alpha
