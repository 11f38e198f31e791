#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "alpha/tensor/dtype.h"

namespace alpha::cpu {

/// Everything a compiled product depends on. Row strides in elements, as stored.
struct ProductKey {
  std::int64_t M = 0;
  std::int64_t N = 0;
  std::int64_t K = 0;
  std::int64_t lda = 0;
  std::int64_t ldb = 0;
  std::int64_t ldc = 0;
  DType in_dtype = DType::f32;
  DType out_dtype = DType::f32;
  bool trans_a = false;
  bool trans_b = false;
  bool is_accumulating = false;
  bool has_bias = false;

  bool operator==(const ProductKey&) const = default;
};

/// One oneDNN matmul, compiled for one thread. `run` may be called from several threads at once:
/// each call borrows a context (memory objects, stream) that no other call uses meanwhile.
class Product {
 public:
  /// Error: unsupported, with oneDNN's reason.
  explicit Product(const ProductKey& key);
  ~Product();
  Product(const Product&) = delete;
  Product& operator=(const Product&) = delete;

  /// Makes contexts for `n` calls at once, so that these allocate nothing.
  void reserve(int n);

  /// `bias` is read if the key has one.
  void run(const void* a, const void* b, void* c, const void* bias);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Products by key. At most kMaxProducts are kept: shapes that come and go must not fill the
/// memory.
class ProductCache {
 public:
  static constexpr std::size_t kMaxProducts = 1024;

  /// The product of `key`, compiled on first use, with contexts for `n_threads` calls at once.
  std::shared_ptr<Product> get(const ProductKey& key, int n_threads);

 private:
  struct Hash {
    std::size_t operator()(const ProductKey& key) const noexcept;
  };

  std::mutex mutex_;
  std::unordered_map<ProductKey, std::shared_ptr<Product>, Hash> products_;
};

}  // namespace alpha::cpu
