#pragma once

#include <cstdint>

namespace alpha::cpu {

/// The left side of a product with integer weights: M rows rounded to int8 block by block, filled
/// up with zeros to K' inputs, whole blocks.
struct IntegerRows {
  std::int8_t* bytes = nullptr;  // [M, K']
  float* scales = nullptr;       // [M, blocks]
  std::int32_t* sums = nullptr;  // [M, blocks]: of the int8 of a block
  std::int64_t row_size = 0;     // K'
  std::int64_t n_blocks = 0;

  IntegerRows from_row(std::int64_t row) const {
    return {bytes + row * row_size, scales + row * n_blocks, sums + row * n_blocks, row_size,
            n_blocks};
  }
};

}  // namespace alpha::cpu
