#include <cmath>

#include "tests/ops/op_case.h"

#include "alpha/tensor/ops/cast.h"
#include "alpha/tensor/ops/packed.h"

namespace alpha::test {

namespace {

constexpr std::array kFormats = {WeightFormat::f32, WeightFormat::bf16, WeightFormat::int8,
                                 WeightFormat::int4};

// These ops know f32 alone: the truth is the plain kernel with sums in double.
Tensor normal_f32(OpInputs& in, const Shape& shape, double std = 1) {
  return cast(in.backend(), in.normal(shape, std), DType::f32);
}

struct Product {
  Shape x;
  std::int64_t N = 1;
  WeightFormat format = WeightFormat::f32;
  Activation activation = Activation::none;
  bool has_bias = false;
  bool has_residual = false;
};

OpCase product_case(const Product& product) {
  const std::int64_t K = product.x.back();
  return {
      .op = OpId::packed_linear,
      .name = fmt::format("{}_to_{}_{}_{}{}{}", shape_name(product.x), product.N,
                          to_string(product.format), to_string(product.activation),
                          product.has_bias ? "_bias" : "", product.has_residual ? "_residual" : ""),
      .run = [=](OpInputs& in) -> std::vector<Tensor> {
        const Tensor x = normal_f32(in, product.x);
        const double std = 1 / std::sqrt(static_cast<double>(K));
        const PackedMatrix weight =
            pack(in.backend(), normal_f32(in, {product.N, K}, std), product.format);
        const Tensor bias = product.has_bias ? normal_f32(in, {product.N}) : Tensor();
        const Shape out = product.x.with(product.x.rank() - 1, product.N);
        const Tensor residual = product.has_residual ? normal_f32(in, out) : Tensor();
        return {packed_linear(in.backend(), x, weight, bias,
                              {.activation = product.activation, .residual = residual})};
      },
      .factor = 4,
      .magnitude = std::sqrt(static_cast<double>(K)),
      .dtypes = DType::f32};
}

OpCase pack_case(const Shape& shape, WeightFormat format) {
  return {.op = OpId::pack,
          .name = fmt::format("{}_{}", shape_name(shape), to_string(format)),
          .run = [=](OpInputs& in) -> std::vector<Tensor> {
            const PackedMatrix packed = pack(in.backend(), normal_f32(in, shape), format);
            return is_integer(format) ? std::vector{packed.values, packed.scales}
                                      : std::vector{packed.values};
          },
          .factor = 0,
          .dtypes = DType::f32};
}

OpCase embedding_case(const Shape& shape, WeightFormat format) {
  return {.op = OpId::packed_embedding,
          .name = fmt::format("{}_{}", shape_name(shape), to_string(format)),
          .run = [=](OpInputs& in) -> std::vector<Tensor> {
            const PackedMatrix packed = pack(in.backend(), normal_f32(in, shape), format);
            return {packed_embedding(in.backend(), packed, in.indices({3, 5}, shape[0]))};
          },
          .factor = 0,
          .dtypes = DType::f32};
}

}  // namespace

OpCases packed_cases() {
  OpCases cases;
  for (const WeightFormat format : kFormats) {
    for (const Shape& shape : {Shape{1, 1}, Shape{17, 33}, Shape{64, 128}, Shape{50, 96}}) {
      cases.push_back(pack_case(shape, format));
      cases.push_back(embedding_case(shape, format));
    }
    // Every number of rows that is computed together, and what is cut into several.
    for (const std::int64_t M : {1, 2, 3, 4, 5, 6, 7, 8, 13, 25}) {
      cases.push_back(product_case({.x = {M, 64}, .N = 100, .format = format}));
    }
    for (const Shape& x : {Shape{3, 1}, Shape{2, 33}, Shape{2, 2, 97}, Shape{1, 288}, Shape{7, 256},
                           Shape{400, 40}, Shape{0, 32}}) {
      cases.push_back(product_case({.x = x, .N = 35, .format = format}));
    }
    for (const Activation activation :
         {Activation::none, Activation::gelu, Activation::relu, Activation::silu}) {
      cases.push_back(product_case({.x = {9, 96},
                                    .N = 70,
                                    .format = format,
                                    .activation = activation,
                                    .has_bias = true,
                                    .has_residual = true}));
    }
    cases.push_back(product_case({.x = {2, 64}, .N = 1, .format = format, .has_bias = true}));
    cases.push_back(product_case({.x = {2, 64}, .N = 2000, .format = format}));
    cases.push_back(product_case({.x = {2, 24}, .N = 8200, .format = format}));
    cases.push_back(product_case({.x = {3, 3001}, .N = 40, .format = format}));
  }
  return cases;
}

}  // namespace alpha::test
