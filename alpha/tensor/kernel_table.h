#pragma once

#include <array>
#include <cstdint>

#include "alpha/tensor/dtype.h"
#include "alpha/tensor/op_id.h"

namespace alpha {

class Backend;

/// Where a backend's kernel comes from.
enum class KernelKind : std::uint8_t {
  none,       // the backend has no kernel
  reference,  // the plain loops of cpu_ref
  native      // the backend's own
};

/// A set of dtypes.
class DTypeSet {
 public:
  constexpr DTypeSet() = default;

  constexpr DTypeSet(DType dtype) : bits_(1U << static_cast<unsigned>(dtype)) {}  // NOLINT

  constexpr bool contains(DType dtype) const noexcept {
    return (bits_ >> static_cast<unsigned>(dtype) & 1U) != 0;
  }

  friend constexpr DTypeSet operator|(DTypeSet a, DTypeSet b) {
    a.bits_ |= b.bits_;
    return a;
  }

 private:
  unsigned bits_ = 0;
};

constexpr DTypeSet operator|(DType a, DType b) {
  return DTypeSet(a) | DTypeSet(b);
}

inline constexpr DTypeSet kFloating = DType::f32 | DType::f64 | DType::f16 | DType::bf16;
inline constexpr DTypeSet kAnyDType = kFloating | DType::i32;

/// (op, dtype) -> kernel, one table per backend. A kernel is a plain function
/// `void softmax(SomeBackend&, const SoftmaxArgs&)`: it computes and neither checks nor throws.
class KernelTable {
 public:
  /// Sets `Kernel` for its op and every dtype of `dtypes`, replacing what stood there.
  template<auto Kernel>
  constexpr void add(DTypeSet dtypes, KernelKind kind) {
    add_impl<Kernel>(Kernel, dtypes, kind);
  }

  KernelKind kind(OpId op, DType dtype) const noexcept { return entry(op, dtype).kind; }

  /// Runs the kernel. Error: unsupported, naming op, dtype and backend.
  void run(Backend& backend, OpId op, DType dtype, const void* args) const;

 private:
  using Erased = void (*)(Backend&, const void*);

  struct Entry {
    Erased run = nullptr;
    KernelKind kind = KernelKind::none;
  };

  template<auto Kernel, class B, class Args>
  constexpr void add_impl(void (*)(B&, const Args&), DTypeSet dtypes, KernelKind kind) {
    for (const DType dtype : kAllDTypes) {
      if (!dtypes.contains(dtype)) continue;
      entries_[static_cast<std::size_t>(Args::kOp)][static_cast<std::size_t>(dtype)] = {
          [](Backend& backend, const void* args) {
            Kernel(static_cast<B&>(backend), *static_cast<const Args*>(args));
          },
          kind};
    }
  }

  const Entry& entry(OpId op, DType dtype) const noexcept {
    return entries_[static_cast<std::size_t>(op)][static_cast<std::size_t>(dtype)];
  }

  std::array<std::array<Entry, kDTypeCount>, kOpCount> entries_{};
};

}  // namespace alpha
