#include "alpha/data/batch.h"

#include <algorithm>
#include <cstddef>

#include "alpha/core/error.h"

namespace alpha {

void Batch::reshape(std::int64_t n_rows, std::int64_t n_columns) {
  if (n_rows < 1 || n_columns < 1) {
    fail_invalid("[batch] shape: got [{}, {}], expected at least [1, 1]", n_rows, n_columns);
  }
  B = n_rows;
  T = n_columns;
  const auto n = static_cast<std::size_t>(n_rows * n_columns);
  inputs.resize(n);
  targets.resize(n);
}

std::int64_t Batch::n_targets() const noexcept {
  return std::ranges::count_if(targets, [](TokenId id) { return id != kIgnoreTarget; });
}

void fill_windows(std::span<const TokenId> tokens, std::span<const std::int64_t> starts,
                  std::int64_t T, Batch& batch) {
  batch.reshape(static_cast<std::int64_t>(starts.size()), T);
  const auto length = static_cast<std::int64_t>(tokens.size());
  auto input = batch.inputs.begin();
  auto target = batch.targets.begin();
  for (const std::int64_t start : starts) {
    if (start < 0 || start > length - T - 1) {
      fail_invalid(
          "[batch] window start {} with block size {} leaves the {} tokens: expected 0..{}", start,
          T, length, length - T - 1);
    }
    const auto window = tokens.subspan(static_cast<std::size_t>(start));
    input = std::copy_n(window.begin(), T, input);
    target = std::copy_n(window.begin() + 1, T, target);
  }
}

}  // namespace alpha
