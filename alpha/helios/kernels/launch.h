#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "alpha/core/rng.h"
#include "alpha/helios/helios_backend.h"

namespace alpha::helios {

/// Invocations of a workgroup where a kernel has no wish of its own.
inline constexpr std::uint32_t kWorkgroup = 256;

/// The shader `stem` in the variant of a dtype. Error: internal, where there is none.
const Shader& shader_for(std::string_view stem, DType dtype);

/// A size as shaders count: within what they see it fits.
inline std::uint32_t u32(std::int64_t value) noexcept {
  return static_cast<std::uint32_t>(value);
}

/// Where a tensor is not there, the shader is given one that it does not touch.
inline const Tensor& or_else(const Tensor& tensor, const Tensor& other) noexcept {
  return tensor.is_defined() ? tensor : other;
}

/// How shaders number the dtypes of what they write: f32 0, bf16 1, f16 2, i32 3. Error:
/// unsupported for f64.
std::uint32_t number_of(DType dtype);

/// The bytes of a struct of push constants.
template<class Parameters>
std::span<const std::byte> bytes_of(const Parameters& parameters) {
  static_assert(std::is_trivially_copyable_v<Parameters>);
  return std::as_bytes(std::span(&parameters, 1));
}

/// The key of a dropout's mask as shaders see it, among the numbers that change.
struct KeyNumbers {
  std::uint32_t seed;
  std::uint32_t counter;

  explicit KeyNumbers(const DropoutKey& key)
      : seed(static_cast<std::uint32_t>(key.seed)),
        counter(key.counter) {}
};

/// A flat kernel over tensors of equal size: in pieces that a shader can see at once, so that
/// indices within fit 32 bits whatever the size. The shader's first parameter is the number of
/// elements; `rest` follows. Behind the tensors each piece sees those that are `whole`.
template<class Rest>
void launch_flat(HeliosBackend& backend, const Shader& shader,
                 std::initializer_list<std::uint32_t> constants,
                 std::initializer_list<Tensor> tensors, const Rest& rest,
                 std::initializer_list<Tensor> whole = {},
                 std::span<const std::byte> changing = {});

/// A kernel over `n` elements that sees its tensors whole. Nothing happens for n = 0.
template<class Rest>
void launch_once(HeliosBackend& backend, const Shader& shader,
                 std::initializer_list<std::uint32_t> constants,
                 std::initializer_list<Tensor> tensors, std::int64_t n, const Rest& rest,
                 std::span<const std::byte> changing = {});

/// Bytes of a tensor that a shader sees: of its range, some may lie ahead of the tensor.
inline std::uint64_t visible_bytes(const HeliosBackend& backend) noexcept {
  const DeviceInfo& info = backend.device().info();
  return info.max_range_bytes - info.offset_alignment;
}

/// Elements of which every tensor's part is within what a shader sees.
std::int64_t piece_of(const HeliosBackend& backend, std::initializer_list<Tensor> tensors);

/// Error: unsupported, for tensors that a shader cannot see whole.
void check_visible(const HeliosBackend& backend, std::string_view op,
                   std::initializer_list<Tensor> tensors);

/// Workgroups of `size` for n elements, no more than make sense with strides.
std::uint32_t groups_for(std::int64_t n, std::uint32_t size);

/// Push constants of a flat kernel.
template<class Rest>
struct FlatParameters {
  std::uint32_t n;
  Rest rest;
};

/// Of a flat kernel that has no further parameters.
struct NoParameters {};

template<>
struct FlatParameters<NoParameters> {
  std::uint32_t n;

  FlatParameters(std::uint32_t size, NoParameters /*rest*/) : n(size) {}
};

template<class Rest>
void launch_once(HeliosBackend& backend, const Shader& shader,
                 std::initializer_list<std::uint32_t> constants,
                 std::initializer_list<Tensor> tensors, std::int64_t n, const Rest& rest,
                 std::span<const std::byte> changing) {
  if (n == 0) return;
  std::vector<std::uint32_t> all = {kWorkgroup};
  all.insert(all.end(), constants);
  const FlatParameters<Rest> parameters = {static_cast<std::uint32_t>(n), rest};
  backend.dispatch({.shader = &shader,
                    .constants = all,
                    .tensors = std::span(tensors.begin(), tensors.size()),
                    .parameters = bytes_of(parameters),
                    .changing = changing,
                    .groups_x = groups_for(n, kWorkgroup)});
}

template<class Rest>
void launch_flat(HeliosBackend& backend, const Shader& shader,
                 std::initializer_list<std::uint32_t> constants,
                 std::initializer_list<Tensor> tensors, const Rest& rest,
                 std::initializer_list<Tensor> whole, std::span<const std::byte> changing) {
  const std::int64_t n = tensors.begin()->numel();
  const std::int64_t piece = piece_of(backend, tensors);
  std::vector<std::uint32_t> all = {kWorkgroup};
  all.insert(all.end(), constants);
  for (std::int64_t begin = 0; begin < n; begin += piece) {
    const std::int64_t end = std::min(n, begin + piece);
    std::array<Tensor, kMostBindings> parts;
    std::size_t n_parts = 0;
    for (const Tensor& tensor : tensors) parts[n_parts++] = tensor.flat(begin, end);
    for (const Tensor& tensor : whole) parts[n_parts++] = tensor;
    const FlatParameters<Rest> parameters = {static_cast<std::uint32_t>(end - begin), rest};
    backend.dispatch({.shader = &shader,
                      .constants = all,
                      .tensors = std::span(parts).first(n_parts),
                      .parameters = bytes_of(parameters),
                      .changing = changing,
                      .groups_x = groups_for(end - begin, kWorkgroup)});
  }
}

}  // namespace alpha::helios
