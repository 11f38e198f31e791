#pragma once

#include <atomic>
#include <cstddef>
#include <utility>

namespace alpha {

/// A block of memory that tensors share, owned by the backend that made it. Counted by reference
/// (StorageRef); when the last reference goes, the block returns to its allocator, which must
/// outlive it.
class Storage {
 public:
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  /// Address in host memory; null when the block lives on a device.
  std::byte* host() const noexcept { return host_; }

  std::size_t size_bytes() const noexcept { return size_bytes_; }

 protected:
  Storage() = default;
  virtual ~Storage() = default;

  /// The last reference is gone: take the block back. Called once per time it is handed out.
  virtual void dispose() noexcept = 0;

  std::byte* host_ = nullptr;
  std::size_t size_bytes_ = 0;

 private:
  friend class StorageRef;
  std::atomic<int> n_references_{0};
};

/// A counted reference to a Storage. Copying is an atomic increment, never an allocation.
class StorageRef {
 public:
  StorageRef() = default;

  explicit StorageRef(Storage* storage) noexcept : storage_(storage) { acquire(); }

  StorageRef(const StorageRef& other) noexcept : storage_(other.storage_) { acquire(); }

  StorageRef(StorageRef&& other) noexcept : storage_(std::exchange(other.storage_, nullptr)) {}

  StorageRef& operator=(StorageRef other) noexcept {
    std::swap(storage_, other.storage_);
    return *this;
  }

  ~StorageRef() {
    if (storage_ != nullptr &&
        storage_->n_references_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      storage_->dispose();
    }
  }

  Storage* get() const noexcept { return storage_; }

  Storage* operator->() const noexcept { return storage_; }

  explicit operator bool() const noexcept { return storage_ != nullptr; }

  /// True when this is the only reference.
  bool is_unique() const noexcept {
    return storage_ != nullptr && storage_->n_references_.load(std::memory_order_acquire) == 1;
  }

 private:
  void acquire() noexcept {
    if (storage_ != nullptr) storage_->n_references_.fetch_add(1, std::memory_order_relaxed);
  }

  Storage* storage_ = nullptr;
};

}  // namespace alpha
