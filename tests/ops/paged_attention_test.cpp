#include "alpha/tensor/ops/paged_attention.h"

#include <memory>
#include <numeric>

#include "tests/ops/backend_param.h"
#include <gtest/gtest.h>

#include "alpha/tensor/create.h"
#include "alpha/tensor/ops/layout.h"

namespace alpha::test {
namespace {

constexpr std::int64_t kHeads = 2;
constexpr std::int64_t kD = 20;
constexpr std::int64_t kC = kHeads * kD;

class PagedAttention : public testing::TestWithParam<std::string_view> {
 protected:
  /// Attention of one sequence, computed in steps that end at these positions.
  Tensor in_steps(const Tensor& qkv, const std::vector<std::int64_t>& ends) {
    const std::int64_t n = qkv.shape()[0];
    const std::int64_t n_blocks = (n + kKvBlock - 1) / kKvBlock;
    std::vector<std::int32_t> table(static_cast<std::size_t>(n_blocks));
    std::iota(table.rbegin(), table.rend(), 0);
    PagedRows rows;
    rows.tables = from_values(*backend_, {1, n_blocks}, std::span<const std::int32_t>(table));
    rows.kv = zeros(*backend_, {n_blocks, 1, kHeads, kv_head_size(kD)});
    const Tensor out = zeros(*backend_, {n, kC});
    std::int64_t begin = 0;
    for (const std::int64_t end : ends) {
      std::vector<std::int32_t> positions(static_cast<std::size_t>(end - begin));
      std::iota(positions.begin(), positions.end(), static_cast<std::int32_t>(begin));
      rows.positions =
          from_values(*backend_, {end - begin}, std::span<const std::int32_t>(positions));
      rows.sequences = zeros(*backend_, {end - begin}, DType::i32);
      const Tensor part = paged_attention(*backend_, slice(*backend_, qkv, 0, begin, end), rows,
                                          {.n_heads = kHeads, .soft_cap = 4});
      write_slice(*backend_, part, out, std::array{begin, std::int64_t{0}});
      begin = end;
    }
    return out;
  }

  std::unique_ptr<Backend> backend_ = make_backend(GetParam());
};

TEST_P(PagedAttention, HowPositionsAreCutIntoStepsDoesNotChangeABit) {
  SeededRng rng(5);
  const Tensor qkv = randn(*backend_, {200, 3 * kC}, rng);
  const Tensor whole = in_steps(qkv, {200});
  EXPECT_TRUE(equal(*backend_, whole, in_steps(qkv, {1, 2, 63, 64, 65, 130, 199, 200})));
  std::vector<std::int64_t> one_by_one(200);
  std::iota(one_by_one.begin(), one_by_one.end(), 1);
  EXPECT_TRUE(equal(*backend_, whole, in_steps(qkv, one_by_one)));
}

INSTANTIATE_TEST_SUITE_P(Ops, PagedAttention, each_backend(), backend_test_name);

}  // namespace
}  // namespace alpha::test
