#include "alpha/cpu/gemm_product.h"

#include <array>
#include <vector>

#include <omp.h>
#include <oneapi/dnnl/dnnl.hpp>

#include "alpha/core/error.h"
#include "alpha/cpu/scratch.h"

namespace alpha::cpu {

namespace {

using Dims = dnnl::memory::dims;

/// oneDNN asks OpenMP how many threads it may use, both when it compiles and when it runs.
class OneThreadScope {
 public:
  OneThreadScope() : before_(omp_get_max_threads()) {
    if (before_ != 1) omp_set_num_threads(1);
  }

  OneThreadScope(const OneThreadScope&) = delete;
  OneThreadScope& operator=(const OneThreadScope&) = delete;

  ~OneThreadScope() {
    if (before_ != 1) omp_set_num_threads(before_);
  }

 private:
  int before_;
};

dnnl::memory::data_type to_dnnl(DType dtype) {
  return dtype == DType::bf16 ? dnnl::memory::data_type::bf16 : dnnl::memory::data_type::f32;
}

Dims strides(std::int64_t ld, bool is_transposed) {
  return is_transposed ? Dims{1, ld} : Dims{ld, 1};
}

dnnl::matmul::primitive_desc describe(const ProductKey& key, const dnnl::engine& engine) {
  const auto in = to_dnnl(key.in_dtype);
  const dnnl::memory::desc a({key.M, key.K}, in, strides(key.lda, key.trans_a));
  const dnnl::memory::desc b({key.K, key.N}, in, strides(key.ldb, key.trans_b));
  const dnnl::memory::desc c({key.M, key.N}, to_dnnl(key.out_dtype), strides(key.ldc, false));
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  if (key.is_accumulating) {
    dnnl::post_ops post;
    post.append_sum(1.0F);
    attr.set_post_ops(post);
  }
  if (!key.has_bias) return {dnnl::matmul::desc(a, b, c), attr, engine};
  const dnnl::memory::desc bias({1, key.N}, in, strides(key.N, false));
  return {dnnl::matmul::desc(a, b, bias, c), attr, engine};
}

/// The memory objects of one running call.
struct Context {
  dnnl::stream stream;
  dnnl::memory a;
  dnnl::memory b;
  dnnl::memory bias;
  dnnl::memory c;
  dnnl::memory scratchpad;
};

}  // namespace

struct Product::Impl {
  explicit Impl(const ProductKey& key)
      : engine(dnnl::engine::kind::cpu, 0),
        desc(describe(key, engine)),
        primitive(desc) {
    has_bias = key.has_bias;
    scratchpad_bytes = desc.scratchpad_desc().get_size();
  }

  std::unique_ptr<Context> make_context() const {
    const auto unset = [&](const dnnl::memory::desc& d) {
      return dnnl::memory(d, engine, nullptr);
    };
    return std::make_unique<Context>(Context{.stream = dnnl::stream(engine),
                                             .a = unset(desc.src_desc()),
                                             .b = unset(desc.weights_desc()),
                                             .bias = unset(desc.bias_desc()),
                                             .c = unset(desc.dst_desc()),
                                             .scratchpad = unset(desc.scratchpad_desc())});
  }

  std::unique_ptr<Context> borrow() {
    {
      const std::lock_guard lock(mutex);
      if (!idle.empty()) {
        std::unique_ptr<Context> context = std::move(idle.back());
        idle.pop_back();
        return context;
      }
      ++n_contexts;
      idle.reserve(n_contexts);
    }
    return make_context();
  }

  void give_back(std::unique_ptr<Context> context) {
    const std::lock_guard lock(mutex);
    idle.push_back(std::move(context));
  }

  dnnl::engine engine;
  dnnl::matmul::primitive_desc desc;
  dnnl::matmul primitive;
  bool has_bias = false;
  std::size_t scratchpad_bytes = 0;
  std::mutex mutex;
  std::vector<std::unique_ptr<Context>> idle;
  std::size_t n_contexts = 0;
};

Product::Product(const ProductKey& key) {
  const OneThreadScope scope;
  try {
    impl_ = std::make_unique<Impl>(key);
  } catch (const dnnl::error& error) {
    fail(ErrorCode::unsupported, "[gemm] oneDNN has no product {} x {} x {} of {} into {}: {}",
         key.M, key.N, key.K, to_string(key.in_dtype), to_string(key.out_dtype), error.what());
  }
}

Product::~Product() = default;

void Product::reserve(int n) {
  const std::lock_guard lock(impl_->mutex);
  const auto wanted = static_cast<std::size_t>(n);
  impl_->idle.reserve(wanted);
  for (; impl_->n_contexts < wanted; ++impl_->n_contexts) {
    impl_->idle.push_back(impl_->make_context());
  }
}

void Product::run(const void* a, const void* b, void* c, const void* bias) {
  thread_local Scratch scratchpad;
  const OneThreadScope scope;
  std::unique_ptr<Context> context = impl_->borrow();
  context->a.set_data_handle(const_cast<void*>(a));
  context->b.set_data_handle(const_cast<void*>(b));
  context->c.set_data_handle(c);
  context->scratchpad.set_data_handle(scratchpad.bytes(impl_->scratchpad_bytes));
  if (impl_->has_bias) context->bias.set_data_handle(const_cast<void*>(bias));

  const std::array<dnnl_exec_arg_t, 5> args = {{{DNNL_ARG_SRC, context->a.get()},
                                                {DNNL_ARG_WEIGHTS, context->b.get()},
                                                {DNNL_ARG_DST, context->c.get()},
                                                {DNNL_ARG_SCRATCHPAD, context->scratchpad.get()},
                                                {DNNL_ARG_BIAS, context->bias.get()}}};
  const dnnl_status_t status = dnnl_primitive_execute(impl_->primitive.get(), context->stream.get(),
                                                      impl_->has_bias ? 5 : 4, args.data());
  impl_->give_back(std::move(context));
  ALPHA_CHECK(status == dnnl_success, "oneDNN refused to run a product it compiled");
}

std::size_t ProductCache::Hash::operator()(const ProductKey& key) const noexcept {
  const auto flags = static_cast<std::int64_t>(key.in_dtype) * 256 +
                     static_cast<std::int64_t>(key.out_dtype) * 16 + key.trans_a * 8 +
                     key.trans_b * 4 + key.is_accumulating * 2 + key.has_bias;
  std::uint64_t hash = 0;
  for (const std::int64_t part : {key.M, key.N, key.K, key.lda, key.ldb, key.ldc, flags}) {
    hash = (hash ^ static_cast<std::uint64_t>(part)) * 0x9e3779b97f4a7c15U;
    hash ^= hash >> 29U;
  }
  return hash;
}

std::shared_ptr<Product> ProductCache::get(const ProductKey& key, int n_threads) {
  const std::lock_guard lock(mutex_);
  const auto found = products_.find(key);
  if (found != products_.end()) return found->second;
  if (products_.size() >= kMaxProducts) products_.clear();
  auto product = std::make_shared<Product>(key);
  product->reserve(n_threads);
  products_.emplace(key, product);
  return product;
}

}  // namespace alpha::cpu
