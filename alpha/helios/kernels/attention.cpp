#include "alpha/helios/kernels/attention.h"

#include <cmath>

#include "alpha/helios/kernels/flash.h"

namespace alpha::helios {

namespace {

constexpr std::uint32_t kLanes = 16;  // invocations of a query, or of a key

/// Push constants that all kernels of attention share.
struct Parameters {
  std::uint32_t T, H, D, first_batch;
  float scale, soft_cap, keep_scale;
  std::uint32_t is_dropping, threshold;
};

Parameters parameters_of(const Tensor& qkv, const AttentionOptions& options, std::int64_t batch) {
  const std::int64_t D = head_size(qkv, options);
  return {.T = u32(qkv.shape()[1]),
          .H = u32(options.n_heads),
          .D = u32(D),
          .first_batch = u32(batch),
          .scale = static_cast<float>(1 / std::sqrt(static_cast<double>(D))),
          .soft_cap = static_cast<float>(options.soft_cap),
          .keep_scale = static_cast<float>(1 / (1 - options.dropout)),
          .is_dropping = options.dropout > 0 ? 1U : 0U,
          .threshold = DropoutKey::drop_threshold(options.dropout)};
}

/// Room for a head in shared memory. Error: unsupported above 128.
std::uint32_t most_D(std::uint32_t D) {
  for (const std::uint32_t size : {32U, 64U, 128U}) {
    if (D <= size) return size;
  }
  fail(ErrorCode::unsupported, "[attention] heads have size {}, backend 'helios' takes at most 128",
       D);
}

/// `rows` queries, or keys, are a workgroup's, as the shader has it.
void launch(HeliosBackend& backend, std::string_view name, DType dtype,
            std::initializer_list<Tensor> tensors, const Parameters& parameters,
            const DropoutKey& key, std::int64_t n_batches, std::uint32_t rows) {
  backend.dispatch({.shader = &shader_for(name, dtype),
                    .constants = {rows * kLanes, most_D(parameters.D)},
                    .tensors = std::span(tensors.begin(), tensors.size()),
                    .parameters = bytes_of(parameters),
                    .changing = bytes_of(KeyNumbers(key)),
                    .groups_x = (parameters.T + rows - 1) / rows,
                    .groups_y = parameters.H,
                    .groups_z = u32(n_batches)});
}

}  // namespace

void attention(HeliosBackend& backend, const AttentionArgs& args) {
  if (args.out.numel() == 0 || flash_forward(backend, args)) return;
  for_batch_pieces(backend, args.qkv, [&](const auto& part, std::int64_t first, std::int64_t n) {
    launch(backend, "attention", args.dtype(), {part(args.qkv), part(args.out), part(args.lse)},
           parameters_of(args.qkv, args.options, first), args.options.key, n, 16);
  });
}

void attention_backward(HeliosBackend& backend, const AttentionBackwardArgs& args) {
  struct DotParameters {
    std::uint32_t T, H, D;
  };

  if (args.dqkv.numel() == 0 || flash_backward(backend, args)) return;
  for_batch_pieces(backend, args.qkv, [&](const auto& part, std::int64_t first, std::int64_t n) {
    const Parameters parameters = parameters_of(args.qkv, args.options, first);
    const Tensor lse = part(args.lse);
    const Tensor delta = scratch(backend, lse.shape());
    launch_once(backend, shader_for("attention_dot", args.dtype()), {},
                {part(args.out), part(args.dout), delta}, lse.numel(),
                DotParameters{parameters.T, parameters.H, parameters.D});
    const std::initializer_list<Tensor> tensors = {part(args.qkv), lse, delta, part(args.dout),
                                                   part(args.dqkv)};
    launch(backend, "attention_dq", args.dtype(), tensors, parameters, args.options.key, n, 16);
    const std::uint32_t n_keys = most_D(parameters.D) > 64 ? 8 : 16;
    launch(backend, "attention_dkv", args.dtype(), tensors, parameters, args.options.key, n,
           n_keys);
  });
}

}  // namespace alpha::helios
