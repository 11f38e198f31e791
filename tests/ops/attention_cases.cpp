#include "tests/ops/op_case.h"

#include "alpha/tensor/ops/attention.h"

namespace alpha::test {

namespace {

struct Heads {
  std::int64_t B = 1;
  std::int64_t T = 1;
  std::int64_t H = 1;
  std::int64_t D = 8;
  double soft_cap = 0;
  double dropout = 0;
  double std = 1;
};

std::string name_of(const Heads& h) {
  return fmt::format("B{}_T{}_H{}_D{}_cap_{}_dropout_{}_of_size_{}", h.B, h.T, h.H, h.D, h.soft_cap,
                     h.dropout, h.std);
}

AttentionOptions options_of(const Heads& h) {
  return {.n_heads = h.H,
          .soft_cap = h.soft_cap,
          .dropout = h.dropout,
          .key = {.seed = 3, .counter = 11}};
}

Shape qkv_shape(const Heads& h) {
  return {h.B, h.T, 3 * h.H * h.D};
}

/// Scores of size std² multiply the rounding of q and k before they reach the exponential.
double magnitude_of(const Heads& h) {
  return h.std * (1 + h.std * h.std);
}

OpCase forward(const Heads& h) {
  return {.op = OpId::attention,
          .name = name_of(h),
          .run = [=](OpInputs& in) -> std::vector<Tensor> {
            const AttentionResult result =
                attention(in.backend(), in.normal(qkv_shape(h), h.std), options_of(h));
            return {result.out, result.lse};
          },
          .factor = 3,
          .magnitude = magnitude_of(h)};
}

OpCase backward(const Heads& h) {
  return {.op = OpId::attention_backward,
          .name = name_of(h),
          .run = [=](OpInputs& in) -> std::vector<Tensor> {
            const Tensor qkv = in.normal(qkv_shape(h), h.std);
            const AttentionResult result = attention(in.backend(), qkv, options_of(h));
            const Tensor dout = in.normal(result.out.shape());
            return {attention_backward(in.backend(), qkv, result, dout, options_of(h))};
          },
          .factor = 8,
          .magnitude = magnitude_of(h)};
}

}  // namespace

OpCases attention_cases() {
  std::vector<Heads> all;
  for (const std::int64_t T : {1, 2, 17, 64, 65, 130}) {
    all.push_back({.B = 2, .T = T, .H = 1, .D = 32});
    all.push_back({.T = T, .H = 4, .D = 8, .soft_cap = 30});
  }
  for (const std::int64_t D : {1, 8, 32, 64, 80}) {
    all.push_back({.B = 2, .T = 17, .H = 4, .D = D});
    all.push_back({.T = 33, .H = 1, .D = D, .soft_cap = 30, .std = 3});
    all.push_back({.T = 33, .H = 4, .D = D, .dropout = 0.2});
  }
  // Around the tiles of flash attention, with all that a score goes through.
  for (const std::int64_t T : {15, 63, 129}) all.push_back({.T = T, .D = 64, .dropout = 0.1});
  for (const std::int64_t T : {1, 16, 64, 65}) {
    all.push_back({.T = T, .H = 2, .D = 128, .soft_cap = 30, .dropout = 0.2});
  }
  for (const std::int64_t D : {48, 96}) all.push_back({.T = 65, .H = 2, .D = D});
  all.push_back({.T = 65, .H = 12, .D = 64, .dropout = 0.1});
  all.push_back({.B = 2, .T = 65, .H = 12, .D = 16, .soft_cap = 30, .dropout = 0.2});
  all.push_back({.B = 0, .T = 5, .H = 2, .D = 8});
  all.push_back({.B = 2, .T = 0, .H = 2, .D = 8});
  OpCases cases;
  for (const Heads& h : all) {
    cases.push_back(forward(h));
    cases.push_back(backward(h));
  }
  cases.push_back(forward({.T = 33, .H = 2, .D = 64, .std = 5}));
  cases.push_back(forward({.T = 33, .H = 2, .D = 64, .soft_cap = 30, .std = 5}));
  return cases;
}

}  // namespace alpha::test
