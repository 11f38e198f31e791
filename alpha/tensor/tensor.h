#pragma once

#include <cstdint>

#include "alpha/tensor/dtype.h"
#include "alpha/tensor/shape.h"
#include "alpha/tensor/storage.h"

namespace alpha {

/// A contiguous, row-major array: shape and dtype over a part of a shared storage. Copies are
/// handles to the same elements. Layout changes (transpose, slice) are ops that write a new tensor;
/// `reshape` and `flat` are views.
class Tensor {
 public:
  Tensor() = default;

  /// Elements [offset, offset + shape.numel()) of `storage`.
  Tensor(StorageRef storage, std::int64_t offset, const Shape& shape, DType dtype);

  bool is_defined() const noexcept { return static_cast<bool>(storage_); }

  const Shape& shape() const noexcept { return shape_; }

  DType dtype() const noexcept { return dtype_; }

  int rank() const noexcept { return shape_.rank(); }

  std::int64_t numel() const noexcept { return shape_.numel(); }

  std::size_t size_bytes() const noexcept {
    return static_cast<std::size_t>(numel()) * size_of(dtype_);
  }

  /// The same elements under another shape of equal size. Error: invalid_argument with both shapes.
  Tensor reshape(const Shape& shape) const;

  /// The same elements as [everything but the last axis, last axis].
  Tensor as_matrix() const { return reshape({shape_.rows(), shape_.back()}); }

  /// Elements [begin, end) of the flattened tensor, as a view of rank 1.
  Tensor flat(std::int64_t begin, std::int64_t end) const;

  const StorageRef& storage() const noexcept { return storage_; }

  /// First element's position in the storage, in elements.
  std::int64_t offset() const noexcept { return offset_; }

  /// Host address of the first element. Kernels of the CPU backends use it.
  template<class T>
  T* data() const {
    ALPHA_DCHECK(dtype_of<T>() == dtype_, "tensor read as another dtype");
    return reinterpret_cast<T*>(raw());
  }

  std::byte* raw() const noexcept {
    return storage_->host() + offset_ * static_cast<std::int64_t>(size_of(dtype_));
  }

  /// True when nobody else refers to the storage, so that it may be overwritten.
  bool is_unique() const noexcept { return storage_.is_unique(); }

  /// True when both share at least one byte.
  bool overlaps(const Tensor& other) const noexcept;

 private:
  StorageRef storage_;
  std::int64_t offset_ = 0;
  Shape shape_;
  DType dtype_ = DType::f32;
};

}  // namespace alpha
