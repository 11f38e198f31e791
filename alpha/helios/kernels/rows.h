#pragma once

#include "alpha/helios/kernels/launch.h"

namespace alpha::helios {

/// Workgroups for a kernel that has one for each of n rows.
std::uint32_t groups_for_rows(const HeliosBackend& backend, std::int64_t n);

/// Calls body(begin, end) for stretches of rows of which a shader sees every tensor's part; the
/// tensors have `n_rows` rows, of equal size each.
template<class Body>
void for_row_pieces(const HeliosBackend& backend, std::int64_t n_rows,
                    std::initializer_list<Tensor> tensors, Body&& body);

/// Rows [begin, end) of a tensor that has n_rows.
inline Tensor rows_of(const Tensor& tensor, std::int64_t n_rows, std::int64_t begin,
                      std::int64_t end) {
  const std::int64_t row = tensor.numel() / n_rows;
  return tensor.flat(begin * row, end * row);
}

/// What shaders read and write at once, where they can.
inline constexpr std::int64_t kUnitBytes = 16;

/// Whether rows of n elements of these tensors are whole units, at places where a unit can be read.
bool has_unit_rows(std::initializer_list<Tensor> tensors, std::int64_t n) noexcept;

/// Invocations of a workgroup that has a row of n elements, a unit each at a time, or an element.
std::uint32_t size_for_row(std::int64_t n, DType dtype) noexcept;

/// A kernel with a workgroup, of `size` invocations, for each row.
template<class Parameters>
void launch_rows(HeliosBackend& backend, const Shader& shader,
                 std::initializer_list<std::uint32_t> constants,
                 std::initializer_list<Tensor> tensors, std::int64_t n_rows,
                 const Parameters& parameters, std::uint32_t size = kWorkgroup) {
  std::vector<std::uint32_t> all = {size};
  all.insert(all.end(), constants);
  backend.dispatch({.shader = &shader,
                    .constants = all,
                    .tensors = std::span(tensors.begin(), tensors.size()),
                    .parameters = bytes_of(parameters),
                    .groups_x = groups_for_rows(backend, n_rows)});
}

/// The number of rows that a piece may have.
std::int64_t row_piece_of(const HeliosBackend& backend, std::int64_t n_rows,
                          std::initializer_list<Tensor> tensors);

template<class Body>
void for_row_pieces(const HeliosBackend& backend, std::int64_t n_rows,
                    std::initializer_list<Tensor> tensors, Body&& body) {
  const std::int64_t piece = row_piece_of(backend, n_rows, tensors);
  for (std::int64_t begin = 0; begin < n_rows; begin += piece) {
    body(begin, std::min(n_rows, begin + piece));
  }
}

/// An uninitialised tensor for what a kernel leaves to the next one.
Tensor scratch(HeliosBackend& backend, const Shape& shape, DType dtype = DType::f32);

/// A shape seen from one of its axes: lines along it, each `n` elements `inner` apart.
struct Lines {
  std::int64_t n_lines = 1;
  std::int64_t n = 1;
  std::int64_t inner = 1;

  Lines(const Shape& shape, int axis) noexcept : n(shape[axis]) {
    for (int i = axis + 1; i < shape.rank(); ++i) inner *= shape[i];
    for (int i = 0; i < axis; ++i) n_lines *= shape[i];
    n_lines *= inner;
  }
};

/// Columns, or pairs of them, of a workgroup of kernels that sum rows.
inline constexpr std::uint32_t kColumnsOfGroup = 64;

/// 2 if a kernel can read columns of these tensors, of rows of n elements, as pairs of 16 bits in a
/// word; else 1.
std::uint32_t columns_each(std::initializer_list<Tensor> tensors, std::int64_t n) noexcept;

/// How sums over n_rows rows of n columns are cut so that many workgroups have something to do: by
/// sizes alone, since the order of the sums depends on it.
struct ColumnParts {
  std::uint32_t n_each = 1;    // columns of an invocation
  std::uint32_t n_groups = 1;  // workgroups side by side, for all columns
  std::int64_t rows_per_part = 1;
  std::int64_t n_parts = 1;

  ColumnParts(std::int64_t n_rows, std::int64_t n, std::uint32_t columns_each) noexcept;
};

/// The sum of the rows of x [n_rows, n] into out [n], of any floating dtype, in a fixed order.
void sum_rows(HeliosBackend& backend, const Tensor& x, std::int64_t n_rows, std::int64_t n,
              const Tensor& out, bool is_accumulating);

}  // namespace alpha::helios
