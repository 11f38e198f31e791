#pragma once

#include <cstddef>
#include <memory>
#include <new>

namespace alpha::cpu {

/// Working memory that only grows, 64-byte aligned. Kernels keep one per thread (`thread_local`),
/// so that a kernel allocates nothing once it has run at its largest size. Contents are not kept
/// from one call to the next.
class Scratch {
 public:
  /// At least `size_bytes` of uninitialised memory, valid until the next call.
  std::byte* bytes(std::size_t size_bytes) {
    if (size_bytes > size_bytes_) {
      memory_.reset();
      size_bytes_ = 0;
      memory_.reset(static_cast<std::byte*>(::operator new(size_bytes, kAlignment)));
      size_bytes_ = size_bytes;
    }
    return memory_.get();
  }

  /// The same, as `n` floats.
  float* floats(std::size_t n) { return reinterpret_cast<float*>(bytes(n * sizeof(float))); }

 private:
  static constexpr std::align_val_t kAlignment{64};

  struct Free {
    void operator()(std::byte* memory) const noexcept { ::operator delete(memory, kAlignment); }
  };

  std::unique_ptr<std::byte, Free> memory_;
  std::size_t size_bytes_ = 0;
};

}  // namespace alpha::cpu
