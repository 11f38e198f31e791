#include "alpha/tensor/ops/attention.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "tests/ops/backend_param.h"
#include "tests/ops/tolerance.h"
#include <gtest/gtest.h>

#include "alpha/tensor/create.h"
#include "alpha/tensor/ops/layout.h"

namespace alpha::test {
namespace {

struct Heads {
  std::int64_t B = 1;
  std::int64_t T = 1;
  std::int64_t H = 1;
  std::int64_t D = 8;
  double soft_cap = 0;
  double dropout = 0;

  std::int64_t C() const { return H * D; }
};

AttentionOptions options_of(const Heads& h) {
  return {.n_heads = h.H,
          .soft_cap = h.soft_cap,
          .dropout = h.dropout,
          .key = {.seed = 5, .counter = 2}};
}

std::string describe(const Heads& h, DType dtype) {
  return fmt::format("B {} T {} H {} D {} cap {} dropout {} {}", h.B, h.T, h.H, h.D, h.soft_cap,
                     h.dropout, to_string(dtype));
}

/// One row of one head by the formula of AttentionArgs: the weights after dropout, and log Σ e^s.
struct Row {
  std::vector<double> weights;
  double lse = 0;
};

Row attention_row(const Heads& h, const std::vector<double>& qkv, std::int64_t b, std::int64_t head,
                  std::int64_t t) {
  const auto at = [&](std::int64_t row, std::int64_t column) {
    return qkv[static_cast<std::size_t>((b * h.T + row) * 3 * h.C() + column)];
  };
  Row result;
  double total = 0;
  for (std::int64_t s = 0; s <= t; ++s) {
    double score = 0;
    for (std::int64_t d = 0; d < h.D; ++d) {
      score += at(t, head * h.D + d) * at(s, h.C() + head * h.D + d);
    }
    score /= std::sqrt(static_cast<double>(h.D));
    if (h.soft_cap > 0) score = h.soft_cap * std::tanh(score / h.soft_cap);
    result.weights.push_back(std::exp(score));
    total += result.weights.back();
  }
  result.lse = std::log(total);
  const DropoutKey key = options_of(h).key;
  for (std::int64_t s = 0; s <= t; ++s) {
    double& weight = result.weights[static_cast<std::size_t>(s)];
    const auto element = static_cast<std::uint64_t>(((b * h.H + head) * h.T + t) * h.T + s);
    const bool is_kept = h.dropout == 0 || key.uniform(element) > h.dropout;
    weight = is_kept ? weight / total / (1 - h.dropout) : 0;
  }
  return result;
}

struct Expected {
  std::vector<double> out;  // [B, T, C]
  std::vector<double> lse;  // [B, H, T]
};

Expected attention_by_formula(const Heads& h, const std::vector<double>& qkv) {
  Expected e{.out = std::vector<double>(static_cast<std::size_t>(h.B * h.T * h.C())), .lse = {}};
  for (std::int64_t b = 0; b < h.B; ++b) {
    for (std::int64_t head = 0; head < h.H; ++head) {
      for (std::int64_t t = 0; t < h.T; ++t) {
        const Row row = attention_row(h, qkv, b, head, t);
        e.lse.push_back(row.lse);
        for (std::int64_t s = 0; s <= t; ++s) {
          for (std::int64_t d = 0; d < h.D; ++d) {
            const std::int64_t v = (b * h.T + s) * 3 * h.C() + 2 * h.C() + head * h.D + d;
            e.out[static_cast<std::size_t>((b * h.T + t) * h.C() + head * h.D + d)] +=
                row.weights[static_cast<std::size_t>(s)] * qkv[static_cast<std::size_t>(v)];
          }
        }
      }
    }
  }
  return e;
}

class Attention : public testing::TestWithParam<std::string_view> {
 protected:
  Tensor random_qkv(const Heads& h, DType dtype, double std = 1) {
    return randn(*backend_, {h.B, h.T, 3 * h.C()}, rng_, std, dtype);
  }

