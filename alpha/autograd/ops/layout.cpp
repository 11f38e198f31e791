#include "alpha/tensor/ops/layout.h"

#include <vector>

#include "alpha/autograd/ops.h"
#include "alpha/tensor/create.h"

namespace alpha {

namespace {

/// The gradient of a slice: zeros but for the part that was cut out.
Tensor padded(Backend& backend, const Tensor& dy, const Shape& shape, const Index& starts) {
  Tensor result = zeros(backend, shape, dy.dtype());
  write_slice(backend, dy, result, std::span(starts).first(static_cast<std::size_t>(shape.rank())));
  return result;
}

Variable record_slice(Tape& tape, const Variable& x, Tensor y, const Index& starts) {
  return tape.record(std::move(y), {&x}, [to_x = x.target(), starts](Tape& t, const Tensor& dy) {
    t.add_grad(to_x, padded(t.backend(), dy, to_x.shape, starts));
  });
}

}  // namespace

Variable reshape(Tape& tape, const Variable& x, const Shape& shape) {
  return tape.record(x.data().reshape(shape), {&x}, [to_x = x.target()](Tape& t, const Tensor& dy) {
    t.add_grad(to_x, dy.reshape(to_x.shape));
  });
}

Variable transpose(Tape& tape, const Variable& x, int axis0, int axis1) {
  return tape.record(transpose(tape.backend(), x.data(), axis0, axis1), {&x},
                     [to_x = x.target(), axis0, axis1](Tape& t, const Tensor& dy) {
                       t.add_grad(to_x, transpose(t.backend(), dy, axis0, axis1));
                     });
}

Variable slice(Tape& tape, const Variable& x, int axis, std::int64_t begin, std::int64_t end) {
  Index starts{};
  starts[static_cast<std::size_t>(normalize_axis("slice", axis, x.shape().rank()))] = begin;
  return record_slice(tape, x, slice(tape.backend(), x.data(), axis, begin, end), starts);
}

Variable slice(Tape& tape, const Variable& x, std::span<const std::int64_t> starts,
               std::span<const std::int64_t> ends) {
  Tensor y = slice(tape.backend(), x.data(), starts, ends);
  Index begin{};
  std::ranges::copy(starts, begin.begin());
  return record_slice(tape, x, std::move(y), begin);
}

Variable cat(Tape& tape, std::span<const Variable> variables, int axis) {
  std::vector<Tensor> tensors;
  std::vector<GradTarget> targets;
  Variable some_input;  // stands for all when it is asked whether a gradient is needed
  for (const Variable& x : variables) {
    tensors.push_back(x.data());
    targets.push_back(x.target());
    if (x.requires_grad()) some_input = x;
  }
  Tensor y = cat(tape.backend(), tensors, axis);
  const int at = normalize_axis("cat", axis, y.rank());
  return tape.record(std::move(y), {&some_input},
                     [targets = std::move(targets), at](Tape& t, const Tensor& dy) {
                       std::int64_t begin = 0;
                       for (const GradTarget& target : targets) {
                         const std::int64_t end = begin + target.shape[at];
                         if (target.is_needed()) {
                           t.add_grad(target, slice(t.backend(), dy, at, begin, end));
                         }
                         begin = end;
                       }
                     });
}

}  // namespace alpha
