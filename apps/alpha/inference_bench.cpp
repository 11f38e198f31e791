#include "apps/alpha/inference_bench.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <functional>
#include <numeric>

#include "apps/alpha/signals.h"

#include "alpha/core/clock.h"
#include "alpha/core/rng.h"
#include "alpha/inference/gpt_runner.h"
#include "alpha/tensor/create.h"
#include "alpha/tensor/ops/reduce.h"

namespace alpha::cli {

namespace {

double cpu_clock() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

/// Runs `work`, which returns how many tokens it has handled, until it was timed often enough.
TokenRate time_tokens(std::int64_t n_repeats, const std::function<std::int64_t()>& work) {
  const SystemClock clock;
  std::vector<double> seconds;  // of a token
  std::vector<double> cpu_seconds;
  for (std::int64_t i = 0; i < n_repeats && (i == 0 || !stop_flag().load()); ++i) {
    const double cpu = cpu_clock();
    const double start = clock.seconds();
    const auto n_tokens = static_cast<double>(work());
    seconds.push_back((clock.seconds() - start) / n_tokens);
    cpu_seconds.push_back(cpu_clock() - cpu);
  }
  return {.tokens_per_second = 1 / median(seconds), .cpu_seconds = median(cpu_seconds)};
}

/// Some sequences of one length side by side in the KV cache.
class Streams {
 public:
  Streams(GptRunner& runner, std::int64_t n) : runner_(runner) {
    const std::int64_t n_blocks = runner.n_blocks() / n;
    tokens_.assign(static_cast<std::size_t>(n), 0);
    for (std::int64_t i = 0; i < n; ++i) {
      tables_.emplace_back(static_cast<std::size_t>(n_blocks));
      std::iota(tables_.back().begin(), tables_.back().end(), static_cast<BlockId>(i * n_blocks));
    }
  }

  /// Reads `prompt` in steps as large as the runner takes, one of them at least. Returns how many
  /// tokens that were: fewer where somebody has asked to stop.
  std::int64_t prefill(std::size_t stream, std::span<const TokenId> prompt) {
    const auto most = static_cast<std::size_t>(runner_.max_step_rows());
    for (std::size_t past = 0; past < prompt.size(); past += most) {
      if (past > 0 && stop_flag().load()) return static_cast<std::int64_t>(past);
      const std::size_t n = std::min(most, prompt.size() - past);
      const StepSlice slice{
          .tokens = prompt.subspan(past, n),
          .past = static_cast<std::int64_t>(past),
          .blocks = tables_[stream],
          .logits = past + n == prompt.size() ? LogitRows::last : LogitRows::none};
      runner_.step({&slice, 1});
    }
    tokens_[stream] = likeliest(0);
    return std::ssize(prompt);
  }

  /// `n` times the next token of every stream, one at least. Returns how many tokens that were:
  /// fewer where somebody has asked to stop.
  std::int64_t decode(std::int64_t position, std::int64_t n) {
    std::int64_t t = 0;
    for (; t < n && (t == 0 || !stop_flag().load()); ++t) decode_one(position + t);
    return t * std::ssize(tokens_);
  }

 private:
  /// The next token of every stream.
  void decode_one(std::int64_t position) {
    slices_.clear();
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      slices_.push_back({.tokens = {&tokens_[i], 1}, .past = position, .blocks = tables_[i]});
    }
    runner_.step(slices_);
    runner_.parallel(static_cast<std::int64_t>(tokens_.size()), [&](std::int64_t i) {
      tokens_[static_cast<std::size_t>(i)] = likeliest(static_cast<std::size_t>(i));
    });
  }

  TokenId likeliest(std::size_t slice) const {
    const auto logits = runner_.logits(slice);
    return static_cast<TokenId>(std::ranges::max_element(logits) - logits.begin());
  }

