// Products with packed weights at the sizes of GPT-2 124M, by format and number of rows. Counters:
// multiply-adds and bytes of weights per second.
//
//   packed_bench --benchmark_repetitions=9 --benchmark_report_aggregates_only

#include <cstdint>
#include <string>

#include <benchmark/benchmark.h>

#include "alpha/core/rng.h"
#include "alpha/cpu/cpu_backend.h"
#include "alpha/tensor/create.h"
#include "alpha/tensor/ops/packed.h"

namespace {

using alpha::PackedMatrix;
using alpha::Tensor;
using alpha::WeightFormat;

/// Goes through `n` different matrices, as a model does: together they are larger than the caches.
void run_packed(benchmark::State& state, WeightFormat format, std::int64_t M, int n_threads) {
  constexpr std::int64_t kN = 3072;
  constexpr std::int64_t kK = 768;
  constexpr std::size_t kMatrices = 48;
  alpha::cpu::CpuBackend backend(n_threads);
  alpha::SeededRng rng(1);
  std::vector<PackedMatrix> matrices;
  const Tensor weight = alpha::randn(backend, {kN, kK}, rng, 0.02);
  for (std::size_t i = 0; i < kMatrices; ++i) {
    matrices.push_back(alpha::pack(backend, weight, format));
  }
  const Tensor x = alpha::randn(backend, {M, kK}, rng);
  std::size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(alpha::packed_linear(backend, x, matrices[next], Tensor()));
    next = (next + 1) % kMatrices;
  }
  const auto rate = benchmark::Counter::kIsIterationInvariantRate;
  state.counters["GMAC/s"] = benchmark::Counter(static_cast<double>(M * kN * kK) * 1e-9, rate);
  state.counters["GB/s"] =
      benchmark::Counter(static_cast<double>(matrices[0].size_bytes()) * 1e-9, rate);
}

const int kRegistered = [] {
  for (const auto name : alpha::weight_format_names()) {
    for (const std::int64_t M : {1, 2, 4, 8, 64, 128}) {
      for (const int n_threads : {1, 2}) {
        const std::string title = "packed/" + std::string(name) + "/" + std::to_string(M) +
                                  "/threads:" + std::to_string(n_threads);
        benchmark::RegisterBenchmark(title.c_str(), run_packed, alpha::parse_weight_format(name), M,
                                     n_threads)
            ->UseRealTime();
      }
    }
  }
  return 0;
}();

}  // namespace
