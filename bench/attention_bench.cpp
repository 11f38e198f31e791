// Attention of the CPU backend, forward and backward, in training and in decode.
//
//   attention_bench --benchmark_repetitions=9 --benchmark_report_aggregates_only

#include <array>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>

#include <benchmark/benchmark.h>

#include "alpha/core/rng.h"
#include "alpha/cpu/cpu_backend.h"
#include "alpha/tensor/create.h"
#include "alpha/tensor/ops/attention.h"
#include "alpha/tensor/ops/paged_attention.h"

namespace {

using alpha::DType;
using alpha::SeededRng;
using alpha::Tensor;

struct Case {
  const char* name;
  std::int64_t B;
  std::int64_t T;
  std::int64_t H;
  std::int64_t D;
  double soft_cap;
  double dropout;
};

constexpr std::array kCases = {
    Case{"small", 12, 64, 4, 32, 0, 0},
    Case{"small_cap_dropout", 12, 64, 4, 32, 30, 0.1},
    Case{"gpt2", 4, 1024, 12, 64, 0, 0},
};

void run_case(benchmark::State& state, const Case& c, DType dtype, int n_threads,
              bool with_backward) {
  alpha::cpu::CpuBackend backend(n_threads);
  SeededRng rng(1);
  const Tensor qkv = alpha::randn(backend, {c.B, c.T, 3 * c.H * c.D}, rng, 1, dtype);
  const Tensor dout = alpha::randn(backend, {c.B, c.T, c.H * c.D}, rng, 1, dtype);
  const alpha::AttentionOptions options{
      .n_heads = c.H, .soft_cap = c.soft_cap, .dropout = c.dropout, .key = {}};
  const alpha::AttentionResult forward = alpha::attention(backend, qkv, options);
  for (auto _ : state) {
    if (with_backward) {
      benchmark::DoNotOptimize(alpha::attention_backward(backend, qkv, forward, dout, options));
    } else {
      benchmark::DoNotOptimize(alpha::attention(backend, qkv, options));
    }
  }
  // Useful multiply-adds, counted twice: two products of half a T x T matrix, five in backward.
  const double half = 0.5 * static_cast<double>(c.B * c.H * c.T * (c.T + 1) * c.D);
  state.counters["GFLOP/s"] = benchmark::Counter((with_backward ? 10 : 4) * half * 1e-9,
                                                 benchmark::Counter::kIsIterationInvariantRate);
}

/// One new token behind 1,023 whose keys and values stand in blocks.
void run_decode(benchmark::State& state, int n_threads) {
  alpha::cpu::CpuBackend backend(n_threads);
  SeededRng rng(1);
  constexpr std::int64_t kHeads = 12;
  constexpr std::int64_t kHeadSize = 64;
  constexpr std::int64_t kBlocks = 1024 / alpha::kKvBlock;
  std::array<std::int32_t, kBlocks> table{};
  std::iota(table.begin(), table.end(), 0);
  const std::array<std::int32_t, 1> position = {1023};
  const alpha::PagedRows rows{
      .positions = alpha::from_values(backend, {1}, std::span<const std::int32_t>(position)),
      .sequences = alpha::zeros(backend, {1}, DType::i32),
      .tables = alpha::from_values(backend, {1, kBlocks}, std::span<const std::int32_t>(table)),
      .kv = alpha::randn(backend, {kBlocks, 1, kHeads, alpha::kv_head_size(kHeadSize)}, rng)};
  const Tensor qkv = alpha::randn(backend, {1, 3 * kHeads * kHeadSize}, rng);
  for (auto _ : state) {
    benchmark::DoNotOptimize(alpha::paged_attention(backend, qkv, rows, {.n_heads = kHeads}));
  }
}

std::string label(const std::string& name, DType dtype, int n_threads) {
  return name + "/" + std::string(to_string(dtype)) + "/threads:" + std::to_string(n_threads);
}

const int kRegistered = [] {
  for (const int n_threads : {1, 2}) {
    for (const DType dtype : {DType::f32, DType::bf16}) {
      for (const Case& c : kCases) {
        for (const bool with_backward : {false, true}) {
          const std::string name = std::string(c.name) + (with_backward ? "_backward" : "_forward");
          benchmark::RegisterBenchmark(label(name, dtype, n_threads).c_str(), run_case, c, dtype,
                                       n_threads, with_backward)
              ->UseRealTime();
        }
      }
    }
    benchmark::RegisterBenchmark(label("gpt2_decode", DType::f32, n_threads).c_str(), run_decode,
                                 n_threads)
        ->UseRealTime();
  }
  return 0;
}();

}  // namespace