  GptRunner& runner_;
  std::vector<std::vector<BlockId>> tables_;
  std::vector<TokenId> tokens_;
  std::vector<StepSlice> slices_;
};

std::vector<TokenId> random_tokens(std::int64_t n, std::int64_t vocab_size) {
  const CounterRng rng(1, 0);
  std::vector<TokenId> tokens;
  for (std::int64_t i = 0; i < n; ++i) {
    tokens.push_back(static_cast<TokenId>(rng.uniform(static_cast<std::uint64_t>(i)) *
                                          static_cast<double>(vocab_size)));
  }
  return tokens;
}

// As many places in memory as a product reads side by side: one alone does not make a CPU fetch as
// fast as it can.
constexpr std::int64_t kRuns = 4;

/// Of kRuns runs of n numbers.
std::uint64_t sum_of_runs(const std::uint64_t* words, std::int64_t n) {
  constexpr std::int64_t kLine = 8;
  std::array<std::uint64_t, kRuns * kLine> sums{};
  for (std::int64_t at = 0; at + kLine <= n; at += kLine) {
    for (std::int64_t run = 0; run < kRuns; ++run) {
      for (std::int64_t i = 0; i < kLine; ++i) {
        sums[static_cast<std::size_t>(run * kLine + i)] += words[run * n + at + i];
      }
    }
  }
  return std::reduce(sums.begin(), sums.end());
}

/// Memory as large as the weights, or half of that, and so on, where a device has not so much left.
Tensor memory_to_read(Backend& backend, std::size_t size_bytes) {
  constexpr std::int64_t kLeast = 1 << 20;
  for (auto n = static_cast<std::int64_t>(size_bytes / 8);; n /= 2) {
    try {
      return full(backend, {2 * n}, 1.0);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::out_of_memory || n < kLeast) throw;
    }
  }
}

double measure_read_rate(Backend& backend, std::size_t size_bytes, std::int64_t n_repeats) {
  constexpr std::int64_t kPiece = 1 << 16;  // of 8 bytes
  const Tensor memory = memory_to_read(backend, size_bytes);
  const std::int64_t n_words = memory.numel() / 2;
  if (memory.storage()->host() == nullptr) {  // what a device reads, it reads in its own way
    const TokenRate rate = time_tokens(3 * n_repeats, [&] {
      to_scalar(backend, sum_squares(backend, memory));
      return n_words * 8;
    });
    return rate.tokens_per_second;
  }
  const auto* words = reinterpret_cast<const std::uint64_t*>(memory.raw());
  std::vector<std::uint64_t> sums(static_cast<std::size_t>((n_words + kPiece - 1) / kPiece));
  const TokenRate rate = time_tokens(3 * n_repeats, [&] {
    backend.parallel(static_cast<std::int64_t>(sums.size()), [&](std::int64_t i) {
      const std::int64_t n = std::min(kPiece, n_words - i * kPiece) / kRuns;
      sums[static_cast<std::size_t>(i)] = sum_of_runs(words + i * kPiece, n);
    });
    return n_words * 8;
  });
  return rate.tokens_per_second;
}

double measure_peak(Backend& backend, WeightFormat format, std::int64_t n_repeats) {
  constexpr std::int64_t kWidth = 512;
  constexpr std::int64_t kRows = 192;
  SeededRng rng(1);
  const PackedMatrix matrix = pack(backend, randn(backend, {kWidth, kWidth}, rng), format);
  const Tensor x = randn(backend, {kRows, kWidth}, rng);
  const TokenRate rate = time_tokens(5 * n_repeats, [&] {
    Tensor y;
    for (int i = 0; i < 8; ++i) y = packed_linear(backend, x, matrix, Tensor());
    to_scalar(backend, y.flat(0, 1));  // waits for what was asked of a device
    return 8 * kRows;
  });
  return rate.tokens_per_second * kWidth * kWidth;
}

}  // namespace

double InferenceBench::decode_of_bandwidth(const StreamRate& rate) const {
  return rate.decode.tokens_per_second * static_cast<double>(bytes_per_token) /
         static_cast<double>(rate.n_streams) / read_bytes_per_second;
}

