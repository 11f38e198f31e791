#include "alpha/tensor/ops/matmul.h"

#include <optional>

#include "alpha/helios/kernels/gemm.h"
#include "alpha/helios/kernels/rows.h"
#include "alpha/helios/kernels/strides.h"
#include "alpha/tensor/ops/linear.h"

namespace alpha::helios {

namespace {

constexpr std::int64_t kStep = 16;  // along K, as in the shaders

std::int64_t ceil_of(std::int64_t n, std::int64_t of) {
  return (n + of - 1) / of;
}

/// How a product is shared out: tiles of the result, and parts of K, each with a result of its own,
/// so that one of few tiles keeps the device busy.
struct Cut {
  std::int64_t tile = 64;  // 64 or 128, as in the shaders
  std::int64_t n_parts = 1;
};

Cut cut_of(const Product& p) {
  constexpr std::int64_t kLarge = 128;
  constexpr std::int64_t kGroups = 528;       // four workgroups on each of a large device's units
  constexpr std::int64_t kLargeGroups = 264;  // two
  constexpr std::int64_t kFewGroups = 96;
  constexpr std::int64_t kLeastDepth = 128;
  const bool is_plain =
      !p.bias.is_defined() && !p.pre.is_defined() && p.activation == Activation::none;
  const std::int64_t most_parts = is_plain ? std::max<std::int64_t>(p.K / kLeastDepth, 1) : 1;
  const auto tiles_of = [&](std::int64_t tile) {
    return ceil_of(p.M, tile) * ceil_of(p.N, tile) * p.n_batches;
  };
  Cut cut;
  std::int64_t n_groups = kGroups;
  if (p.M >= kLarge && p.N >= kLarge && tiles_of(kLarge) * most_parts >= kFewGroups) {
    cut.tile = kLarge;
    n_groups = kLargeGroups;
  }
  cut.n_parts = std::clamp<std::int64_t>(n_groups / tiles_of(cut.tile), 1, most_parts);
  return cut;
}

/// Whether rows of both operands are whole fours, at places where four can be read.
bool has_fours(const Product& p) {
  constexpr std::int64_t kFour = 4;
  return (p.trans_a ? p.M : p.K) % kFour == 0 && (p.trans_b ? p.K : p.N) % kFour == 0 &&
         p.a.offset() % kFour == 0 && p.b.offset() % kFour == 0;
}

/// `part_depth`: how much of K a part has; each leaves a result of its own, one behind the other.
void launch(HeliosBackend& backend, const Product& p, std::int64_t tile, std::int64_t part_depth) {
  constexpr std::uint32_t kInvocations = 256;

  struct Parameters {
    std::uint32_t M, N, K, a_step, b_step, n_row_tiles, part_depth, part_step;
  };

  const std::int64_t n_row_tiles = ceil_of(p.M, tile);
  const Parameters parameters = {
      u32(p.M),      u32(p.N),         u32(p.K),        u32(p.a_step),
      u32(p.b_step), u32(n_row_tiles), u32(part_depth), u32(p.n_batches * p.M * p.N)};
  // What is not there, or empty, is never touched: anything may stand for it.
  const bool is_empty = p.K == 0;
  const std::array<Tensor, 5> tensors = {is_empty ? p.out : p.a, is_empty ? p.out : p.b,
                                         p.bias.is_defined() ? p.bias : p.out, p.out,
                                         p.pre.is_defined() ? p.pre : p.out};
  const std::uint32_t pre = !p.pre.is_defined() ? 0 : p.pre.dtype() == DType::f32 ? 1 : 2;
  std::vector<std::uint32_t> constants = {kInvocations,
                                          p.trans_a ? 1U : 0U,
                                          p.trans_b ? 1U : 0U,
                                          p.out.dtype() == DType::f32 ? 1U : 0U,
                                          p.is_accumulating ? 1U : 0U,
                                          p.bias.is_defined() ? 1U : 0U,
                                          static_cast<std::uint32_t>(p.activation),
                                          pre};
  const bool is_large = tile > Cut().tile;
  if (is_large) constants.push_back(has_fours(p) ? 1 : 0);
  backend.dispatch({.shader = &shader_for(is_large ? "matmul_large" : "matmul", p.a.dtype()),
                    .constants = constants,
                    .tensors = tensors,
                    .parameters = bytes_of(parameters),
                    .groups_x = u32(n_row_tiles * ceil_of(p.N, tile)),
                    .groups_y = u32(p.n_batches),
                    .groups_z = u32(is_empty ? 1 : ceil_of(p.K, part_depth))});
}

/// A product whose tensors a shader sees whole. Sums of parts of K stand side by side and are then
/// added up in their order.
void launch(HeliosBackend& backend, const Product& p) {
  const Cut cut = cut_of(p);
  if (cut.n_parts == 1) return launch(backend, p, cut.tile, p.K);
  const std::int64_t depth = ceil_of(ceil_of(p.K, cut.n_parts), kStep) * kStep;
  const std::int64_t n_used = ceil_of(p.K, depth);
  const std::int64_t n = p.n_batches * p.M * p.N;
  Product parts = p;
  parts.out = scratch(backend, {n_used, n});
  parts.is_accumulating = false;
  launch(backend, parts, cut.tile, depth);
  sum_rows(backend, parts.out, n_used, n, p.out, p.is_accumulating);
}

/// A matrix [rows, columns] of 16-bit numbers with zeros behind it, to [padded_rows,
/// padded_columns].
Tensor padded(HeliosBackend& backend, const Tensor& x, std::int64_t rows, std::int64_t columns,
              std::int64_t padded_rows, std::int64_t padded_columns) {
  struct Parameters {
    std::uint32_t rows, columns, units_per_row;
  };

  constexpr std::int64_t kUnit = 8;  // numbers
  const Tensor out = scratch(backend, {padded_rows, padded_columns}, x.dtype());
  launch_once(backend, find_shader("pad"), {}, {x, out}, out.numel() / kUnit,
              Parameters{u32(rows), u32(columns), u32(padded_columns / kUnit)});
  return out;
}

/// out [rows, columns] = or += the first columns of the first rows of x [.., stride].
void crop(HeliosBackend& backend, const Tensor& x, std::int64_t columns, std::int64_t stride,
          const Tensor& out, bool is_accumulating) {
  launch_once(backend, shader_for("crop", out.dtype()), {is_accumulating ? 1U : 0U}, {x, out},
              out.numel(), std::array{u32(columns), u32(stride)});
}

/// Whether a product is worth the copies that bring it to whole tiles.
bool is_worth_padding(HeliosBackend& backend, const Product& p) {
  constexpr std::int64_t kLeastSide = 64;
  constexpr std::int64_t kLeastDepth = 32;
  constexpr std::int64_t kLeastWork = std::int64_t{1} << 22U;
  const bool is_large =
      p.M >= kLeastSide && p.N >= kLeastSide && p.K >= kLeastDepth && p.M * p.N * p.K >= kLeastWork;
  if (!is_large || size_of(p.a.dtype()) != 2 || p.n_batches > 1 || (p.trans_a && p.trans_b)) {
    return false;
  }
  const bool is_wide = p.out.dtype() == DType::f32;
  if (is_wide ? p.activation != Activation::none || p.pre.is_defined() : p.is_accumulating) {
    return false;
  }
  return backend.has_matrix_units(p.a.dtype(), MatrixUse::products);
}

/// A product of sizes that are no whole tiles, on matrix units all the same: with zeros around its
/// matrices. False: it is not done.
bool multiply_padded(HeliosBackend& backend, const Product& p) {
  constexpr std::int64_t kWholeSide = 128;  // of the result, and
  constexpr std::int64_t kWholeDepth = 32;  // of K, as in gemm.cpp
  if (!is_worth_padding(backend, p)) return false;
  const std::int64_t M = ceil_of(p.M, kWholeSide) * kWholeSide;
  const std::int64_t N = ceil_of(p.N, kWholeSide) * kWholeSide;
  const std::int64_t K = ceil_of(p.K, kWholeDepth) * kWholeDepth;
  if (M == p.M && N == p.N && K == p.K) return false;
  const auto is_visible = [&](std::int64_t n, DType dtype) {
    return n * static_cast<std::int64_t>(size_of(dtype)) <=
           static_cast<std::int64_t>(visible_bytes(backend));
  };
  if (!is_visible(M * N, p.out.dtype()) || !is_visible(std::max(M, N) * K, p.a.dtype()))
    return false;
  Product q = p;
  q.M = M;
  q.N = N;
  q.K = K;
  q.a = p.trans_a ? padded(backend, p.a, p.K, p.M, K, M) : padded(backend, p.a, p.M, p.K, M, K);
  q.b = p.trans_b ? padded(backend, p.b, p.N, p.K, N, K) : padded(backend, p.b, p.K, p.N, K, N);
  if (p.bias.is_defined()) q.bias = padded(backend, p.bias, 1, p.N, 1, N).flat(0, N);
  q.is_accumulating = false;
  q.out = scratch(backend, {M, N}, p.out.dtype());
  if (p.pre.is_defined()) q.pre = scratch(backend, {M, N}, p.pre.dtype());
  if (!gemm(backend, q)) launch(backend, q);
  crop(backend, q.out, p.N, N, p.out, p.is_accumulating);
  if (p.pre.is_defined()) crop(backend, q.pre, p.N, N, p.pre, false);
  return true;
}

/// One product, rows of the result in pieces that a shader can see.
void multiply(HeliosBackend& backend, const Product& p) {
  if (gemm(backend, p)) return;
  if (p.trans_a) {
    if (multiply_padded(backend, p)) return;
    check_visible(backend, "matmul", {p.a, p.b, p.out});
    return launch(backend, p);
  }
  check_visible(backend, "matmul", {p.b});
  const std::int64_t most = row_piece_of(backend, p.M, {p.a, p.out, or_else(p.pre, p.out)});
  // Of pieces, an eighth of what is seen is left for zeros around them.
  const std::int64_t step = most == p.M ? p.M : std::max<std::int64_t>(most - most / 8, 1);
  for (std::int64_t begin = 0; begin < p.M; begin += step) {
    Product piece = p;
    piece.M = std::min(step, p.M - begin);
    piece.a = rows_of(p.a, p.M, begin, begin + piece.M);
    piece.out = rows_of(p.out, p.M, begin, begin + piece.M);
    if (p.pre.is_defined()) piece.pre = rows_of(p.pre, p.M, begin, begin + piece.M);
    if (!multiply_padded(backend, piece)) launch(backend, piece);
  }
}

/// The step from one matrix to the next over all batches, where there is one.
std::optional<std::int64_t> step_of(const MatmulGeometry& g,
                                    std::int64_t (MatmulGeometry::*index)(std::int64_t)
                                        const noexcept) {
  if (g.n_batches == 1) return 0;
  const std::int64_t step = (g.*index)(1) - (g.*index)(0);
  for (std::int64_t i = 0; i < g.n_batches; ++i) {
    if ((g.*index)(i) != i * step) return {};
  }
  return step;
}

}  // namespace

void matmul(HeliosBackend& backend, const MatmulArgs& args) {
  if (args.out.numel() == 0) return;
  const MatmulGeometry g =
      matmul_geometry(args.a.shape(), args.trans_a, args.b.shape(), args.trans_b);
  Product p = {.a = args.a,
               .b = args.b,
               .out = args.out,
               .M = g.M,
               .N = g.N,
               .K = g.K,
               .trans_a = args.trans_a,
               .trans_b = args.trans_b,
               .is_accumulating = args.is_accumulating};
  const std::int64_t a_size = g.M * g.K;
  const std::int64_t b_size = g.K * g.N;
  if (g.n_batches == 1) return multiply(backend, p);
  if (args.b.shape().rank() == 2 && !p.trans_a) {  // one b for all: their rows are one matrix
    p.M *= g.n_batches;
    return multiply(backend, p);
  }
  const auto a_step = step_of(g, &MatmulGeometry::a_index);
  const auto b_step = step_of(g, &MatmulGeometry::b_index);
  constexpr std::int64_t kMostBatches = 65'535;
  const bool is_visible =
      std::max({p.a.size_bytes(), p.b.size_bytes(), p.out.size_bytes()}) <= visible_bytes(backend);
  if (a_step && b_step && g.n_batches <= kMostBatches && is_visible) {
    p.n_batches = g.n_batches;
    p.a_step = *a_step * a_size;
    p.b_step = *b_step * b_size;
    return launch(backend, p);
  }
  for (std::int64_t i = 0; i < g.n_batches; ++i) {
    p.a = args.a.flat(g.a_index(i) * a_size, (g.a_index(i) + 1) * a_size);
    p.b = args.b.flat(g.b_index(i) * b_size, (g.b_index(i) + 1) * b_size);
    p.out = args.out.flat(i * g.M * g.N, (i + 1) * g.M * g.N);
    multiply(backend, p);
  }
}

void linear(HeliosBackend& backend, const LinearArgs& args) {
  if (args.out.numel() == 0) return;
  multiply(backend, {.a = args.x,
                     .b = args.weight,
                     .bias = args.bias,
                     .out = args.out,
                     .pre = args.pre,
                     .M = args.x.shape()[0],
                     .N = args.weight.shape()[0],
                     .K = args.x.shape()[1],
                     .trans_b = true,
                     .activation = args.activation});
}

}  // namespace alpha::helios
