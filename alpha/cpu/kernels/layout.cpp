#include "alpha/tensor/ops/layout.h"

#include <algorithm>
#include <cstring>

#include "alpha/cpu/cpu_backend.h"
#include "alpha/cpu/kernels/grain.h"

namespace alpha::cpu {

namespace {

/// Copies a box of a row-major tensor to or from a contiguous one, as runs of contiguous bytes.
class BoxRuns {
 public:
  /// The box has shape `box` and starts at `starts` within a tensor of shape `whole`.
  BoxRuns(const Shape& box, const Shape& whole, const Index& starts, DType dtype)
      : strides_(contiguous_strides(whole)) {
    std::int64_t run = 1;
    n_outer_ = box.rank();
    // Axes that are taken whole belong to the run, and the first that is not still does.
    while (n_outer_ > 0) {
      const int axis = --n_outer_;
      run *= box[axis];
      if (box[axis] != whole[axis]) break;
    }
    for (int axis = 0; axis < box.rank(); ++axis) {
      const auto a = static_cast<std::size_t>(axis);
      start_ += starts[a] * strides_[a];
      dims_[a] = box[axis];
      if (axis < n_outer_) count_ *= box[axis];
    }
    size_ = static_cast<std::int64_t>(size_of(dtype));
    run_ = run;
  }

  /// Calls copy(position in the whole, position in the box, bytes), positions in bytes.
  template<class Copy>
  void for_each(ThreadPool& pool, Copy&& copy) const {
    if (run_ == 0) return;
    const std::int64_t pieces = (run_ + kPiece - 1) / kPiece;
    pool.run_chunks(count_ * pieces, row_grain(std::min(run_, kPiece)),
                    [&](std::int64_t begin, std::int64_t end) {
                      for (std::int64_t i = begin; i < end; ++i) {
                        const std::int64_t at = i % pieces * kPiece;
                        const std::int64_t n = std::min(kPiece, run_ - at);
                        copy((position(i / pieces) + at) * size_, (i / pieces * run_ + at) * size_,
                             static_cast<std::size_t>(n * size_));
                      }
                    });
  }

 private:
  static constexpr std::int64_t kPiece = 4 * kGrain;

  std::int64_t position(std::int64_t run) const noexcept {
    std::int64_t at = start_;
    for (int axis = n_outer_ - 1; axis >= 0; --axis) {
      const auto a = static_cast<std::size_t>(axis);
      at += run % dims_[a] * strides_[a];
      run /= dims_[a];
    }
    return at;
  }

  Strides strides_;  // of the whole, in elements
  Index dims_{};     // of the box
  int n_outer_ = 0;  // axes that count runs
  std::int64_t start_ = 0;
  std::int64_t count_ = 1;
  std::int64_t run_ = 1;
  std::int64_t size_ = 1;
};

/// A transposition seen as [outer, rows, middle, columns, run] -> [outer, columns, middle, rows,
/// run].
struct Swap {
  std::int64_t outer = 1;
  std::int64_t rows = 1;
  std::int64_t middle = 1;
  std::int64_t columns = 1;
  std::int64_t run = 1;

