#include "alpha/tensor/tensor.h"

namespace alpha {

Tensor::Tensor(StorageRef storage, std::int64_t offset, const Shape& shape, DType dtype)
    : storage_(std::move(storage)),
      offset_(offset),
      shape_(shape),
      dtype_(dtype) {
  const auto end = static_cast<std::size_t>(offset + shape.numel()) * size_of(dtype);
  ALPHA_CHECK(offset >= 0 && end <= storage_->size_bytes(), "tensor reaches beyond its storage");
}

Tensor Tensor::reshape(const Shape& shape) const {
  if (shape.numel() != numel()) {
    fail_invalid("[reshape] {} has {} elements, {} has {}", shape_, numel(), shape, shape.numel());
  }
  return {storage_, offset_, shape, dtype_};
}

Tensor Tensor::flat(std::int64_t begin, std::int64_t end) const {
  ALPHA_CHECK(0 <= begin && begin <= end && end <= numel(), "flat view out of range");
  return {storage_, offset_ + begin, {end - begin}, dtype_};
}

bool Tensor::overlaps(const Tensor& other) const noexcept {
  if (storage_.get() != other.storage_.get() || numel() == 0 || other.numel() == 0) return false;
  const auto begin = static_cast<std::size_t>(offset_) * size_of(dtype_);
  const auto other_begin = static_cast<std::size_t>(other.offset_) * size_of(other.dtype_);
  return begin < other_begin + other.size_bytes() && other_begin < begin + size_bytes();
}

}  // namespace alpha
