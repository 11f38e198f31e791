#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace alpha::helios::spirv {

/// What the left and right side of a product of matrices are made of; sums are f32.
enum class MatrixElement : std::uint8_t { f16, bf16 };

/// Turns a module that uses SPV_NV_cooperative_matrix, which Debian 12's glslang can compile, into
/// one that uses SPV_KHR_cooperative_matrix, which it cannot; and its f16 matrices into bf16 ones,
/// where asked.
///
/// The use of a matrix type (left, right, sum) is told by the specialization constant that is its
/// number of rows: 100, 102 or 104. Whether a load or store is by columns is a plain constant. With
/// bf16, the shader touches left and right sides by load and product alone. Ids keep their numbers.
/// Error: corrupt for a module that is not so.
std::vector<std::uint32_t> to_khr_matrices(std::span<const std::uint32_t> module,
                                           MatrixElement element);

}  // namespace alpha::helios::spirv
