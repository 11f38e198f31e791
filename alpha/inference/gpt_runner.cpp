#include "alpha/inference/gpt_runner.h"

#include <algorithm>
#include <array>
#include <limits>

#include "alpha/tensor/create.h"
#include "alpha/tensor/ops/fill.h"
#include "alpha/tensor/ops/layout.h"

namespace alpha {

static_assert(kKvBlock == kKvBlockTokens);

GptRunner::GptRunner(Backend& backend, std::shared_ptr<const Weights> weights,
                     const RunnerOptions& options)
    : backend_(backend),
      weights_(std::move(weights)),
      max_step_rows_(options.max_step_rows),
      n_blocks_(options.n_blocks),
      max_blocks_(kv_blocks_for(weights_->config.block_size)),
      tape_(backend, false) {
  if (n_blocks_ == 0) n_blocks_ = max_blocks_;
  if (max_step_rows_ < 1 || n_blocks_ < 1) {
    fail_invalid("[runner] {} rows a step and {} KV blocks, expected at least 1 of each",
                 max_step_rows_, n_blocks_);
  }
  const GptConfig& config = weights_->config;
  kv_ = empty(backend, {n_blocks_, config.n_layer, config.n_head,
                        kv_head_size(config.n_embd / config.n_head)});
}

void GptRunner::step(std::span<const StepSlice> slices) {
  check(slices);
  logits_.values = {};  // what a step that fails leaves
  hidden_.values = {};
  gather(slices);
  const auto R = static_cast<std::int64_t>(tokens_.size());
  const auto n_logits = static_cast<std::int64_t>(logit_rows_.size());
  const auto n_hidden = static_cast<std::int64_t>(hidden_rows_.size());
  Tensor hidden;
  PagedStep step{
      .rows = {.positions = upload(positions_, {R}),
               .sequences = upload(sequences_, {R}),
               .tables = upload(tables_, {static_cast<std::int64_t>(slices.size()), max_blocks_}),
               .kv = kv_},
      .logit_rows = {}};
  if (n_logits < R) step.logit_rows = upload(logit_rows_, {n_logits});
  if (n_hidden > 0) {
    step.hidden_rows = upload(hidden_rows_, {n_hidden});
    step.hidden = &hidden;
  }
  const Variable logits = gpt_forward(tape_, weights_->config, weights_->gpt,
                                      upload(tokens_, {1, R}), {.paged = &step});
  logits_.keep(backend_, logits.data());
  if (n_hidden > 0) hidden_.keep(backend_, hidden);
}

/// The rows of all slices, one after the other.
void GptRunner::gather(std::span<const StepSlice> slices) {
  tokens_.clear();
  positions_.clear();
  sequences_.clear();
  logit_rows_.clear();
  hidden_rows_.clear();
  logits_.firsts.clear();
  hidden_.firsts.clear();
  tables_.assign(slices.size() * static_cast<std::size_t>(max_blocks_), 0);
  for (std::size_t i = 0; i < slices.size(); ++i) {
    const StepSlice& slice = slices[i];
    const auto n = static_cast<std::int64_t>(slice.tokens.size());
    logits_.firsts.push_back(std::ssize(logit_rows_));
    hidden_.firsts.push_back(std::ssize(hidden_rows_));
    for (std::int64_t t = 0; t < n; ++t) {
      const auto row = static_cast<std::int32_t>(tokens_.size());
      if (slice.logits == LogitRows::all || (slice.logits == LogitRows::last && t == n - 1)) {
        logit_rows_.push_back(row);
      }
      if (slice.is_hidden_wanted) hidden_rows_.push_back(row);
      tokens_.push_back(slice.tokens[static_cast<std::size_t>(t)]);
      positions_.push_back(static_cast<std::int32_t>(slice.past + t));
      sequences_.push_back(static_cast<std::int32_t>(i));
    }
    std::copy_n(slice.blocks.begin(), kv_blocks_for(slice.past + n),
                tables_.begin() + static_cast<std::ptrdiff_t>(i) * max_blocks_);
  }
}

void GptRunner::Rows::keep(Backend& backend, const Tensor& result) {
  const auto n = static_cast<std::size_t>(result.numel());
  if (result.storage()->host() != nullptr) {
    tensor = result;
    values = std::span(result.data<float>(), n);
  } else {
    downloaded.resize(n);
    backend.download(result, downloaded.data());
    values = downloaded;
  }
}

std::span<const float> GptRunner::Rows::row(std::size_t slice, std::int64_t row,
                                            std::int64_t width) const {
  const auto n = static_cast<std::size_t>(width);
  const auto first = static_cast<std::size_t>(firsts.at(slice) + row) * n;
  ALPHA_CHECK(first + n <= values.size(), "rows that the step was not asked for");
  return values.subspan(first, n);
}

std::span<const float> GptRunner::logits(std::size_t slice, std::int64_t row) const {
  return logits_.row(slice, row, vocab_size());
}

std::span<const float> GptRunner::hidden(std::size_t slice, std::int64_t row) const {
  return hidden_.row(slice, row, hidden_size());
}

void GptRunner::copy_block(BlockId from, BlockId to) {
  const std::int64_t size = kv_.numel() / n_blocks_;
  const auto block = [&](BlockId id) { return kv_.flat(id * size, (id + 1) * size); };
  write_slice(backend_, block(from), block(to), std::array{std::int64_t{0}});
}

void GptRunner::poison() {
  fill(backend_, kv_, std::numeric_limits<double>::quiet_NaN());
}

void GptRunner::check(std::span<const StepSlice> slices) const {
  if (slices.empty()) fail_invalid("[runner] the step has 0 slices, expected at least 1");
  std::size_t n_rows = 0;
  for (std::size_t i = 0; i < slices.size(); ++i) {
    check(i, slices[i]);
    n_rows += slices[i].tokens.size();
  }
  if (n_rows > static_cast<std::size_t>(max_step_rows_)) {
    fail_invalid("[runner] the step has {} rows, expected at most {}", n_rows, max_step_rows_);
  }
}

void GptRunner::check(std::size_t index, const StepSlice& slice) const {
  if (slice.tokens.empty()) {
    fail_invalid("[runner] slice {} has 0 tokens, expected at least 1", index);
  }
  check_tokens(slice.tokens, vocab_size());
  const std::int64_t end = slice.past + static_cast<std::int64_t>(slice.tokens.size());
  if (slice.past < 0 || end > block_size()) {
    fail_invalid("[runner] slice {} has positions {} to {}, expected 0 to {}", index, slice.past,
                 end - 1, block_size() - 1);
  }
  const std::int64_t n_needed = kv_blocks_for(end);
  if (static_cast<std::int64_t>(slice.blocks.size()) < n_needed) {
    fail_invalid("[runner] slice {} has {} KV blocks, expected {} for {} positions", index,
                 slice.blocks.size(), n_needed, end);
  }
  for (const BlockId id : slice.blocks.first(static_cast<std::size_t>(n_needed))) {
    if (id < 0 || id >= n_blocks_) {
      fail_invalid("[runner] slice {} names KV block {}, expected 0 to {}", index, id,
                   n_blocks_ - 1);
    }
  }
}

Tensor GptRunner::upload(const std::vector<std::int32_t>& values, const Shape& shape) const {
  Tensor tensor = empty(backend_, shape, DType::i32);
  backend_.upload(values.data(), tensor);
  return tensor;
}

}  // namespace alpha
