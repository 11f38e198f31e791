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
  const std::uint64_t range = visible_bytes(backend);
  std::int64_t piece = n_rows;
  for (const Tensor& tensor : tensors) {
    const std::uint64_t row_bytes = tensor.size_bytes() / static_cast<std::uint64_t>(n_rows);
    if (row_bytes == 0) continue;
    piece = std::min(piece, static_cast<std::int64_t>(range / row_bytes));
  }
  if (piece == 0) {
    fail(ErrorCode::unsupported,
         "[helios] a row of more than {} bytes is more than a kernel of '{}' sees", range,
         backend.device().info().name);
  }
  return piece;
}

bool has_unit_rows(std::initializer_list<Tensor> tensors, std::int64_t n) noexcept {
  return std::ranges::all_of(tensors, [n](const Tensor& tensor) {
    const auto size = static_cast<std::int64_t>(size_of(tensor.dtype()));
    return n * size % kUnitBytes == 0 && tensor.offset() * size % kUnitBytes == 0;
  });
}

std::uint32_t size_for_row(std::int64_t n, DType dtype) noexcept {
  constexpr std::int64_t kMultiple = 32;
  const std::int64_t n_each = kUnitBytes / static_cast<std::int64_t>(size_of(dtype));
  const std::int64_t n_units = (n + n_each - 1) / n_each;
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(
      (n_units + kMultiple - 1) / kMultiple * kMultiple, kMultiple, kWorkgroup));
}

Tensor scratch(HeliosBackend& backend, const Shape& shape, DType dtype) {
  const auto n_bytes = static_cast<std::size_t>(shape.numel()) * size_of(dtype);
  return {backend.allocate(std::max<std::size_t>(n_bytes, size_of(dtype))), 0, shape, dtype};
}

std::uint32_t columns_each(std::initializer_list<Tensor> tensors, std::int64_t n) noexcept {
  const bool has_pairs = std::ranges::all_of(tensors, [n](const Tensor& tensor) {
    return size_of(tensor.dtype()) == 2 && n % 2 == 0 && tensor.offset() % 2 == 0;
  });
  return has_pairs ? 2 : 1;
}

ColumnParts::ColumnParts(std::int64_t n_rows, std::int64_t n, std::uint32_t columns_each) noexcept
    : n_each(columns_each) {
  constexpr std::int64_t kGroups = 1024;
  constexpr std::int64_t kMostGroups = 65'535;  // side by side; more columns are taken in turn
  constexpr std::int64_t kMostParts = 256;      // which one more pass adds up
  constexpr std::int64_t kLeastRows = 64;       // of a part
  const std::int64_t n_columns = std::int64_t{kColumnsOfGroup} * n_each;
  n_groups = u32(std::min((n + n_columns - 1) / n_columns, kMostGroups));
  const std::int64_t most = n_rows <= kMostParts ? 1 : std::min(n_rows / kLeastRows, kMostParts);
  const std::int64_t wanted = std::clamp<std::int64_t>(kGroups / n_groups, 1, most);
  rows_per_part = std::max<std::int64_t>((n_rows + wanted - 1) / wanted, 1);
  n_parts = std::max<std::int64_t>((n_rows + rows_per_part - 1) / rows_per_part, 1);
}

namespace {

struct ColumnParameters {
  std::uint32_t n_rows, n, rows_per_part;
};

/// out [n_parts, n]; `to` and `adds` as in the shader, where there is one part.
void launch_columns(HeliosBackend& backend, const Tensor& x, const Tensor& out, std::int64_t n_rows,
                    std::int64_t n, const ColumnParts& cut, std::uint32_t adds, std::uint32_t to) {
  const std::array<Tensor, 2> tensors = {x, out};
  backend.dispatch(
      {.shader = &shader_for("column_sums", x.dtype()),
       .constants = {kWorkgroup, adds, to, cut.n_each},
       .tensors = tensors,
       .parameters = bytes_of(ColumnParameters{u32(n_rows), u32(n), u32(cut.rows_per_part)}),
       .groups_x = cut.n_groups,
       .groups_y = u32(cut.n_parts)});
}

/// Whether rows are few and long: then an invocation has all of a column.
bool are_few(const Tensor& x, std::int64_t n_rows, std::int64_t n, const Tensor& out) {
  constexpr std::int64_t kMostRows = 64;
  constexpr std::int64_t kLeastColumns = 65'536;
  return n_rows <= kMostRows && n >= kLeastColumns && x.dtype() == DType::f32 &&
         out.dtype() == DType::f32 && has_unit_rows({x, out}, n);
}

/// Of rows that a shader sees at once.
void sum_piece(HeliosBackend& backend, const Tensor& x, std::int64_t n_rows, std::int64_t n,
               const Tensor& out, std::uint32_t adds) {
  if (are_few(x, n_rows, n, out)) {
    constexpr std::int64_t kEach = 4;
    return launch_once(backend, shader_for("few_rows", x.dtype()), {adds}, {x, out}, n / kEach,
                       u32(n_rows));
  }
  const ColumnParts cut(n_rows, n, columns_each({x}, n));
  if (cut.n_parts == 1) {
    return launch_columns(backend, x, out, n_rows, n, cut, adds, number_of(out.dtype()));
  }
  const Tensor parts = scratch(backend, {cut.n_parts, n});
  launch_columns(backend, x, parts, n_rows, n, cut, 0, number_of(DType::f32));
  sum_piece(backend, parts, cut.n_parts, n, out, adds);
}

}  // namespace

void sum_rows(HeliosBackend& backend, const Tensor& x, std::int64_t n_rows, std::int64_t n,
              const Tensor& out, bool is_accumulating) {
  bool is_adding = is_accumulating;
  for_row_pieces(backend, n_rows, {x}, [&](std::int64_t begin, std::int64_t end) {
    const std::uint32_t adds = std::exchange(is_adding, true) ? 1 : 0;
    sum_piece(backend, rows_of(x, n_rows, begin, end), end - begin, n, out, adds);
  });
}

}  // namespace alpha::helios
