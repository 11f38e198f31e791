#include "apps/alpha/helios_cases.h"

#include <algorithm>
#include <memory>

#include "alpha/core/rng.h"
#include "alpha/tensor/create.h"
#include "alpha/tensor/ops/ops.h"

namespace alpha::cli {

namespace {

using Op = std::function<void()>;

double bytes_of(std::int64_t n, DType dtype) {
  return static_cast<double>(n) * static_cast<double>(size_of(dtype));
}

std::string shape_text(std::initializer_list<std::int64_t> sizes) {
  return fmt::format("{}", fmt::join(sizes, " x "));
}

Tensor random_ids(Backend& backend, const Shape& shape, std::int64_t n) {
  const CounterRng rng(2, 0);
  std::vector<std::int32_t> ids(static_cast<std::size_t>(shape.numel()));
  for (std::size_t i = 0; i < ids.size(); ++i) {
    ids[i] = static_cast<std::int32_t>(rng.uniform(i) * static_cast<double>(n));
  }
  return from_values(backend, shape, std::span<const std::int32_t>(ids));
}

/// op(a) · op(b), M x N x K. `is_gradient`: it is added to what is there, in f32.
KernelCase product(const std::string& name, std::int64_t M, std::int64_t N, std::int64_t K,
                   DType dtype, MatmulOptions options, bool is_gradient) {
  return {.name = fmt::format("{}, {}{}", name, options.trans_a ? "T" : "N",
                              options.trans_b ? "T" : "N"),
          .shape = shape_text({M, N, K}),
          .dtype = dtype,
          .flops = 2.0 * static_cast<double>(M) * static_cast<double>(N) * static_cast<double>(K),
          .make = [=](Backend& backend) -> Op {
            const Tensor a = noise(backend, options.trans_a ? Shape{K, M} : Shape{M, K}, dtype);
            const Tensor b = noise(backend, options.trans_b ? Shape{N, K} : Shape{K, N}, dtype);
            if (!is_gradient) return [=, &backend] { matmul(backend, a, b, options); };
            const Tensor into = zeros(backend, {M, N}, accumulation_dtype(dtype));
            return [=, &backend] { matmul_accumulate(backend, a, b, into, options); };
          }};
}

constexpr MatmulOptions kNT = {.trans_a = false, .trans_b = true};
constexpr MatmulOptions kNN = {};
constexpr MatmulOptions kTN = {.trans_a = true, .trans_b = false};

/// The products of a layer with a weight [outputs, inputs]: forward with the weight as it is and
/// transposed beforehand, the gradients of its input and of its weight.
void add_layer(std::vector<KernelCase>& cases, const std::string& name, std::int64_t n_rows,
               std::int64_t outputs, std::int64_t inputs, DType dtype) {
  cases.push_back(product(name + " forward", n_rows, outputs, inputs, dtype, kNT, false));
  cases.push_back(product(name + " forward", n_rows, outputs, inputs, dtype, kNN, false));
  cases.push_back(product(name + " dX", n_rows, inputs, outputs, dtype, kNN, false));
  cases.push_back(product(name + " dW", outputs, inputs, n_rows, dtype, kTN, true));
}

void add_products(std::vector<KernelCase>& cases, const KernelSizes& s, DType dtype) {
  add_layer(cases, "qkv", s.n_tokens, 3 * s.width, s.width, dtype);
  add_layer(cases, "proj", s.n_tokens, s.width, s.width, dtype);
  add_layer(cases, "fc", s.n_tokens, 4 * s.width, s.width, dtype);
  add_layer(cases, "fcproj", s.n_tokens, s.width, 4 * s.width, dtype);
  add_layer(cases, "logits", s.n_tokens, s.vocab_size, s.width, dtype);
  for (const MatmulOptions options : {kNT, kNN, kTN}) {
    cases.push_back(product("square", s.square, s.square, s.square, dtype, options, false));
  }
}

/// x · weightᵀ as a model computes it, with what is fused to it.
void add_linear(std::vector<KernelCase>& cases, const KernelSizes& s, DType dtype) {
  const auto flops = [](std::int64_t M, std::int64_t N, std::int64_t K) {
    return 2.0 * static_cast<double>(M) * static_cast<double>(N) * static_cast<double>(K);
  };
  const std::int64_t inner = 4 * s.width;
  cases.push_back({.name = "fc with bias and gelu",
                   .shape = shape_text({s.n_tokens, inner, s.width}),
                   .dtype = dtype,
                   .flops = flops(s.n_tokens, inner, s.width),
                   .make = [=](Backend& backend) -> Op {
                     const Tensor x = noise(backend, {s.n_tokens, s.width}, dtype);
                     const Tensor weight = noise(backend, {inner, s.width}, dtype);
                     const Tensor bias = noise(backend, {inner}, dtype);
                     const auto pre = std::make_shared<Tensor>();
                     return [=, &backend] {
                       linear(backend, x, weight, bias,
                              {.activation = Activation::gelu, .pre = pre.get()});
                     };
                   }});
  cases.push_back({.name = "logits in f32",
                   .shape = shape_text({s.n_logit_rows, s.vocab_size, s.width}),
                   .dtype = dtype,
                   .flops = flops(s.n_logit_rows, s.vocab_size, s.width),
                   .make = [=](Backend& backend) -> Op {
                     const Tensor x = noise(backend, {s.n_logit_rows, s.width}, dtype);
                     const Tensor weight = noise(backend, {s.vocab_size, s.width}, dtype);
                     return [=, &backend] {
                       linear(backend, x, weight, {}, {.is_output_accumulation_dtype = true});
                     };
                   }});
}

void add_attention(std::vector<KernelCase>& cases, const KernelSizes& s, DType dtype,
                   double dropout) {
  const AttentionOptions options = {
      .n_heads = s.H, .soft_cap = 0, .dropout = dropout, .key = {.seed = 1}};
  const Shape shape = {s.B, s.T, 3 * s.H * s.D};
  const double flops = 2.0 * static_cast<double>(s.B * s.H * s.D) * static_cast<double>(s.T * s.T);
  const std::string with = dropout > 0 ? fmt::format(", dropout {}", dropout) : "";
  const std::string text = shape_text({s.B, s.H, s.T, s.D});
  cases.push_back({.name = "attention forward" + with,
                   .shape = text,
                   .dtype = dtype,
                   .flops = flops,
                   .make = [=](Backend& backend) -> Op {
                     const Tensor qkv = noise(backend, shape, dtype);
                     return [=, &backend] { attention(backend, qkv, options); };
                   }});
  cases.push_back({.name = "attention backward" + with,
                   .shape = text,
                   .dtype = dtype,
                   .flops = 2.5 * flops,
                   .make = [=](Backend& backend) -> Op {
                     const Tensor qkv = noise(backend, shape, dtype);
                     const AttentionResult forward = attention(backend, qkv, options);
                     const Tensor dout = noise(backend, {s.B, s.T, s.H * s.D}, dtype);
                     return [=, &backend] {
                       attention_backward(backend, qkv, forward, dout, options);
                     };
                   }});
}

void add_norm(std::vector<KernelCase>& cases, const KernelSizes& s, DType dtype) {
  const double bytes = bytes_of(s.n_tokens * s.width, dtype);
  const Shape shape = {s.n_tokens, s.width};
  const std::string text = shape_text({s.n_tokens, s.width});
  cases.push_back({.name = "layer norm forward",
                   .shape = text,
                   .dtype = dtype,
                   .bytes = 2 * bytes,
                   .make = [=](Backend& backend) -> Op {
                     const Tensor x = noise(backend, shape, dtype);
                     const Tensor weight = noise(backend, {s.width}, dtype);
                     return [=, &backend] { layer_norm(backend, x, weight, weight); };
                   }});
  cases.push_back({.name = "layer norm backward",
                   .shape = text,
                   .dtype = dtype,
                   .bytes = 3 * bytes,
                   .make = [=](Backend& backend) -> Op {
                     const Tensor x = noise(backend, shape, dtype);
                     const Tensor dy = noise(backend, shape, dtype);
                     const Tensor weight = noise(backend, {s.width}, dtype);
                     const LayerNormResult forward = layer_norm(backend, x, weight, weight);
                     const Tensor dweight = zeros(backend, {s.width}, accumulation_dtype(dtype));
                     const Tensor dbias = zeros(backend, {s.width}, accumulation_dtype(dtype));
                     return [=, &backend] {
                       layer_norm_backward(backend, x, weight, forward, dy, dweight, dbias);
                     };
                   }});
}

/// Ops that compute each element from those at its own place in some tensors of one size.
void add_elementwise(std::vector<KernelCase>& cases, const KernelSizes& s, DType dtype) {
  const auto add = [&](const std::string& name, std::int64_t width, int n_tensors,
                       const std::function<void(Backend&, const Tensor&, const Tensor&)>& op) {
    const Shape shape = {s.n_tokens, width};
    cases.push_back({.name = name,
                     .shape = shape_text({s.n_tokens, width}),
                     .dtype = dtype,
                     .bytes = n_tensors * bytes_of(shape.numel(), dtype),
                     .make = [=](Backend& backend) -> Op {
                       const Tensor x = noise(backend, shape, dtype);
                       const Tensor y = n_tensors > 2 ? noise(backend, shape, dtype) : Tensor();
                       return [=, &backend] { op(backend, x, y); };
                     }});
  };
  const DropoutKey key = {.seed = 1};
  constexpr double kP = 0.1;
  add("gelu", 4 * s.width, 2,
      [](Backend& backend, const Tensor& x, const Tensor&) { gelu(backend, x); });
  add("gelu backward", 4 * s.width, 3,
      [](Backend& backend, const Tensor& x, const Tensor& dy) { gelu_backward(backend, x, dy); });
  add("add", s.width, 3,
      [](Backend& backend, const Tensor& x, const Tensor& y) { add_in_place(backend, x, y); });
  add("dropout", s.width, 2,
      [key](Backend& backend, const Tensor& x, const Tensor&) { dropout(backend, x, kP, key); });
  add("residual and dropout", s.width, 3,
      [key](Backend& backend, const Tensor& x, const Tensor& y) {
        residual_dropout(backend, x, y, kP, key);
      });
}

void add_cross_entropy(std::vector<KernelCase>& cases, const KernelSizes& s, DType dtype) {
  const Shape shape = {s.n_logit_rows, s.vocab_size};
  const std::string text = shape_text({s.n_logit_rows, s.vocab_size});
  cases.push_back({.name = "cross entropy forward",
                   .shape = text,
                   .dtype = DType::f32,
                   .bytes = bytes_of(shape.numel(), DType::f32),
                   .make = [=](Backend& backend) -> Op {
                     const Tensor logits = noise(backend, shape, DType::f32);
                     const Tensor targets = random_ids(backend, {s.n_logit_rows}, s.vocab_size);
                     return [=, &backend] { cross_entropy(backend, logits, targets); };
                   }});
  cases.push_back({.name = "cross entropy with gradient",
                   .shape = text,
                   .dtype = dtype,
                   .bytes = bytes_of(shape.numel(), DType::f32) + bytes_of(shape.numel(), dtype),
                   .make = [=](Backend& backend) -> Op {
                     const Tensor logits = noise(backend, shape, DType::f32);
                     const Tensor targets = random_ids(backend, {s.n_logit_rows}, s.vocab_size);
                     return
                         [=, &backend] { cross_entropy_gradient(backend, logits, targets, dtype); };
                   }});
  cases.push_back({.name = "rescale by 1",
                   .shape = text,
                   .dtype = dtype,
                   .bytes = bytes_of(1, DType::f32),
                   .make = [=](Backend& backend) -> Op {
                     const Tensor x = noise(backend, shape, dtype);
                     const Tensor wanted = ones(backend, {});
                     return [=, &backend] { rescale(backend, x, wanted, 1); };
                   }});
}

void add_embedding(std::vector<KernelCase>& cases, const KernelSizes& s, DType dtype) {
  const std::string text = shape_text({s.n_tokens, s.width});
  const std::int64_t n = s.n_tokens * s.width;
  // Backward adds to the rows of the gradient that are used.
  const double n_rows = static_cast<double>(std::min(s.n_tokens, s.vocab_size));
  const double row_bytes = bytes_of(s.width, DType::f32);
  cases.push_back({.name = "embedding forward",
                   .shape = text,
                   .dtype = dtype,
                   .bytes = 2 * bytes_of(n, dtype),
                   .make = [=](Backend& backend) -> Op {
                     const Tensor weight = noise(backend, {s.vocab_size, s.width}, dtype);
                     const Tensor ids = random_ids(backend, {s.n_tokens}, s.vocab_size);
                     return [=, &backend] { embedding(backend, weight, ids); };
                   }});
  cases.push_back(
      {.name = "embedding backward",
       .shape = text,
       .dtype = dtype,
       .bytes = bytes_of(n, dtype) + 2 * n_rows * row_bytes,
       .make = [=](Backend& backend) -> Op {
         const Tensor ids = random_ids(backend, {s.n_tokens}, s.vocab_size);
         const Tensor dy = noise(backend, {s.n_tokens, s.width}, dtype);
         const Tensor dweight = zeros(backend, {s.vocab_size, s.width}, accumulation_dtype(dtype));
         return [=, &backend] { embedding_backward(backend, ids, dy, dweight); };
       }});
}

/// What passes over all parameters once a step.
void add_update(std::vector<KernelCase>& cases, const KernelSizes& s, DType dtype) {
  const std::int64_t n = s.n_parameters;
  const bool has_copy = dtype != DType::f32;
  const double copy_bytes = has_copy ? bytes_of(n, dtype) : 0;
  const std::string text = shape_text({n});
  cases.push_back({.name = "adamw",
                   .shape = text,
                   .dtype = dtype,
                   .bytes = 7 * bytes_of(n, DType::f32) + copy_bytes,
                   .make = [=](Backend& backend) -> Op {
                     const AdamwArgs args = {
                         .parameters = noise(backend, {n}, DType::f32),
                         .gradients = noise(backend, {n}, DType::f32),
                         .m = zeros(backend, {n}),
                         .v = zeros(backend, {n}),
                         .copy = has_copy ? empty(backend, {n}, dtype) : Tensor(),
                         .scale = ones(backend, {}),
                         .lr = 1e-4,
                         .weight_decay = 0.1};
                     return [=, &backend] { adamw(backend, args); };
                   }});
  cases.push_back({.name = "sum of squares",
                   .shape = text,
                   .dtype = DType::f32,
                   .bytes = bytes_of(n, DType::f32),
                   .make = [=](Backend& backend) -> Op {
                     const Tensor x = noise(backend, {n}, DType::f32);
                     return [=, &backend] { sum_squares(backend, x); };
                   }});
  cases.push_back({.name = "fill",
                   .shape = text,
                   .dtype = DType::f32,
                   .bytes = bytes_of(n, DType::f32),
                   .make = [=](Backend& backend) -> Op {
                     const Tensor x = empty(backend, {n});
                     return [=, &backend] { fill(backend, x, 0); };
                   }});
}

void add_bias_gradient(std::vector<KernelCase>& cases, const KernelSizes& s, DType dtype) {
  const std::int64_t inner = 4 * s.width;
  cases.push_back({.name = "sum of rows",
                   .shape = shape_text({s.n_tokens, inner}),
                   .dtype = dtype,
                   .bytes = bytes_of(s.n_tokens * inner, dtype),
                   .make = [=](Backend& backend) -> Op {
                     const Tensor x = noise(backend, {s.n_tokens, inner}, dtype);
                     const Tensor into = zeros(backend, {inner}, accumulation_dtype(dtype));
                     return [=, &backend] { sum_to_accumulate(backend, x, into); };
                   }});
}

}  // namespace

Tensor noise(Backend& backend, const Shape& shape, DType dtype) {
  constexpr std::int64_t kPeriod = 1 << 20;
  const std::int64_t period = std::min(shape.numel(), kPeriod);
  const CounterRng rng(1, 0);
  std::vector<float> values(static_cast<std::size_t>(period));
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>(rng.uniform(i)) - 0.5F;
  const Tensor once = from_values(backend, {1, period}, std::span<const float>(values), dtype);
  if (period == shape.numel()) return once.reshape(shape);
  const std::int64_t n_times = (shape.numel() + period - 1) / period;
  return broadcast_to(backend, once, {n_times, period}).flat(0, shape.numel()).reshape(shape);
}

std::vector<KernelCase> kernel_cases(const KernelSizes& sizes, DType dtype) {
  std::vector<KernelCase> cases;
  add_products(cases, sizes, dtype);
  add_linear(cases, sizes, dtype);
  if (dtype != DType::f32)
    add_layer(cases, "fc", sizes.n_tokens, 4 * sizes.width, sizes.width, DType::f32);
  add_attention(cases, sizes, dtype, 0);
  add_attention(cases, sizes, dtype, 0.2);
  add_norm(cases, sizes, dtype);
  add_elementwise(cases, sizes, dtype);
  add_bias_gradient(cases, sizes, dtype);
  add_cross_entropy(cases, sizes, dtype);
  add_embedding(cases, sizes, dtype);
  add_update(cases, sizes, dtype);
  return cases;
}

}  // namespace alpha::cli
