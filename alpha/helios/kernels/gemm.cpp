#include "alpha/helios/kernels/gemm.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <functional>
#include <future>
#include <limits>
#include <optional>

#include "alpha/helios/kernels/rows.h"
#include "alpha/tensor/create.h"
#include "alpha/tensor/ops/cast.h"

namespace alpha::helios {

namespace {

constexpr std::int64_t kTile = 128;  // of the result: sizes are whole ones
constexpr std::int64_t kStep = 32;   // along K
constexpr std::uint32_t kSubgroup = 32;

/// The subgroups of a workgroup, each with 64 x 64 of the result, along M and along N; and how many
/// rows of tiles are walked together, whose parts of B stay in a cache.
struct Grid {
  std::string_view name;
  std::uint32_t m = 2;
  std::uint32_t n = 2;
  std::uint32_t group = 8;

  std::int64_t rows() const noexcept { return std::int64_t{64} * m; }

  std::int64_t columns() const noexcept { return std::int64_t{64} * n; }
};

/// All give the same bits. The first fits all sizes.
constexpr std::array<Grid, 7> kGrids = {{{"2x2", 2, 2},
                                         {"2x4", 2, 4},
                                         {"4x2", 4, 2},
                                         {"1x2", 1, 2},
                                         {"2x1", 2, 1},
                                         {"2x2 by 16", 2, 2, 16},
                                         {"2x2 by 32", 2, 2, 32}}};
constexpr std::uint32_t kMostInvocations = 8 * kSubgroup;  // of their workgroups
constexpr std::uint32_t kMostShared = 32 * 1024;           // bytes

/// How the sums begin.
enum Start : std::uint32_t { kZeros = 0, kBias = 1, kResult = 2 };

struct Call {
  Product product;
  Tensor bias;               // f32, or undefined
  std::int64_t n_parts = 1;  // of K, each with a result of its own
  std::int64_t part_depth = 0;
  std::optional<Grid> grid = {};  // else the fastest
};

std::string_view shader_of(const Product& p) {
  if (p.trans_a) return "gemm.tn";
  return p.trans_b ? "gemm.nt" : "gemm.nn";
}

/// What the shader is given of a call.
struct Inputs {
  struct Parameters {
    std::uint32_t M, N, K;
  };

  explicit Inputs(const Call& call)
      : tensors{call.product.a, call.product.b, or_else(call.bias, call.product.out),
                call.product.out, or_else(call.product.pre, call.product.out)},
        parameters{u32(call.product.M), u32(call.product.N), u32(call.product.K)} {}