double InferenceBench::prefill_of_peak() const {
  return prefill.tokens_per_second * macs_per_token / peak_macs_per_second;
}

InferenceBench run_inference_bench(const std::filesystem::path& path, Backend& backend,
                                   const InferenceBenchOptions& options) {
  const SystemClock clock;
  const double start = clock.seconds();
  const double cpu_start = cpu_clock();
  InferenceBench bench;
  bench.n_threads = options.n_threads;
  const auto weights = load_weights(path, backend, options.format);
  bench.load_seconds = clock.seconds() - start;
  const GptConfig& config = weights->config;
  const std::int64_t block = config.block_size;
  const std::int64_t n_short = std::min<std::int64_t>(8, (block + 1) / 2);
  bench.n_prompt = options.n_prompt > 0 ? options.n_prompt : std::min<std::int64_t>(128, block);
  const std::int64_t n_decoded =
      options.n_tokens > 0 ? options.n_tokens : std::min<std::int64_t>(64, block - n_short);
  const std::int64_t n_needed = std::max(n_short + n_decoded, bench.n_prompt);
  if (n_needed > block) {
    fail_invalid("the measurement needs {} positions, the model has {}: --prompt and --tokens",
                 n_needed, block);
  }
  const std::int64_t most_streams = std::ranges::max(options.n_streams);
  GptRunner runner(backend, weights,
                   {.n_blocks = most_streams * kv_blocks_for(n_needed),
                    .max_step_rows = std::max<std::int64_t>(128, most_streams)});
  bench.path = weights->path;
  bench.format = weights->format;
  bench.weight_bytes = weights->size_bytes;
  // Of the tables that are looked up, one row is read.
  bench.bytes_per_token = weights->size_bytes - weights->gpt.wpe.data().size_bytes() -
                          (config.is_tied ? 0 : weights->gpt.wte.packed.size_bytes());
  bench.kv_bytes = runner.kv_size_bytes();
  const auto head = static_cast<double>(config.vocab_size * config.n_embd);
  const auto other =
      static_cast<double>(config.n_parameters() - config.block_size * config.n_embd) -
      (config.is_tied ? 1 : 2) * head;
  bench.macs_per_token = other + head / static_cast<double>(bench.n_prompt);

  const auto prompt = random_tokens(bench.n_prompt, config.vocab_size);
  const auto short_prompt = random_tokens(n_short, config.vocab_size);
  Streams one(runner, 1);
  one.prefill(0, short_prompt);
  bench.first_token_seconds = clock.seconds() - start;
  one.prefill(0, prompt);
  bench.prefill = time_tokens(options.n_repeats, [&] { return one.prefill(0, prompt); });
  for (const std::int64_t n : options.n_streams) {
    Streams streams(runner, n);
    for (std::int64_t i = 0; i < n && !stop_flag().load(); ++i) {
      streams.prefill(static_cast<std::size_t>(i), short_prompt);
    }
    if (stop_flag().load()) break;
    const std::int64_t n_tokens = n > 8 ? std::max<std::int64_t>(1, n_decoded / 4) : n_decoded;
    const auto decode = [&] { return streams.decode(n_short, n_tokens); };
    decode();  // the first time, the system finds memory for the KV cache
    if (stop_flag().load()) break;
    bench.streams.push_back({.n_streams = n, .decode = time_tokens(options.n_repeats, decode)});
  }
  if (!stop_flag().load()) {
    bench.read_bytes_per_second = measure_read_rate(backend, bench.weight_bytes, options.n_repeats);
    bench.peak_macs_per_second = measure_peak(backend, bench.format, options.n_repeats);
  }
  bench.wall_seconds = clock.seconds() - start;
  bench.cpu_seconds = cpu_clock() - cpu_start;
  return bench;
}

}  // namespace alpha::cli
