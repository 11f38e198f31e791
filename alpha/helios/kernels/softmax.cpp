#include "alpha/tensor/ops/softmax.h"

#include "alpha/helios/kernels/rows.h"
#include "alpha/helios/kernels/strides.h"

namespace alpha::helios {

namespace {

struct Parameters {
  std::uint32_t n_lines;
  std::uint32_t n;
  std::uint32_t inner;
};

/// Blocks of `outer` lie one behind the other and can be cut into pieces.
void launch_lines(HeliosBackend& backend, const Shader& shader, std::uint32_t is_log,
                  const Shape& shape, int axis, std::initializer_list<Tensor> tensors) {
  const Lines lines(shape, axis);
  if (shape.numel() == 0) return;
  const std::int64_t outer = lines.n_lines / lines.inner;
  for_row_pieces(backend, outer, tensors, [&](std::int64_t begin, std::int64_t end) {
    std::array<Tensor, 3> parts;
    std::size_t n_parts = 0;
    for (const Tensor& tensor : tensors) parts[n_parts++] = rows_of(tensor, outer, begin, end);
    const std::int64_t n_lines = (end - begin) * lines.inner;
    const Parameters parameters = {static_cast<std::uint32_t>(n_lines),
                                   static_cast<std::uint32_t>(lines.n),
                                   static_cast<std::uint32_t>(lines.inner)};
    backend.dispatch({.shader = &shader,
                      .constants = {kWorkgroup, is_log},
                      .tensors = std::span(parts).first(n_parts),
                      .parameters = bytes_of(parameters),
                      .groups_x = groups_for_rows(backend, n_lines)});
  });
}

template<class Args>
void forward(HeliosBackend& backend, const Args& args, std::uint32_t is_log) {
  launch_lines(backend, shader_for("softmax", args.dtype()), is_log, args.x.shape(), args.axis,
               {args.x, args.out});
}

template<class Args>
void backward(HeliosBackend& backend, const Args& args, std::uint32_t is_log) {
  launch_lines(backend, shader_for("softmax_backward", args.dtype()), is_log, args.y.shape(),
               args.axis, {args.y, args.dy, args.dx});
}

}  // namespace

void softmax(HeliosBackend& backend, const SoftmaxArgs& args) {
  forward(backend, args, 0);
}

void softmax_backward(HeliosBackend& backend, const SoftmaxBackwardArgs& args) {
  backward(backend, args, 0);
}

void log_softmax(HeliosBackend& backend, const LogSoftmaxArgs& args) {
  forward(backend, args, 1);
}

void log_softmax_backward(HeliosBackend& backend, const LogSoftmaxBackwardArgs& args) {
  backward(backend, args, 1);
}

}  // namespace alpha::helios
