#include "alpha/helios/kernels/rows.h"

#include "alpha/core/error.h"

namespace alpha::helios {

std::uint32_t groups_for_rows(const HeliosBackend& backend, std::int64_t n) {
  constexpr std::int64_t kMost = 65'535;
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(
      n, 1, std::min<std::int64_t>(kMost, backend.device().info().max_groups_x)));
}

std::int64_t row_piece_of(const HeliosBackend& backend, std::int64_t n_rows,
                          std::initializer_list<Tensor> tensors) {
  if (n_rows == 0) return 1;
  const DeviceInfo& info = backend.device().info();
  const std::uint64_t range =
      std::min<std::uint64_t>(info.max_range_bytes, 0xffff'ffffU) - info.offset_alignment;
  std::int64_t piece = n_rows;
  for (const Tensor& tensor : tensors) {
    const std::uint64_t row_bytes = tensor.size_bytes() / static_cast<std::uint64_t>(n_rows);
    if (row_bytes == 0) continue;
    piece = std::min(piece, static_cast<std::int64_t>(range / row_bytes));
  }
  if (piece == 0) {
    fail(ErrorCode::unsupported,
         "[helios] a row of more than {} bytes is more than a kernel of '{}' sees", range,
         info.name);
  }
  return piece;
}

Tensor scratch(HeliosBackend& backend, const Shape& shape, DType dtype) {
  const auto n_bytes = static_cast<std::size_t>(shape.numel()) * size_of(dtype);
  return {backend.allocate(std::max<std::size_t>(n_bytes, size_of(dtype))), 0, shape, dtype};
}

namespace {

struct ColumnParameters {
  std::uint32_t n_rows;
  std::uint32_t n;
  std::uint32_t stride;
  std::uint32_t rows_per_part;
};

void launch_columns(HeliosBackend& backend, const Tensor& x, const Tensor& out, std::int64_t n_rows,
                    std::int64_t n, std::int64_t rows_per_part,
                    std::vector<std::uint32_t> constants) {
  constexpr std::uint32_t kColumns = 64;  // of a workgroup
  constants.insert(constants.begin(), kColumns);
  const ColumnParameters parameters = {static_cast<std::uint32_t>(n_rows),
                                       static_cast<std::uint32_t>(n), static_cast<std::uint32_t>(n),
                                       static_cast<std::uint32_t>(rows_per_part)};
  const std::array<Tensor, 2> tensors = {x, out};
  backend.dispatch({.shader = &shader_for("column_sums", x.dtype()),
                    .constants = constants,
                    .tensors = tensors,
                    .parameters = bytes_of(parameters),
                    .groups_x = static_cast<std::uint32_t>((n + kColumns - 1) / kColumns),
                    .groups_y = static_cast<std::uint32_t>(
                        std::max<std::int64_t>((n_rows + rows_per_part - 1) / rows_per_part, 1))});
}

}  // namespace

void sum_rows(HeliosBackend& backend, const Tensor& x, std::int64_t n_rows, std::int64_t n,
              const Tensor& out, bool is_accumulating) {
  constexpr std::int64_t kMostParts = 128;
  const std::uint32_t to = number_of(out.dtype());
  bool is_adding = is_accumulating;
  for_row_pieces(backend, n_rows, {x}, [&](std::int64_t begin, std::int64_t end) {
    const std::int64_t n_piece = end - begin;
    const Tensor piece = rows_of(x, n_rows, begin, end);
    const std::int64_t rows_per_part =
        std::max<std::int64_t>((n_piece + kMostParts - 1) / kMostParts, 32);
    const std::int64_t n_parts = (n_piece + rows_per_part - 1) / rows_per_part;
    const std::uint32_t adds = std::exchange(is_adding, true) ? 1 : 0;
    if (n_parts == 1) {
      return launch_columns(backend, piece, out, n_piece, n, n_piece, {1, adds, to});
    }
    const Tensor parts = scratch(backend, {n_parts, n});
    launch_columns(backend, piece, parts, n_piece, n, rows_per_part, {0, 0, 0});
    launch_columns(backend, parts, out, n_parts, n, n_parts, {1, adds, to});
  });
}

}  // namespace alpha::helios
