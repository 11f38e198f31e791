#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "alpha/inference/model_runner.h"

namespace alpha::test {

/// The mixing step of splitmix64.
inline std::uint64_t mix(std::uint64_t a, std::uint64_t b) noexcept {
  std::uint64_t x = a * 0x9e3779b97f4a7c15U + b + 0x632be59bd9b4e019U;
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31U);
}

/// A model without weights. What it keeps of a position depends on the token and on all that it
/// kept of the positions before; its logits depend on all of these.
struct FakeModel {
  std::uint64_t context = 0;  // of all positions so far

  /// Reads a position that is computed.
  void read(std::uint64_t kept) noexcept { context = mix(context, kept); }

  /// What is to be kept of the next position.
  std::uint64_t keep(TokenId token) const noexcept {
    return mix(context ^ 0x5555U, static_cast<std::uint64_t>(token));
  }

  float hidden(std::int64_t channel) const noexcept {
    const std::uint64_t bits = mix(context ^ 0xaaaaU, static_cast<std::uint64_t>(channel));
    return static_cast<float>(bits >> 40U) * 0x1p-24F;  // 0 to 1
  }

  void logits(std::span<float> out) const noexcept {
    for (std::size_t i = 0; i < out.size(); ++i) {
      out[i] = static_cast<float>(mix(context, i) >> 40U) * 0x1p-22F;  // 0 to 4
    }
  }
};

struct FakeRunnerOptions {
  std::int64_t n_blocks = 64;
  std::int64_t vocab_size = 24;
  std::int64_t block_size = 128;
  std::int64_t hidden_size = 5;
  std::int64_t max_step_rows = 64;
};

/// A FakeModel over KV blocks of its own: every mistake in the bookkeeping of blocks changes what
/// it says, or is noticed here.
class FakeRunner : public ModelRunner {
 public:
  explicit FakeRunner(const FakeRunnerOptions& options = {})
      : options_(options),
        blocks_(static_cast<std::size_t>(options.n_blocks)),
        writers_(blocks_.size()) {
    for (BlockId block = 0; block < options.n_blocks; ++block) poison(block);
  }

  void step(std::span<const StepSlice> slices) override {
    ++n_steps;
    if (on_step) on_step(slices);
    check(slices);
    logits_.resize(slices.size());
    hidden_.resize(slices.size());
    for (std::size_t i = 0; i < slices.size(); ++i) compute(slices[i], logits_[i], hidden_[i]);
  }

  std::span<const float> logits(std::size_t slice, std::int64_t row) const override {
    return std::span(logits_.at(slice))
        .subspan(static_cast<std::size_t>(row * options_.vocab_size),
                 static_cast<std::size_t>(options_.vocab_size));
  }

  std::span<const float> hidden(std::size_t slice, std::int64_t row) const override {
    return std::span(hidden_.at(slice))
        .subspan(static_cast<std::size_t>(row * options_.hidden_size),
                 static_cast<std::size_t>(options_.hidden_size));
  }

  void copy_block(BlockId from, BlockId to) override {
    if (on_copy) on_copy();
    ++n_copies;
    blocks_.at(static_cast<std::size_t>(to)) = blocks_.at(static_cast<std::size_t>(from));
  }

  std::int64_t n_blocks() const noexcept override { return options_.n_blocks; }

  std::int64_t vocab_size() const noexcept override { return options_.vocab_size; }

  std::int64_t hidden_size() const noexcept override { return options_.hidden_size; }

  std::int64_t block_size() const noexcept override { return options_.block_size; }

  std::int64_t max_step_rows() const noexcept override { return options_.max_step_rows; }

  void parallel(std::int64_t n, const std::function<void(std::int64_t)>& body) override {
    for (std::int64_t i = n; i-- > 0;) body(i);
  }

  /// What is in the block can be read no more.
  void poison(BlockId block) { blocks_.at(static_cast<std::size_t>(block)).fill(kPoison); }

