// Products of the CPU backend at the sizes of a small GPT (12 x 64 tokens, 128 channels) and of
// GPT-2 (256 tokens, 768 channels). Counter: multiply-adds counted twice, per second.
//
//   gemm_bench --benchmark_repetitions=9 --benchmark_report_aggregates_only

#include <array>
#include <cstdint>
#include <string>

#include <benchmark/benchmark.h>

#include "alpha/core/rng.h"
#include "alpha/cpu/cpu_backend.h"
#include "alpha/tensor/create.h"
#include "alpha/tensor/ops/linear.h"
#include "alpha/tensor/ops/matmul.h"

namespace {

using alpha::Backend;
using alpha::DType;
using alpha::SeededRng;
using alpha::Shape;
using alpha::Tensor;

struct Product {
  const char* name;
  std::int64_t M;
  std::int64_t N;
  std::int64_t K;
  bool trans_a;
  bool trans_b;
};

constexpr std::array kProducts = {
    Product{"qkv", 768, 384, 128, false, true},
    Product{"up", 768, 512, 128, false, true},
    Product{"down", 768, 128, 512, false, true},
    Product{"head", 768, 65, 128, false, true},
    Product{"dx", 768, 128, 384, false, false},
    Product{"dweight", 384, 128, 768, true, false},
    Product{"dweight_head", 65, 128, 768, true, false},
    Product{"gpt2_up", 256, 3072, 768, false, true},
    Product{"gpt2_dx", 256, 768, 3072, false, false},
    Product{"gpt2_dweight", 3072, 768, 256, true, false},
    Product{"gpt2_decode_1", 1, 3072, 768, false, true},
    Product{"gpt2_decode_8", 8, 3072, 768, false, true},
};

Tensor random(Backend& backend, std::int64_t rows, std::int64_t columns, DType dtype) {
  SeededRng rng(1);
  return alpha::randn(backend, {rows, columns}, rng, 1, dtype);
}

void count(benchmark::State& state, double flop) {
  state.counters["GFLOP/s"] =
      benchmark::Counter(flop * 1e-9, benchmark::Counter::kIsIterationInvariantRate);
}

void run_product(benchmark::State& state, const Product& p, DType dtype, int n_threads) {
  alpha::cpu::CpuBackend backend(n_threads);
  const Tensor a = random(backend, p.trans_a ? p.K : p.M, p.trans_a ? p.M : p.K, dtype);
  const Tensor b = random(backend, p.trans_b ? p.N : p.K, p.trans_b ? p.K : p.N, dtype);
  const Tensor out = alpha::empty(backend, {p.M, p.N}, dtype);
  const alpha::MatmulArgs args{
      .a = a, .b = b, .out = out, .trans_a = p.trans_a, .trans_b = p.trans_b};
  for (auto _ : state) backend.run(args);
  count(state, 2.0 * static_cast<double>(p.M * p.N * p.K));
}

/// 48 products of 64 x 64 x 32, as attention without a fused kernel would make them, and many tiny.
void run_batch(benchmark::State& state, const Shape& a_shape, const Shape& b_shape, int n_threads) {
  alpha::cpu::CpuBackend backend(n_threads);
  SeededRng rng(1);
  const Tensor a = alpha::randn(backend, a_shape, rng);
  const Tensor b = alpha::randn(backend, b_shape, rng);
  for (auto _ : state) benchmark::DoNotOptimize(alpha::matmul(backend, a, b));
  count(state, 2.0 * static_cast<double>(a.numel() * b_shape.back()));
}

void run_linear_gelu(benchmark::State& state, DType dtype, int n_threads) {
  alpha::cpu::CpuBackend backend(n_threads);
  const Tensor x = random(backend, 768, 128, dtype);
  SeededRng rng(2);
  const Tensor weight = alpha::randn(backend, {512, 128}, rng, 0.02, dtype);
  const Tensor bias = random(backend, 1, 512, dtype).reshape({512});
  for (auto _ : state) {
    Tensor pre;
    benchmark::DoNotOptimize(alpha::linear(backend, x, weight, bias,
                                           {.activation = alpha::Activation::gelu, .pre = &pre}));
  }
  count(state, 2.0 * 768 * 512 * 128);
}

std::string label(const std::string& name, DType dtype, int n_threads) {
  return name + "/" + std::string(to_string(dtype)) + "/threads:" + std::to_string(n_threads);
}

const int kRegistered = [] {
  for (const int n_threads : {1, 2}) {
    for (const DType dtype : {DType::f32, DType::bf16}) {
      for (const Product& p : kProducts) {
        benchmark::RegisterBenchmark(label(p.name, dtype, n_threads).c_str(), run_product, p, dtype,
                                     n_threads)
            ->UseRealTime();
      }
      benchmark::RegisterBenchmark(label("linear_gelu", dtype, n_threads).c_str(), run_linear_gelu,
                                   dtype, n_threads)
          ->UseRealTime();
    }
    benchmark::RegisterBenchmark(label("batch_48", DType::f32, n_threads).c_str(), run_batch,
                                 Shape{48, 64, 32}, Shape{48, 32, 64}, n_threads)
        ->UseRealTime();
    benchmark::RegisterBenchmark(label("batch_tiny", DType::f32, n_threads).c_str(), run_batch,
                                 Shape{1000, 8, 8}, Shape{1000, 8, 8}, n_threads)
        ->UseRealTime();
  }
  return 0;
}();

}  // namespace
