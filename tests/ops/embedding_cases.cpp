#include <algorithm>
#include <cmath>

#include "tests/ops/op_case.h"

#include "alpha/tensor/ops/embedding.h"

namespace alpha::test {

namespace {

struct Lookup {
  Shape indices;
  std::int64_t V = 1;
  std::int64_t D = 1;
};

std::string name_of(const Lookup& l) {
  return fmt::format("{}_from_{}x{}", shape_name(l.indices), l.V, l.D);
}

OpCase forward(const Lookup& l) {
  return {.op = OpId::embedding,
          .name = name_of(l),
          .run = [=](OpInputs& in) -> std::vector<Tensor> {
            const Tensor weight = in.normal({l.V, l.D});
            return {embedding(in.backend(), weight, in.indices(l.indices, l.V))};
          },
          .factor = 0};
}

OpCase backward(const Lookup& l) {
  return {.op = OpId::embedding_backward,
          .name = name_of(l) + "_into_a_wide_sum",
          .run = [=](OpInputs& in) -> std::vector<Tensor> {
            const Tensor dweight = in.accumulator({l.V, l.D});
            const Tensor indices = in.indices(l.indices, l.V);
            embedding_backward(in.backend(), indices, in.normal(l.indices.appended(l.D)), dweight);
            return {dweight};
          },
          .magnitude = std::max(8.0, std::sqrt(static_cast<double>(l.indices.numel())))};
}

}  // namespace

OpCases embedding_cases() {
  OpCases cases;
  for (const Lookup& l :
       {Lookup{.indices = {3, 7}, .V = 50, .D = 17}, Lookup{.indices = {1}, .V = 1, .D = 1},
        Lookup{.indices = {}, .V = 5, .D = 65}, Lookup{.indices = {0}, .V = 5, .D = 3},
        Lookup{.indices = {9}, .V = 5, .D = 0}, Lookup{.indices = {500}, .V = 7, .D = 129},
        Lookup{.indices = {4, 129}, .V = 1000, .D = 64},
        // A row from many places, and more rows than a digit of a sort tells apart.
        Lookup{.indices = {5000}, .V = 3, .D = 70},
        Lookup{.indices = {3000}, .V = 70'000, .D = 6}}) {
    cases.push_back(forward(l));
    cases.push_back(backward(l));
  }
  cases.push_back({.op = OpId::embedding_backward,
                   .name = "repeated_tokens_into_the_same_dtype",
                   .run = [](OpInputs& in) -> std::vector<Tensor> {
                     const Tensor dweight = in.normal({5, 33});
                     const std::vector<std::int32_t> indices = {4, 0, 4, 1, 4, 0};
                     embedding_backward(in.backend(), in.integers({2, 3}, indices),
                                        in.normal({2, 3, 33}), dweight);
                     return {dweight};
                   },
                   .factor = 3});
  return cases;
}

}  // namespace alpha::test
