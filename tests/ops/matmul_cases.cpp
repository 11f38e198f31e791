#include <cmath>

#include "tests/ops/op_case.h"

#include "alpha/tensor/ops/matmul.h"

namespace alpha::test {

namespace {

struct Sizes {
  std::int64_t M = 1;
  std::int64_t N = 1;
  std::int64_t K = 1;
};

enum class Into { fresh, same_dtype, accumulation_dtype };

Shape matrix(const Shape& batch, std::int64_t rows, std::int64_t columns, bool transposed) {
  return transposed ? batch.appended(columns).appended(rows)
                    : batch.appended(rows).appended(columns);
}

std::string name_of(const Sizes& s, MatmulOptions options, Into into) {
  constexpr std::string_view kInto[] = {"", "_added", "_added_to_a_wide_sum"};
  return fmt::format("{}x{}x{}{}{}{}", s.M, s.N, s.K, options.trans_a ? "_ta" : "",
                     options.trans_b ? "_tb" : "", kInto[static_cast<std::size_t>(into)]);
}

OpCase product(const Sizes& s, MatmulOptions options, Into into) {
  return {.op = OpId::matmul,
          .name = name_of(s, options, into),
          .run = [=](OpInputs& in) -> std::vector<Tensor> {
            const Tensor a = in.normal(matrix({}, s.M, s.K, options.trans_a));
            const Tensor b = in.normal(matrix({}, s.K, s.N, options.trans_b));
            if (into == Into::fresh) return {matmul(in.backend(), a, b, options)};
            const Tensor sum =
                into == Into::same_dtype ? in.normal({s.M, s.N}) : in.accumulator({s.M, s.N});
            matmul_accumulate(in.backend(), a, b, sum, options);
            return {sum};
          },
          .magnitude = std::sqrt(static_cast<double>(s.K + 1))};
}

OpCase batched(const Shape& a_batch, const Shape& b_batch, MatmulOptions options,
               const Sizes& s = {.M = 7, .N = 9, .K = 17}) {
  return {.op = OpId::matmul,
          .name = fmt::format("batch_{}_with_{}_of_{}x{}x{}{}{}", shape_name(a_batch),
                              shape_name(b_batch), s.M, s.N, s.K, options.trans_a ? "_ta" : "",
                              options.trans_b ? "_tb" : ""),
          .run = [=](OpInputs& in) -> std::vector<Tensor> {
            const Tensor a = in.normal(matrix(a_batch, s.M, s.K, options.trans_a));
            const Tensor b = in.normal(matrix(b_batch, s.K, s.N, options.trans_b));
            return {matmul(in.backend(), a, b, options)};
          },
          .magnitude = std::sqrt(static_cast<double>(s.K))};
}

}  // namespace

OpCases matmul_cases() {
  const std::vector<Sizes> sizes = {{1, 1, 1},     {3, 17, 1},     {17, 3, 63},   {65, 63, 129},
                                    {129, 65, 17}, {1, 1000, 129}, {1000, 1, 65}, {5, 7, 0},
                                    {0, 7, 5},     {7, 0, 5},      {35, 66, 520}, {65, 3, 530},
                                    {3, 70, 300}};
  OpCases cases;
  for (const bool trans_a : {false, true}) {
    for (const bool trans_b : {false, true}) {
      const MatmulOptions options = {.trans_a = trans_a, .trans_b = trans_b};
      for (const Sizes& s : sizes) {
        for (const Into into : {Into::fresh, Into::same_dtype, Into::accumulation_dtype}) {
          cases.push_back(product(s, options, into));
        }
      }
      for (const Into into : {Into::fresh, Into::accumulation_dtype}) {
        OpCase large = product({.M = 150, .N = 257, .K = 129}, options, into);
        large.dtypes = DType::f32 | DType::bf16;
        cases.push_back(std::move(large));
      }
      OpCase many_tiles = product({.M = 1300, .N = 1252, .K = 20}, options, Into::fresh);
      many_tiles.dtypes = trans_b ? DType::f32 | DType::bf16 : DTypeSet(DType::f32);
      cases.push_back(std::move(many_tiles));
      cases.push_back(batched({3}, {3}, options));
      cases.push_back(batched({2, 1}, {1, 3}, options));
      OpCase large_batch = batched({2}, {2}, options, {.M = 150, .N = 130, .K = 129});
      large_batch.dtypes = DType::f32 | DType::bf16;
      cases.push_back(std::move(large_batch));
      cases.push_back(batched({3}, {3}, options, {.M = 7, .N = 5, .K = 300}));
      cases.push_back(batched({2, 3}, {3}, options));
      cases.push_back(batched({}, {2, 3}, options));
      cases.push_back(batched({2, 3}, {}, options));
      cases.push_back(batched({0}, {1}, options));
    }
  }
  OpCase deep =
      product({.M = 132, .N = 200, .K = 6308}, {.trans_a = true}, Into::accumulation_dtype);
  deep.dtypes = DType::f32;
  cases.push_back(std::move(deep));
  return cases;
}

}  // namespace alpha::test
