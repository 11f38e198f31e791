#include <limits>

#include "tests/ops/op_case.h"

#include "alpha/tensor/create.h"
#include "alpha/tensor/ops/cast.h"
#include "alpha/tensor/ops/paged_attention.h"

namespace alpha::test {

namespace {

struct Step {
  std::string name;
  std::int64_t n_heads = 1;
  std::int64_t D = 1;
  double soft_cap = 0;
  std::vector<std::int64_t> lengths;  // of the sequences, each computed in two steps
  std::vector<std::int64_t> pasts;    // what the first step computes of it
};

/// The blocks of the sequences, mixed; memory that nothing was written to is NaN.
struct Cache {
  PagedRows rows;
  std::int64_t max_blocks = 0;

  Cache(Backend& backend, const Step& step) {
    std::int64_t n_blocks = 0;
    for (const std::int64_t length : step.lengths) {
      max_blocks = std::max(max_blocks, (length + kKvBlock - 1) / kKvBlock);
    }
    n_blocks = max_blocks * static_cast<std::int64_t>(step.lengths.size());
    std::vector<std::int32_t> tables(static_cast<std::size_t>(n_blocks));
    for (std::size_t i = 0; i < tables.size(); ++i) {
      tables[i] = static_cast<std::int32_t>((i * 7 + 3) % tables.size());
      if (tables.size() % 7 == 0) tables[i] = static_cast<std::int32_t>(tables.size() - 1 - i);
    }
    rows.tables = from_values(backend, {static_cast<std::int64_t>(step.lengths.size()), max_blocks},
                              std::span<const std::int32_t>(tables));
    rows.kv = full(backend, {n_blocks, 2, step.n_heads, kv_head_size(step.D)},
                   std::numeric_limits<double>::quiet_NaN());
  }

  void place(Backend& backend, const Step& step, bool is_second) {
    std::vector<std::int32_t> positions;
    std::vector<std::int32_t> sequences;
    for (std::size_t s = 0; s < step.lengths.size(); ++s) {
      const std::int64_t begin = is_second ? step.pasts[s] : 0;
      const std::int64_t end = is_second ? step.lengths[s] : step.pasts[s];
      for (std::int64_t p = begin; p < end; ++p) {
        positions.push_back(static_cast<std::int32_t>(p));
        sequences.push_back(static_cast<std::int32_t>(s));
      }
    }
    const auto R = static_cast<std::int64_t>(positions.size());
    rows.positions = from_values(backend, {R}, std::span<const std::int32_t>(positions));
    rows.sequences = from_values(backend, {R}, std::span<const std::int32_t>(sequences));
  }
};

OpCase step_case(const Step& step) {
  return {.op = OpId::paged_attention,
          .name = step.name,
          .run = [=](OpInputs& in) -> std::vector<Tensor> {
            Cache cache(in.backend(), step);
            std::vector<Tensor> outs;
            for (const bool is_second : {false, true}) {
              cache.place(in.backend(), step, is_second);
              const std::int64_t R = cache.rows.positions.numel();
              const Tensor qkv =
                  cast(in.backend(), in.normal({R, 3 * step.n_heads * step.D}), DType::f32);
              outs.push_back(paged_attention(
                  in.backend(), qkv, cache.rows,
                  {.layer = 1, .n_heads = step.n_heads, .soft_cap = step.soft_cap}));
            }
            return outs;
          },
          .factor = 8,
          .dtypes = DType::f32};
}

}  // namespace

OpCases paged_attention_cases() {
  OpCases cases;
  for (const auto& [H, D] : {std::pair{1, 1}, {2, 16}, {3, 20}, {4, 64}, {1, 100}}) {
    for (const double cap : {0.0, 3.0}) {
      cases.push_back(step_case({.name = fmt::format("{}_heads_of_{}_cap_{}", H, D, cap),
                                 .n_heads = H,
                                 .D = D,
                                 .soft_cap = cap,
                                 .lengths = {1, 17, 40, 33, 130},
                                 .pasts = {0, 16, 1, 32, 70}}));
    }
  }
  cases.push_back(
      step_case({.name = "one_row", .n_heads = 2, .D = 8, .lengths = {2}, .pasts = {1}}));
  return cases;
}

}  // namespace alpha::test
