#include "alpha/helios/kernels/flash.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <optional>

#include "alpha/helios/kernels/attention.h"
#include "alpha/helios/kernels/gemm.h"
#include "alpha/tensor/create.h"
#include "alpha/tensor/ops/cast.h"

namespace alpha::helios {

namespace {

constexpr std::uint32_t kSubgroup = 32;
constexpr std::uint32_t kFragment = 16;  // rows, and columns
constexpr std::int64_t kMostD = 128;

/// How a kernel cuts its work; as the shaders' constants.
struct Cut {
  std::string_view name;
  std::uint32_t n_subgroups;
  std::uint32_t block;  // rows that a workgroup walks over at a time
  std::uint32_t each;   // fragments of rows that a subgroup holds

  std::uint32_t rows() const noexcept { return n_subgroups * each * kFragment; }
};

/// Of those tried on an H200 the fastest first; and half the subgroups, which gives the same bits.
std::array<Cut, 2> cuts_for(std::int64_t D) {
  if (D > 64) return {{{"8", 8, 64, 1}, {"4", 4, 64, 1}}};
  return {{{"4", 4, 32, 1}, {"2", 2, 32, 1}}};
}

constexpr std::uint32_t kMostShared = 36 * 1024;  // bytes of a workgroup, at the largest heads

struct Parameters {
  std::uint32_t T, H, first_batch;
  float scale, cap, keep_scale;
  std::uint32_t threshold;
};

/// A kernel's work on a piece of a batch.
struct Call {
  std::string_view shader;
  Tensor qkv;                       // of the whole batch
  std::span<const Tensor> tensors;  // of the piece
  std::size_t n_read = 0;           // of them; the rest is written
  std::int64_t first_batch = 0;
  std::int64_t n_batches = 0;
  AttentionOptions options;
};

Parameters parameters_of(const Call& call) {
  const AttentionOptions& options = call.options;
  const double scale = 1 / std::sqrt(static_cast<double>(head_size(call.qkv, options)));
  return {.T = u32(call.qkv.shape()[1]),
          .H = u32(options.n_heads),
          .first_batch = u32(call.first_batch),
          .scale = static_cast<float>(scale),
          .cap = static_cast<float>(options.soft_cap / scale),
          .keep_scale = static_cast<float>(1 / (1 - options.dropout)),
          .threshold = DropoutKey::drop_threshold(options.dropout)};
}

KernelCall kernel_call(const Call& call, const Cut& cut, std::span<const Tensor> tensors,
                       const Parameters& parameters, const KeyNumbers& key) {
  const AttentionOptions& options = call.options;
  return {.shader = &shader_for(call.shader, call.qkv.dtype()),
          .constants = {cut.n_subgroups * kSubgroup, cut.n_subgroups,
                        u32(head_size(call.qkv, options)), cut.block, cut.each,
                        options.soft_cap > 0 ? 1U : 0U, options.dropout > 0 ? 1U : 0U},
          .subgroup_size = kSubgroup,
          .matrices = matrix_element(call.qkv.dtype()),
          .tensors = tensors,
          .parameters = bytes_of(parameters),
          .changing = bytes_of(key),
          .groups_x = (parameters.T + cut.rows() - 1) / cut.rows(),
          .groups_y = parameters.H,
          .groups_z = u32(call.n_batches)};
}

/// What a choice is for. Sizes of batches and lengths, of which there are many, are told apart by
/// powers of 2.
std::string key_of(const Call& call) {
  const AttentionOptions& options = call.options;
  const auto rounded = [](std::int64_t n) { return std::bit_ceil(static_cast<std::uint64_t>(n)); };
  return fmt::format("{} {}, {} x {} heads of {} over {}{}{}", call.shader,
                     to_string(call.qkv.dtype()), rounded(call.n_batches), options.n_heads,
                     head_size(call.qkv, options), rounded(call.qkv.shape()[1]),
                     options.soft_cap > 0 ? ", capped" : "",
                     options.dropout > 0 ? ", dropout" : "");
}

/// With the number of subgroups that is the fastest, where that can matter.
Cut fastest_cut(HeliosBackend& backend, const Call& call) {
  constexpr double kLeastFlops = 1e9;
  const std::int64_t D = head_size(call.qkv, call.options);
  const auto T = static_cast<double>(call.qkv.shape()[1]);
  const double flops =
      2 * T * T * static_cast<double>(call.n_batches * call.options.n_heads * D);  // of one product
  const std::array<Cut, 2> cuts = cuts_for(D);
  if (!backend.tuner().is_on() || flops < kLeastFlops) return cuts[0];
  const Parameters parameters = parameters_of(call);
  const KeyNumbers key(call.options.key);
  std::vector<Tensor> tensors(call.tensors.begin(), call.tensors.end());
  const auto make = [&] {
    for (std::size_t i = call.n_read; i < tensors.size(); ++i) {
      tensors[i] = scratch(backend, tensors[i].shape(), tensors[i].dtype());
    }
    std::vector<KernelCall> calls;
    for (const Cut& cut : cuts) calls.push_back(kernel_call(call, cut, tensors, parameters, key));
    return calls;
  };
  const std::array<std::string_view, 2> names = {cuts[0].name, cuts[1].name};
  return cuts[backend.fastest(key_of(call), names, make)];
}

void launch(HeliosBackend& backend, const Call& call, const std::optional<Cut>& cut) {
  backend.dispatch(kernel_call(call, cut ? *cut : fastest_cut(backend, call), call.tensors,
                               parameters_of(call), KeyNumbers(call.options.key)));
}

/// As the cut says, or else as fast as it goes.
void run_forward(HeliosBackend& backend, const AttentionArgs& args,
                 const std::optional<Cut>& cut = {}) {
  for_batch_pieces(backend, args.qkv, [&](const auto& part, std::int64_t first, std::int64_t n) {
    const std::array<Tensor, 3> tensors = {part(args.qkv), part(args.out), part(args.lse)};
    launch(backend, {"flash_forward", args.qkv, tensors, 1, first, n, args.options}, cut);
  });
}

void run_backward(HeliosBackend& backend, const AttentionBackwardArgs& args,
                  const std::optional<Cut>& cut = {}) {
  struct DeltaParameters {
    std::uint32_t T, H;
  };

  for_batch_pieces(backend, args.qkv, [&](const auto& part, std::int64_t first, std::int64_t n) {
    const Tensor lse = part(args.lse);
    const Tensor delta = scratch(backend, lse.shape());
    const std::array<Tensor, 5> tensors = {part(args.qkv), lse, delta, part(args.dout),
                                           part(args.dqkv)};
    launch_once(backend, shader_for("flash_delta", args.dtype()),
                {u32(head_size(args.qkv, args.options) / 8)}, {part(args.out), tensors[3], delta},
                lse.numel(), DeltaParameters{u32(args.qkv.shape()[1]), u32(args.options.n_heads)});
    launch(backend, {"flash_dq", args.qkv, tensors, 4, first, n, args.options}, cut);
    launch(backend, {"flash_dkv", args.qkv, tensors, 4, first, n, args.options}, cut);
  });
}

bool is_possible(HeliosBackend& backend, const Tensor& qkv, const AttentionOptions& options,
                 std::initializer_list<Tensor> tensors) {
  const std::int64_t D = head_size(qkv, options);
  return D % kFragment == 0 && D > 0 && D <= kMostD &&
         std::ranges::all_of(tensors, [](const Tensor& x) { return is_at_16_bytes(x); }) &&
         backend.has_matrix_units(qkv.dtype(), MatrixUse::attention);
}

/// Numbers from -2 to 2, the same every time.
Tensor test_numbers(HeliosBackend& backend, const Shape& shape, std::uint32_t seed, DType dtype) {
  std::vector<float> values(static_cast<std::size_t>(shape.numel()));
  std::uint32_t state = seed;
  for (float& value : values) {
    state = state * 1'664'525 + 1'013'904'223;
    value = static_cast<float>(state >> 8) * 0x1p-22F - 2;
  }
  return from_values(backend, shape, std::span<const float>(values), dtype);
}

/// Whether x is y but for what rounding to 16 bits makes of values about 1.
bool is_near(HeliosBackend& backend, const Tensor& x, const Tensor& y) {
  constexpr float kTolerance = 0.04F;
  const std::vector<float> a = to_floats(backend, x);
  const std::vector<float> b = to_floats(backend, y);
  return std::ranges::equal(a, b, [](float one, float other) {
    return std::abs(one - other) <= kTolerance * std::max(1.0F, std::abs(other));
  });
}

/// Whether heads of size D come out as on plain arithmetic, with all cuts.
bool agrees_with_plain(HeliosBackend& backend, DType dtype, std::int64_t D,
                       const AttentionOptions& options) {
  constexpr std::int64_t B = 2;
  constexpr std::int64_t T = 150;
  const std::int64_t C = options.n_heads * D;
  const Tensor qkv = test_numbers(backend, {B, T, 3 * C}, 1, dtype);
  const Tensor dout = test_numbers(backend, {B, T, C}, 2, dtype);
  // While they are not trusted, these compute without them.
  const AttentionResult plain = attention(backend, qkv, options);
  const Tensor plain_dqkv = attention_backward(backend, qkv, plain, dout, options);

  const std::array<Cut, 2> cuts = cuts_for(D);
  for (const Cut& cut : std::span(cuts).first(backend.tuner().is_on() ? 2 : 1)) {
    const AttentionResult result = {full(backend, {B, T, C}, std::nan(""), dtype),
                                    full(backend, plain.lse.shape(), std::nan(""))};
    run_forward(backend, {qkv, result.out, result.lse, options}, cut);
    const Tensor dqkv = full(backend, qkv.shape(), std::nan(""), dtype);
    run_backward(backend, {qkv, plain.out, plain.lse, dout, dqkv, options}, cut);
    if (!is_near(backend, result.out, plain.out) || !is_near(backend, result.lse, plain.lse) ||
        !is_near(backend, dqkv, plain_dqkv)) {
      return false;
    }
  }
  return true;
}

}  // namespace

bool has_flash(const DeviceInfo& info, DType dtype) {
  return has_gemm(info, dtype) && info.has_subgroup_clusters &&
         info.max_shared_bytes >= kMostShared;
}

bool flash_forward(HeliosBackend& backend, const AttentionArgs& args) {
  if (!is_possible(backend, args.qkv, args.options, {args.qkv, args.out})) return false;
  run_forward(backend, args);
  return true;
}

bool flash_backward(HeliosBackend& backend, const AttentionBackwardArgs& args) {
  const std::initializer_list<Tensor> tensors = {args.qkv, args.out, args.dout, args.dqkv};
  if (!is_possible(backend, args.qkv, args.options, tensors)) return false;
  run_backward(backend, args);
  return true;
}

bool flash_passes_test(HeliosBackend& backend, DType dtype) {
  // Both cuts; with all that may be done to weights, and with nothing.
  return agrees_with_plain(
             backend, dtype, 32,
             {.n_heads = 2, .soft_cap = 20, .dropout = 0.2, .key = {.seed = 5, .counter = 3}}) &&
         agrees_with_plain(backend, dtype, 64, {.n_heads = 1}) &&
         agrees_with_plain(backend, dtype, 128, {.n_heads = 1});
}

}  // namespace alpha::helios