  std::function<void(std::span<const StepSlice>)> on_step;  // may throw
  std::function<void()> on_copy;                            // may throw
  std::int64_t n_steps = 0;
  std::int64_t n_rows = 0;  // computed, all steps together
  std::int64_t n_copies = 0;
  TokenId nan_token = -1;  // logits after this token are NaN

 private:
  static constexpr std::uint64_t kPoison = 0xdeadbeefdeadbeefU;

  std::uint64_t& at(const StepSlice& slice, std::int64_t position) {
    const auto p = static_cast<std::size_t>(position);
    constexpr auto kTokens = static_cast<std::size_t>(kKvBlockTokens);
    return blocks_.at(static_cast<std::size_t>(slice.blocks[p / kTokens])).at(p % kTokens);
  }

  static void require(bool condition, const char* what) {
    if (!condition) throw std::logic_error(what);
  }

  /// What the scheduler promises about a step.
  void check(std::span<const StepSlice> slices) {
    require(!slices.empty(), "a step without slices");
    std::ranges::fill(writers_, -1);
    std::int64_t rows = 0;
    for (std::size_t i = 0; i < slices.size(); ++i) {
      const StepSlice& s = slices[i];
      const std::int64_t end = s.past + std::ssize(s.tokens);
      require(!s.tokens.empty(), "an empty slice");
      require(end <= options_.block_size, "a sequence longer than the context");
      require(std::ssize(s.blocks) == kv_blocks_for(end), "a block table of another length");
      rows += std::ssize(s.tokens);
      for (std::int64_t b = s.past / kKvBlockTokens; b < std::ssize(s.blocks); ++b) {
        writers_[static_cast<std::size_t>(s.blocks[static_cast<std::size_t>(b)])] =
            static_cast<int>(i);
      }
    }
    require(rows <= options_.max_step_rows, "too many rows in a step");
    for (std::size_t i = 0; i < slices.size(); ++i) {
      for (const BlockId block : slices[i].blocks) {
        const int writer = writers_[static_cast<std::size_t>(block)];
        require(writer == -1 || writer == static_cast<int>(i), "a block written that others read");
      }
    }
    n_rows += rows;
  }

  void compute(const StepSlice& slice, std::vector<float>& logits, std::vector<float>& hidden) {
    FakeModel model;
    for (std::int64_t p = 0; p < slice.past; ++p) {
      require(at(slice, p) != kPoison, "a position read that is not computed");
      model.read(at(slice, p));
    }
    logits.clear();
    hidden.clear();
    for (std::size_t i = 0; i < slice.tokens.size(); ++i) {
      const std::uint64_t kept = model.keep(slice.tokens[i]);
      at(slice, slice.past + static_cast<std::int64_t>(i)) = kept;
      model.read(kept);
      for (std::int64_t c = 0; slice.is_hidden_wanted && c < options_.hidden_size; ++c) {
        hidden.push_back(model.hidden(c));
      }
      const bool is_last = i + 1 == slice.tokens.size();
      if (slice.logits == LogitRows::none || (slice.logits == LogitRows::last && !is_last))
        continue;
      logits.resize(logits.size() + static_cast<std::size_t>(options_.vocab_size));
      const auto row = std::span(logits).last(static_cast<std::size_t>(options_.vocab_size));
      model.logits(row);
      if (slice.tokens[i] == nan_token) row[3] = std::numeric_limits<float>::quiet_NaN();
    }
  }

  const FakeRunnerOptions options_;
  std::vector<std::array<std::uint64_t, static_cast<std::size_t>(kKvBlockTokens)>> blocks_;
  std::vector<int> writers_;                // [n_blocks] the slice that writes it
  std::vector<std::vector<float>> logits_;  // per slice [rows, V]
  std::vector<std::vector<float>> hidden_;  // per slice [rows, C]
};

}  // namespace alpha::test
