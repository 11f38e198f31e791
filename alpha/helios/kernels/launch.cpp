#include "alpha/helios/kernels/launch.h"

#include "alpha/helios/kernels/strides.h"

namespace alpha::helios {

const Shader& shader_for(std::string_view stem, DType dtype) {
  return find_shader(fmt::format("{}.{}", stem, to_string(dtype)));
}

std::uint32_t number_of(DType dtype) {
  switch (dtype) {
    case DType::f32: return 0;
    case DType::bf16: return 1;
    case DType::f16: return 2;
    case DType::i32: return 3;
    default: fail(ErrorCode::unsupported, "[helios] a device has no {}", to_string(dtype));
  }
}

std::int64_t piece_of(const HeliosBackend& backend, std::initializer_list<Tensor> tensors) {
  std::int64_t piece = std::numeric_limits<std::int64_t>::max();
  for (const Tensor& tensor : tensors) {
    constexpr std::int64_t kMultiple = 256;  // of what vectors and alignments may ask for
    const auto n = static_cast<std::int64_t>(visible_bytes(backend) / size_of(tensor.dtype()));
    piece = std::min(piece, n / kMultiple * kMultiple);
  }
  return piece;
}

void check_visible(const HeliosBackend& backend, std::string_view op,
                   std::initializer_list<Tensor> tensors) {
  for (const Tensor& tensor : tensors) {
    if (tensor.size_bytes() <= visible_bytes(backend)) continue;
    fail(ErrorCode::unsupported,
         "[{}] a tensor of shape {} has {} bytes, a kernel of '{}' sees at most {}", op,
         tensor.shape(), tensor.size_bytes(), backend.device().info().name,
         backend.device().info().max_range_bytes);
  }
}

std::uint32_t groups_for(std::int64_t n, std::uint32_t size) {
  constexpr std::int64_t kMost = 16'384;
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>((n + size - 1) / size, 1, kMost));
}

}  // namespace alpha::helios
