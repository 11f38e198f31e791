#include "tests/ops/op_inputs.h"

#include <algorithm>
#include <cmath>

namespace alpha::test {

namespace {

template<class Draw>
std::vector<double> draw(const Shape& shape, Draw&& next) {
  std::vector<double> values(static_cast<std::size_t>(shape.numel()));
  std::ranges::generate(values, next);
  return values;
}

std::int64_t below(SeededRng& rng, std::int64_t n) {
  return static_cast<std::int64_t>(rng.next() * static_cast<double>(n));
}

}  // namespace

double quantize(double value, DType dtype) {
  return visit_dtype(dtype, [&]<class Tag>(Tag) {
    return static_cast<double>(static_cast<typename Tag::Type>(value));
  });
}

Tensor OpInputs::place(const Shape& shape, std::span<const double> values, DType rounding,
                       DType dtype) {
  const auto n_bytes = static_cast<std::size_t>(shape.numel() + options_.offset) * size_of(dtype);
  Tensor result(backend_.allocate(n_bytes), options_.offset, shape, dtype);
  visit_dtype(dtype, [&]<class Tag>(Tag) {
    using T = typename Tag::Type;
    std::vector<T> stored(values.size());
    std::ranges::transform(values, stored.begin(),
                           [&](double v) { return static_cast<T>(quantize(v, rounding)); });
    backend_.upload(stored.data(), result);
  });
  return result;
}

Tensor OpInputs::normal(const Shape& shape, double std) {
  const double spread = options_.rounding == DType::i32 ? 100 * std : std;
  return values(shape, draw(shape, [&] { return rng_.next_gauss() * spread; }));
}

Tensor OpInputs::uniform(const Shape& shape, double low, double high) {
  return values(shape, draw(shape, [&] { return low + (high - low) * rng_.next(); }));
}

Tensor OpInputs::whole(const Shape& shape, std::int64_t low, std::int64_t high) {
  return values(shape,
                draw(shape, [&] { return static_cast<double>(low + below(rng_, high - low)); }));
}

Tensor OpInputs::values(const Shape& shape, std::span<const double> values) {
  return place(shape, values, options_.rounding, options_.dtype);
}

Tensor OpInputs::accumulator(const Shape& shape) {
  return place(shape, draw(shape, [&] { return rng_.next_gauss(); }),
               accumulation_dtype(options_.rounding), accumulation());
}

Tensor OpInputs::indices(const Shape& shape, std::int64_t n) {
  return place(shape, draw(shape, [&] { return static_cast<double>(below(rng_, n)); }), DType::i32,
               DType::i32);
}

Tensor OpInputs::integers(const Shape& shape, std::span<const std::int32_t> values) {
  const std::vector<double> wide(values.begin(), values.end());
  return place(shape, wide, DType::i32, DType::i32);
}

}  // namespace alpha::test