  Tensor rows(const Tensor& x, std::int64_t begin, std::int64_t end) {
    return slice(*backend_, x, 1, begin, end);
  }

  std::unique_ptr<Backend> backend_ = make_backend(GetParam());
  SeededRng rng_{99};
};

TEST_P(Attention, EqualsTheFormula) {
  for (const DType dtype : {DType::f64, DType::f32, DType::bf16}) {
    if (dtype == DType::f64 && !has_f64(*backend_)) continue;
    for (const Heads& h : {Heads{.B = 2, .T = 17, .H = 4, .D = 8},
                           Heads{.B = 2, .T = 17, .H = 3, .D = 5, .dropout = 0.2},
                           Heads{.T = 33, .H = 2, .D = 32, .soft_cap = 30},
                           Heads{.T = 9, .H = 12, .D = 1, .soft_cap = 2, .dropout = 0.5}}) {
      const Tensor qkv = random_qkv(h, dtype);
      const Expected expected = attention_by_formula(h, to_doubles(*backend_, qkv));
      const AttentionResult result = attention(*backend_, qkv, options_of(h));
      const auto out =
          worst_mismatch(to_doubles(*backend_, result.out), expected.out, dtype, {.factor = 4});
      EXPECT_FALSE(out) << describe(h, dtype) << ": " << out.value_or("");
      const auto lse = worst_mismatch(to_doubles(*backend_, result.lse), expected.lse,
                                      result.lse.dtype(), {.factor = 4});
      EXPECT_FALSE(lse) << describe(h, dtype) << ", lse: " << lse.value_or("");
    }
  }
}

TEST_P(Attention, SoftCapBoundsScoresBeyondIt) {
  const Heads capped = {.T = 17, .H = 2, .D = 32, .soft_cap = 30};
  const Tensor qkv = random_qkv(capped, DType::f32, 6);
  const auto lse = to_doubles(*backend_, attention(*backend_, qkv, options_of(capped)).lse);
  for (const double v : lse) EXPECT_LE(v, 30 + std::log(17.0));
  Heads open = capped;
  open.soft_cap = 0;
  const auto larger = to_doubles(*backend_, attention(*backend_, qkv, options_of(open)).lse);
  EXPECT_GT(*std::ranges::max_element(larger), 60) << "the inputs do not reach the cap";
}

TEST_P(Attention, HowManyPositionsFollowDoesNotChangeABit) {
  for (const DType dtype : {DType::f32, DType::bf16}) {
    for (const Heads& h :
         {Heads{.B = 2, .T = 17, .H = 1, .D = 8}, Heads{.T = 65, .H = 4, .D = 32},
          Heads{.T = 65, .H = 2, .D = 80, .soft_cap = 30}, Heads{.T = 130, .H = 2, .D = 64},
          Heads{.B = 2, .T = 9, .H = 12, .D = 64, .soft_cap = 30},
          Heads{.T = 20, .H = 3, .D = 1}}) {
      const Tensor qkv = random_qkv(h, dtype);
      const Tensor whole = attention(*backend_, qkv, options_of(h)).out;
      for (const std::int64_t n : {std::int64_t{1}, h.T / 3, h.T / 2, h.T - 1}) {
        const Tensor start = attention(*backend_, rows(qkv, 0, n), options_of(h)).out;
        EXPECT_TRUE(equal(*backend_, start, rows(whole, 0, n)))
            << describe(h, dtype) << ", the first " << n;
      }
    }
  }
}

TEST_P(Attention, NoPositionSeesALaterOne) {
  for (const DType dtype : {DType::f32, DType::bf16}) {
    for (const Heads& h : {Heads{.T = 16, .H = 4, .D = 8}, Heads{.B = 2, .T = 65, .H = 12, .D = 32},
                           Heads{.T = 130, .H = 1, .D = 64, .soft_cap = 30},
                           Heads{.T = 33, .H = 4, .D = 80, .dropout = 0.2},
                           Heads{.T = 129, .H = 1, .D = 64, .dropout = 0.2},
                           Heads{.T = 64, .H = 4, .D = 128, .dropout = 0.1},
                           Heads{.T = 65, .H = 12, .D = 64, .soft_cap = 30, .dropout = 0.1}}) {
      const Tensor qkv = random_qkv(h, dtype);
      const Tensor before = attention(*backend_, qkv, options_of(h)).out;
      for (const std::int64_t j : {h.T / 4, h.T / 2, h.T - 2, h.T - 1}) {
        SCOPED_TRACE(fmt::format("{}, token {} changed", describe(h, dtype), j));
        const std::vector<Tensor> parts = {rows(qkv, 0, j),
                                           randn(*backend_, {h.B, 1, 3 * h.C()}, rng_, 20, dtype),
                                           rows(qkv, j + 1, h.T)};
        const Tensor changed = cat(*backend_, parts, 1);
        const Tensor after = attention(*backend_, changed, options_of(h)).out;
        EXPECT_TRUE(equal(*backend_, rows(after, 0, j), rows(before, 0, j)));
        EXPECT_FALSE(equal(*backend_, rows(after, j, h.T), rows(before, j, h.T)));
      }
    }
  }
}

TEST_P(Attention, NoPositionReadsALaterOne) {
  for (const DType dtype : {DType::f32, DType::bf16}) {
    for (const Heads& h :
         {Heads{.B = 2, .T = 65, .H = 3, .D = 32}, Heads{.T = 130, .H = 2, .D = 80},
          Heads{.T = 129, .H = 2, .D = 64}, Heads{.T = 65, .H = 1, .D = 128}}) {
      const Tensor qkv = random_qkv(h, dtype);
      const Tensor before = attention(*backend_, qkv, options_of(h)).out;
      // NaN spreads even when it is multiplied by a weight of 0.
      const Tensor nans =
          full(*backend_, {h.B, h.T, 3 * h.C()}, std::numeric_limits<double>::quiet_NaN(), dtype);
      for (const std::int64_t j : {std::int64_t{1}, h.T / 2 + 1, h.T - 1}) {
        const std::vector<Tensor> parts = {rows(qkv, 0, j), rows(nans, j, h.T)};
        const Tensor after = attention(*backend_, cat(*backend_, parts, 1), options_of(h)).out;
        EXPECT_TRUE(equal(*backend_, rows(after, 0, j), rows(before, 0, j)))
            << describe(h, dtype) << ", NaN from " << j << " on";
      }
    }
  }
}

TEST_P(Attention, GradientsOfEarlierOutputsDoNotReachLaterTokens) {
  for (const DType dtype : {DType::f32, DType::bf16}) {
    for (const Heads& h :
         {Heads{.B = 2, .T = 65, .H = 4, .D = 32}, Heads{.T = 65, .H = 12, .D = 64, .dropout = 0.1},
          Heads{.T = 65, .H = 1, .D = 128, .soft_cap = 30}}) {
      const Tensor qkv = random_qkv(h, dtype);
      const AttentionResult forward = attention(*backend_, qkv, options_of(h));
      for (const std::int64_t cut : {std::int64_t{23}, std::int64_t{64}}) {
        const std::vector<Tensor> parts = {randn(*backend_, {h.B, cut, h.C()}, rng_, 1, dtype),
                                           zeros(*backend_, {h.B, h.T - cut, h.C()}, dtype)};
        const Tensor dqkv =
            attention_backward(*backend_, qkv, forward, cat(*backend_, parts, 1), options_of(h));
        EXPECT_TRUE(equal(*backend_, rows(dqkv, cut, h.T),
                          zeros(*backend_, {h.B, h.T - cut, 3 * h.C()}, dtype)))
            << describe(h, dtype) << ", cut " << cut;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Ops, Attention, each_backend(), backend_test_name);

}  // namespace
}  // namespace alpha::test