  Swap(const Shape& shape, int first, int second) {
    for (int axis = 0; axis < shape.rank(); ++axis) {
      std::int64_t& part = axis < first     ? outer
                           : axis == first  ? rows
                           : axis < second  ? middle
                           : axis == second ? columns
                                            : run;
      part *= shape[axis];
    }
  }
};

constexpr std::int64_t kTile = 32;

/// Tile of [row_begin, row_end) x [column_begin, …) with single elements, for one (outer, middle).
template<class Word>
void swap_tile(const Word* x, Word* out, const Swap& s, std::int64_t row, std::int64_t column) {
  const std::int64_t x_stride = s.middle * s.columns;
  const std::int64_t out_stride = s.middle * s.rows;
  const std::int64_t row_end = std::min(row + kTile, s.rows);
  const std::int64_t column_end = std::min(column + kTile, s.columns);
  for (std::int64_t c = column; c < column_end; ++c) {
    for (std::int64_t r = row; r < row_end; ++r) out[c * out_stride + r] = x[r * x_stride + c];
  }
}

template<class Word>
void swap_elements(ThreadPool& pool, const Word* x, Word* out, const Swap& s) {
  const std::int64_t row_tiles = (s.rows + kTile - 1) / kTile;
  const std::int64_t column_tiles = (s.columns + kTile - 1) / kTile;
  const std::int64_t n_tiles = s.outer * s.middle * row_tiles * column_tiles;
  const std::int64_t tile_size = std::min(kTile, s.rows) * std::min(kTile, s.columns);
  pool.run_chunks(n_tiles, row_grain(tile_size), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t tile = begin; tile < end; ++tile) {
      const std::int64_t column = tile % column_tiles * kTile;
      const std::int64_t row = tile / column_tiles % row_tiles * kTile;
      const std::int64_t plane = tile / column_tiles / row_tiles;
      const std::int64_t base = plane / s.middle * s.rows * s.middle * s.columns;
      const std::int64_t m = plane % s.middle;
      swap_tile(x + base + m * s.columns, out + base + m * s.rows, s, row, column);
    }
  });
}

/// Runs of several elements are copied whole, in the order of the result.
void swap_runs(ThreadPool& pool, const Tensor& x, const Tensor& out, const Swap& s) {
  const std::int64_t run_bytes = s.run * static_cast<std::int64_t>(size_of(x.dtype()));
  const std::int64_t n_runs = s.outer * s.rows * s.middle * s.columns;
  pool.run_chunks(n_runs, row_grain(s.run), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t r = i % s.rows;
      const std::int64_t m = i / s.rows % s.middle;
      const std::int64_t c = i / s.rows / s.middle % s.columns;
      const std::int64_t o = i / s.rows / s.middle / s.columns;
      const std::int64_t from = ((o * s.rows + r) * s.middle + m) * s.columns + c;
      std::memcpy(out.raw() + i * run_bytes, x.raw() + from * run_bytes,
                  static_cast<std::size_t>(run_bytes));
    }
  });
}

}  // namespace

void transpose(CpuBackend& backend, const TransposeArgs& args) {
  const auto [first, second] = std::minmax(args.axis0, args.axis1);
  const Swap s(args.x.shape(), first, second);
  if (args.x.numel() == 0) return;
  if (s.run > 1 || first == second) {
    swap_runs(backend.pool(), args.x, args.out, s);
    return;
  }
  ThreadPool& pool = backend.pool();
  const std::byte* x = args.x.raw();
  std::byte* out = args.out.raw();
  switch (size_of(args.dtype())) {
    case 2:
      swap_elements(pool, reinterpret_cast<const std::uint16_t*>(x),
                    reinterpret_cast<std::uint16_t*>(out), s);
      break;
    case 4:
      swap_elements(pool, reinterpret_cast<const std::uint32_t*>(x),
                    reinterpret_cast<std::uint32_t*>(out), s);
      break;
    default:
      swap_elements(pool, reinterpret_cast<const std::uint64_t*>(x),
                    reinterpret_cast<std::uint64_t*>(out), s);
  }
}

void slice(CpuBackend& backend, const SliceArgs& args) {
  const BoxRuns runs(args.out.shape(), args.x.shape(), args.starts, args.dtype());
  runs.for_each(backend.pool(), [&](std::int64_t whole, std::int64_t box, std::size_t n) {
    std::memcpy(args.out.raw() + box, args.x.raw() + whole, n);
  });
}

void write_slice(CpuBackend& backend, const WriteSliceArgs& args) {
  const BoxRuns runs(args.x.shape(), args.into.shape(), args.starts, args.dtype());
  runs.for_each(backend.pool(), [&](std::int64_t whole, std::int64_t box, std::size_t n) {
    std::memcpy(args.into.raw() + whole, args.x.raw() + box, n);
  });
}

}  // namespace alpha::cpu