  std::array<Tensor, 5> tensors;
  Parameters parameters;
};

Start start_of(const Call& call) {
  if (call.bias.is_defined()) return kBias;
  return call.product.is_accumulating ? kResult : kZeros;
}

KernelCall kernel_call(const Call& call, const Grid& grid, const Inputs& inputs) {
  const Product& p = call.product;
  const bool is_narrow = p.out.dtype() != DType::f32;
  return {.shader = &find_shader(shader_of(p)),
          .constants = {grid.m * grid.n * kSubgroup, number_of(p.out.dtype()), start_of(call),
                        is_narrow ? static_cast<std::uint32_t>(p.activation) : 0,
                        p.pre.is_defined() ? 1U : 0U, u32(p.trans_a ? p.M : p.K),
                        u32(p.trans_b ? p.K : p.N), u32(p.N), u32(call.part_depth), grid.m, grid.n,
                        grid.group},
          .subgroup_size = kSubgroup,
          .matrices = matrix_element(p.a.dtype()),
          .tensors = inputs.tensors,
          .parameters = bytes_of(inputs.parameters),
          .groups_x = u32(p.M / grid.rows() * (p.N / grid.columns())),
          .groups_z = u32(call.n_parts)};
}

/// What a choice is for. Numbers of tokens, of which there are many, are told apart by powers of 2.
std::string key_of(const Call& call) {
  const Product& p = call.product;
  const auto rounded = [](std::int64_t n) { return std::bit_ceil(static_cast<std::uint64_t>(n)); };
  return fmt::format("{} {} to {}, start {}, activation {}, {} x {} x {}, {} parts{}", shader_of(p),
                     to_string(p.a.dtype()), to_string(p.out.dtype()),
                     static_cast<int>(start_of(call)), static_cast<int>(p.activation),
                     p.trans_a ? static_cast<std::uint64_t>(p.M) : rounded(p.M), p.N,
                     p.trans_a ? rounded(p.K) : static_cast<std::uint64_t>(p.K), call.n_parts,
                     p.pre.is_defined() ? ", pre" : "");
}

/// Whether a grid fits the sizes, and may be faster than the default there.
bool is_candidate(const Grid& grid, const Call& call) {
  constexpr std::int64_t kMany = 512;        // workgroups of the default, more than run at once
  constexpr std::int64_t kLongRows = 16384;  // of tiles whose parts of B leave a cache
  const Product& p = call.product;
  if (p.M % grid.rows() != 0 || p.N % grid.columns() != 0) return false;
  const std::int64_t n_groups = p.M / kTile * (p.N / kTile) * call.n_parts;
  const std::uint32_t n_subgroups = grid.m * grid.n;
  if (grid.group != Grid().group) return p.N >= kLongRows;
  return n_subgroups == 4 || (n_subgroups > 4 ? n_groups >= kMany : n_groups <= 2 * kMany);
}

/// The fastest, where that can matter.
Grid grid_for(HeliosBackend& backend, const Call& call) {
  constexpr double kLeastFlops = 1e9;
  const Product& p = call.product;
  const double flops =
      2 * static_cast<double>(p.M) * static_cast<double>(p.N) * static_cast<double>(p.K);
  if (!backend.tuner().is_on() || flops < kLeastFlops) return kGrids[0];
  std::vector<Grid> grids;
  std::vector<std::string_view> names;
  for (const Grid& grid : kGrids) {
    if (!is_candidate(grid, call)) continue;
    grids.push_back(grid);
    names.push_back(grid.name);
  }
  Call trial = call;
  std::optional<Inputs> inputs;
  const auto make = [&] {
    trial.product.out = scratch(backend, p.out.shape(), p.out.dtype());
    if (p.pre.is_defined()) {
      trial.product.pre = scratch(backend, p.pre.shape(), p.pre.dtype());
    }
    inputs.emplace(trial);
    std::vector<KernelCall> calls;
    for (const Grid& grid : grids) calls.push_back(kernel_call(trial, grid, *inputs));
    return calls;
  };
  return grids[backend.fastest(key_of(call), names, make)];
}

void launch(HeliosBackend& backend, const Call& call) {
  const Grid grid = call.grid ? *call.grid : grid_for(backend, call);
  backend.dispatch(kernel_call(call, grid, Inputs(call)));
}

/// Parts of K, so that the workgroups of a result of few tiles fill a large device some whole times
/// over. Each part costs its tile to be written and read once more. By sizes alone: the bits of a
/// product do not depend on the device.
std::int64_t parts_for(const Product& p) {
  constexpr std::int64_t kAtOnce = 264;     // workgroups, two on each of a large device's units
  constexpr std::int64_t kLeastSteps = 16;  // of a part
  constexpr std::int64_t kMostParts = 32;
  constexpr std::int64_t kMostTiles = 2000;  // of all parts: what every device's shaders see
  constexpr double kStepsOfASum = 6;         // that a tile's way to memory and back takes
  const std::int64_t n_tiles = p.M / kTile * (p.N / kTile);
  const std::int64_t n_steps = p.K / kStep;
  std::int64_t best = 1;
  double least = std::numeric_limits<double>::infinity();
  const std::int64_t most = std::min({kMostParts, n_steps / kLeastSteps, kMostTiles / n_tiles});
  for (std::int64_t n = 1; n <= std::max<std::int64_t>(most, 1); ++n) {
    const auto waves = static_cast<double>((n_tiles * n + kAtOnce - 1) / kAtOnce);
    const double steps = waves * static_cast<double>((n_steps + n - 1) / n) +
                         (n == 1 ? 0 : kStepsOfASum * static_cast<double>(n_tiles * n) / kAtOnce);
    if (steps < least) {
      least = steps;
      best = n;
    }
  }
  return best;
}

/// Sums of parts of K side by side, then added up in their order.
void multiply_in_parts(HeliosBackend& backend, const Product& p, std::int64_t n_parts,
                       const std::optional<Grid>& grid) {
  const std::int64_t n_steps = (p.K / kStep + n_parts - 1) / n_parts;
  const std::int64_t n_used = (p.K / kStep + n_steps - 1) / n_steps;
  Call call = {
      .product = p, .bias = {}, .n_parts = n_used, .part_depth = n_steps * kStep, .grid = grid};
  call.product.out = scratch(backend, {n_used, p.M * p.N});
  call.product.is_accumulating = false;
  launch(backend, call);
  sum_rows(backend, call.product.out, n_used, p.M * p.N, p.out, p.is_accumulating);
}

/// What a shader can see at once: of K, where a is [K, M], else of the rows of the result. In whole
/// tiles, or all; 0 where that is not one.
std::int64_t piece_for(const HeliosBackend& backend, const Product& p) {
  const std::int64_t n = p.trans_a ? p.K : p.M;
  const std::int64_t piece = p.trans_a
                                 ? row_piece_of(backend, n, {p.a, p.b})
                                 : row_piece_of(backend, n, {p.a, p.out, or_else(p.pre, p.out)});
  const std::int64_t whole = p.trans_a ? kStep : kTile;
  return piece / whole * whole;
}

bool is_possible(HeliosBackend& backend, const Product& p) {
  const bool has_whole_tiles = p.M % kTile == 0 && p.N % kTile == 0 && p.K % kStep == 0 &&
                               p.M > 0 && p.N > 0 && p.K > 0 && p.n_batches == 1;
  if (!has_whole_tiles || (p.trans_a && p.trans_b)) return false;
  const bool is_wide = p.out.dtype() == DType::f32;
  if (!is_wide && p.out.dtype() != p.a.dtype()) return false;
  if (is_wide && p.activation != Activation::none) return false;
  if (p.pre.is_defined() && (is_wide || p.pre.dtype() != p.out.dtype())) return false;
  if (p.is_accumulating && (!is_wide || p.bias.is_defined())) return false;
  // The shader does not ask how far behind what it sees a tensor begins.
  const std::uint64_t alignment = backend.device().info().offset_alignment;
  for (const Tensor* tensor : {&p.a, &p.b, &p.out, &p.pre}) {
    if (!tensor->is_defined()) continue;
    const std::uint64_t begin =
        static_cast<std::uint64_t>(tensor->offset()) * size_of(tensor->dtype());
    if (begin % alignment != 0 || !is_at_16_bytes(*tensor)) return false;
  }
  const Tensor& whole = p.trans_a ? p.out : p.b;  // what run does not cut
  if (whole.size_bytes() > visible_bytes(backend)) return false;
  const std::int64_t piece = piece_for(backend, p);
  // Pieces of K are added up in the result, which only f32 is meant for.
  if (piece == 0 || (p.trans_a && !is_wide && piece < p.K)) return false;
  return backend.has_matrix_units(p.a.dtype(), MatrixUse::products);
}

void run_piece(HeliosBackend& backend, const Product& p, const std::optional<Grid>& grid) {
  const bool can_split = p.out.dtype() == DType::f32 && !p.bias.is_defined();
  const std::int64_t n_parts = can_split ? parts_for(p) : 1;
  if (n_parts > 1) return multiply_in_parts(backend, p, n_parts, grid);
  Call call = {.product = p, .bias = {}, .n_parts = 1, .part_depth = p.K, .grid = grid};
  if (p.bias.is_defined()) call.bias = cast(backend, p.bias, DType::f32);
  launch(backend, call);
}

/// In pieces that a shader can see: of the rows of the result, or, where a is [K, M], of K.
void run(HeliosBackend& backend, const Product& p, const std::optional<Grid>& grid = {}) {
  const std::int64_t piece = piece_for(backend, p);
  if (p.trans_a) {
    for (std::int64_t begin = 0; begin < p.K; begin += piece) {
      Product part = p;
      part.K = std::min(piece, p.K - begin);
      part.a = rows_of(p.a, p.K, begin, begin + part.K);
      part.b = rows_of(p.b, p.K, begin, begin + part.K);
      part.is_accumulating = p.is_accumulating || begin > 0;
      run_piece(backend, part, grid);
    }
    return;
  }
  for (std::int64_t begin = 0; begin < p.M; begin += piece) {
    Product part = p;
    part.M = std::min(piece, p.M - begin);
    part.a = rows_of(p.a, p.M, begin, begin + part.M);
    part.out = rows_of(p.out, p.M, begin, begin + part.M);
    if (p.pre.is_defined()) part.pre = rows_of(p.pre, p.M, begin, begin + part.M);
    run_piece(backend, part, grid);
  }
}

}  // namespace

bool is_at_16_bytes(const Tensor& tensor) noexcept {
  constexpr std::int64_t kBytes = 16;
  return tensor.offset() * static_cast<std::int64_t>(size_of(tensor.dtype())) % kBytes == 0;
}

bool has_gemm(const DeviceInfo& info, DType dtype) {
  const auto& shapes = dtype == DType::bf16 ? info.bf16_matrices : info.f16_matrices;
  return (dtype == DType::bf16 || dtype == DType::f16) && info.subgroup_size == kSubgroup &&
         info.has_subgroup_size_control && info.max_shared_bytes >= kMostShared &&
         info.max_workgroup_size >= kMostInvocations &&
         std::ranges::find(shapes, MatrixShape{16, 16, 16}) != shapes.end();
}

bool gemm(HeliosBackend& backend, const Product& product) {
  if (!is_possible(backend, product)) return false;
  run(backend, product);
  return true;
}

namespace {

/// A product of the test, and what plain arithmetic makes of it.
struct Trial {
  Product product;
  Tensor bias;
  std::vector<float> sums;
};

/// Whole numbers from -1 to 1: every product and sum is exact, in 16 bits too, so results must be
/// equal.
Tensor whole_numbers(HeliosBackend& backend, const Shape& shape, std::size_t seed, DType dtype) {
  std::vector<float> values(static_cast<std::size_t>(shape.numel()));
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>((i * 7 + i / 13 + seed) % 3) - 1;
  }
  return from_values(backend, shape, std::span<const float>(values), dtype);
}

/// Of whole tiles of every grid.
Trial make_trial(HeliosBackend& backend, DType dtype, bool trans_a, bool trans_b) {
  constexpr std::int64_t M = 2 * kTile;
  constexpr std::int64_t N = 4 * kTile;
  constexpr std::int64_t K = 5 * kStep;
  const Shape a_shape = trans_a ? Shape{K, M} : Shape{M, K};
  const Shape b_shape = trans_b ? Shape{N, K} : Shape{K, N};
  Trial trial = {.product = {.a = whole_numbers(backend, a_shape, 1, dtype),
                             .b = whole_numbers(backend, b_shape, 2, dtype),
                             .M = M,
                             .N = N,
                             .K = K,
                             .trans_a = trans_a,
                             .trans_b = trans_b},
                 .bias = whole_numbers(backend, {N}, 3, dtype),
                 .sums = std::vector<float>(static_cast<std::size_t>(M * N))};
  const std::vector<float> a = to_floats(backend, trial.product.a);
  const std::vector<float> b = to_floats(backend, trial.product.b);
  for (std::int64_t m = 0; m < M; ++m) {
    for (std::int64_t n = 0; n < N; ++n) {
      float& sum = trial.sums[static_cast<std::size_t>(m * N + n)];
      for (std::int64_t k = 0; k < K; ++k) {
        sum += a[static_cast<std::size_t>(trans_a ? k * M + m : m * K + k)] *
               b[static_cast<std::size_t>(trans_b ? n * K + k : k * N + n)];
      }
    }
  }
  return trial;
}

/// Into f32; in parts; on top of what is there; into 16 bits, with all that may be done on the way.
bool passes(HeliosBackend& backend, const Trial& trial, const Grid& grid) {
  const Product& product = trial.product;
  const Shape shape = {product.M, product.N};
  const DType dtype = product.a.dtype();
  Product whole = product;
  whole.out = full(backend, shape, std::nan(""));
  run(backend, whole, grid);
  Product parts = product;
  parts.out = full(backend, shape, std::nan(""));
  multiply_in_parts(backend, parts, 2, grid);
  Product added = product;
  added.is_accumulating = true;
  added.out = full(backend, shape, 3);
  run(backend, added, grid);
  Product narrow = product;
  narrow.bias = trial.bias;
  narrow.activation = Activation::relu;
  narrow.out = full(backend, shape, std::nan(""), dtype);
  narrow.pre = full(backend, shape, std::nan(""), dtype);
  run(backend, narrow, grid);

  const std::vector<float> bias = to_floats(backend, trial.bias);
  std::vector<float> sums_and_three;
  std::vector<float> before;
  std::vector<float> behind;
  for (std::size_t i = 0; i < trial.sums.size(); ++i) {
    sums_and_three.push_back(trial.sums[i] + 3);
    before.push_back(trial.sums[i] + bias[i % bias.size()]);
    behind.push_back(std::max(before.back(), 0.0F));
  }
  return to_floats(backend, whole.out) == trial.sums &&
         to_floats(backend, parts.out) == trial.sums &&
         to_floats(backend, added.out) == sums_and_three &&
         to_floats(backend, narrow.pre) == before && to_floats(backend, narrow.out) == behind;
}

}  // namespace

bool gemm_passes_test(HeliosBackend& backend, DType dtype) {
  std::vector<Trial> trials;
  for (const auto& [trans_a, trans_b] : {std::pair(false, true), {false, false}, {true, false}}) {
    trials.push_back(make_trial(backend, dtype, trans_a, trans_b));
  }
  // Side by side: compiling is what takes long.
  std::vector<std::future<bool>> results;
  for (const Trial& trial : trials) {
    for (const Grid& grid : kGrids) {
      const bool is_default = &grid == kGrids.data();
      if (!is_default && (!backend.tuner().is_on() || grid.group != kGrids[0].group)) continue;
      results.push_back(std::async(std::launch::async, passes, std::ref(backend), std::cref(trial),
                                   std::cref(grid)));
    }
  }
  bool is_right = true;
  for (auto& result : results) is_right = result.get() && is_right;
  return is_right;
}

}  // namespace alpha::helios
