#pragma once

#include <utility>

#include "alpha/tensor/tensor.h"

namespace alpha {

class Tape;

/// Where the gradient of a variable goes; all that a backward function needs to know of an input
/// whose values it does not read.
struct GradTarget {
  static constexpr int kNone = -1;

  int slot = kNone;            // of the tape that made the variable
  const Tape* tape = nullptr;  // that tape; null for parameters and constants
  Tensor accumulator;  // of a parameter: gradients add up here, across tapes; else undefined
  Shape shape;
  DType dtype = DType::f32;  // in which gradients are handed over

  bool is_needed() const noexcept { return slot != kNone || accumulator.is_defined(); }
};

/// A tensor in a computation that may be differentiated. A value: copy it freely.
class Variable {
 public:
  Variable() = default;

  /// A constant: no gradient.
  explicit Variable(Tensor data) : data_(std::move(data)) {
    target_.shape = data_.shape();
    target_.dtype = data_.dtype();
  }

  /// A parameter: backward adds its gradient to `gradient`, of the same shape and the accumulation
  /// dtype of `data`.
  Variable(Tensor data, Tensor gradient) : Variable(std::move(data)) {
    target_.accumulator = std::move(gradient);
  }

  const Tensor& data() const noexcept { return data_; }

  const Shape& shape() const noexcept { return data_.shape(); }

  DType dtype() const noexcept { return data_.dtype(); }

  bool requires_grad() const noexcept { return target_.is_needed(); }

  const GradTarget& target() const noexcept { return target_; }

  bool is_defined() const noexcept { return data_.is_defined(); }

 private:
  friend class Tape;

  Tensor data_;
  GradTarget target_;
};

}  // namespace alpha
