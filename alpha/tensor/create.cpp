#include "alpha/tensor/create.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "alpha/tensor/ops/fill.h"

namespace alpha {

namespace {

template<class From>
Tensor from_host(Backend& backend, const Shape& shape, std::span<const From> values, DType dtype) {
  if (static_cast<std::int64_t>(values.size()) != shape.numel()) {
    fail_invalid("[from_values] got {} values for shape {}, expected {}", values.size(), shape,
                 shape.numel());
  }
  Tensor result = empty(backend, shape, dtype);
  visit_dtype(dtype, [&]<class Tag>(Tag) {
    using T = typename Tag::Type;
    std::vector<T> converted(values.size());
    std::ranges::transform(values, converted.begin(),
                           [](From v) { return static_cast<T>(static_cast<double>(v)); });
    backend.upload(converted.data(), result);
  });
  return result;
}

template<class To>
std::vector<To> to_host(Backend& backend, const Tensor& tensor) {
  std::vector<To> result(static_cast<std::size_t>(tensor.numel()));
  visit_dtype(tensor.dtype(), [&]<class Tag>(Tag) {
    std::vector<typename Tag::Type> raw(result.size());
    backend.download(tensor, raw.data());
    std::ranges::transform(raw, result.begin(), [](auto v) { return static_cast<To>(v); });
  });
  return result;
}

}  // namespace

Tensor empty(Backend& backend, const Shape& shape, DType dtype) {
  const auto n_bytes = static_cast<std::size_t>(shape.numel()) * size_of(dtype);
  return {backend.allocate(n_bytes), 0, shape, dtype};
}

Tensor full(Backend& backend, const Shape& shape, double value, DType dtype) {
  Tensor result = empty(backend, shape, dtype);
  fill(backend, result, value);
  return result;
}

Tensor zeros(Backend& backend, const Shape& shape, DType dtype) {
  return full(backend, shape, 0, dtype);
}

Tensor ones(Backend& backend, const Shape& shape, DType dtype) {
  return full(backend, shape, 1, dtype);
}

Tensor randn(Backend& backend, const Shape& shape, SeededRng& rng, double std, DType dtype) {
  std::vector<float> values(static_cast<std::size_t>(shape.numel()));
  for (float& value : values) value = static_cast<float>(rng.next_gauss() * std);
  return from_values(backend, shape, std::span<const float>(values), dtype);
}

Tensor causal_mask(Backend& backend, std::int64_t T, DType dtype) {
  std::vector<float> values(static_cast<std::size_t>(T * T), 0.0F);
  for (std::int64_t row = 0; row < T; ++row) {
    std::fill(values.begin() + row * T + row + 1, values.begin() + (row + 1) * T,
              -std::numeric_limits<float>::infinity());
  }
  return from_values(backend, {T, T}, std::span<const float>(values), dtype);
}

Tensor from_values(Backend& backend, const Shape& shape, std::span<const double> values,
                   DType dtype) {
  return from_host(backend, shape, values, dtype);
}

Tensor from_values(Backend& backend, const Shape& shape, std::span<const float> values,
                   DType dtype) {
  return from_host(backend, shape, values, dtype);
}

Tensor from_values(Backend& backend, const Shape& shape, std::span<const std::int32_t> values,
                   DType dtype) {
  return from_host(backend, shape, values, dtype);
}

std::vector<double> to_doubles(Backend& backend, const Tensor& tensor) {
  return to_host<double>(backend, tensor);
}

std::vector<float> to_floats(Backend& backend, const Tensor& tensor) {
  return to_host<float>(backend, tensor);
}

std::vector<std::int32_t> to_ints(Backend& backend, const Tensor& tensor) {
  return to_host<std::int32_t>(backend, tensor);
}

double to_scalar(Backend& backend, const Tensor& tensor) {
  if (tensor.numel() != 1) {
    fail_invalid("[to_scalar] tensor has shape {}, expected one element", tensor.shape());
  }
  return visit_dtype(tensor.dtype(), [&]<class Tag>(Tag) {
    typename Tag::Type value{};
    backend.download(tensor, &value);
    return static_cast<double>(value);
  });
}

bool equal(Backend& backend, const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() && to_doubles(backend, a) == to_doubles(backend, b);
}

bool all_close(Backend& backend, const Tensor& a, const Tensor& b, double atol, double rtol) {
  if (a.shape() != b.shape()) return false;
  return std::ranges::equal(
      to_doubles(backend, a), to_doubles(backend, b), [&](double x, double y) {
        return x == y || (std::isfinite(y) && std::abs(x - y) <= atol + rtol * std::abs(y));
      });
}

}  // namespace alpha
