#pragma once

#include <memory>
#include <vector>

#include "alpha/autograd/tape.h"
#include "alpha/inference/model_runner.h"
#include "alpha/inference/weights.h"

namespace alpha {

struct RunnerOptions {
  std::int64_t n_blocks = 0;         // of the KV cache; 0: one longest sequence
  std::int64_t max_step_rows = 128;  // tokens of all slices of a step together
};

/// A model on a backend, with the KV cache of all its sequences.
class GptRunner final : public ModelRunner {
 public:
  /// `backend` outlives the runner. Error: out_of_memory with the numbers; sizes below 1.
  GptRunner(Backend& backend, std::shared_ptr<const Weights> weights,
            const RunnerOptions& options = {});

  /// Error: no slice, an empty one, a token outside the vocabulary, more positions than the block
  /// holds, a block table that is too short or names a block that is not there, too many rows.
  void step(std::span<const StepSlice> slices) override;

  std::span<const float> logits(std::size_t slice, std::int64_t row = 0) const override;

  std::span<const float> hidden(std::size_t slice, std::int64_t row) const override;

  void copy_block(BlockId from, BlockId to) override;

  std::int64_t n_blocks() const noexcept override { return n_blocks_; }

  std::int64_t vocab_size() const noexcept override { return weights_->config.vocab_size; }

  std::int64_t hidden_size() const noexcept override { return weights_->config.n_embd; }

  std::int64_t block_size() const noexcept override { return weights_->config.block_size; }

  std::int64_t max_step_rows() const noexcept override { return max_step_rows_; }

  void parallel(std::int64_t n, const std::function<void(std::int64_t)>& body) override {
    backend_.parallel(n, body);
  }

  const Weights& weights() const noexcept { return *weights_; }

  /// Fills the KV cache with NaN, so that a test sees whether anything is read that was not
  /// written.
  void poison();

  /// Bytes of the KV cache.
  std::size_t kv_size_bytes() const noexcept { return kv_.size_bytes(); }

 private:
  void check(std::span<const StepSlice> slices) const;
  void check(std::size_t index, const StepSlice& slice) const;
  void gather(std::span<const StepSlice> slices);
  Tensor upload(const std::vector<std::int32_t>& values, const Shape& shape) const;

  Backend& backend_;
  std::shared_ptr<const Weights> weights_;
  std::int64_t max_step_rows_;
  std::int64_t n_blocks_;
  std::int64_t max_blocks_;  // of one sequence
  Tensor kv_;                // [n_blocks, L, H, kv_head_size(D)]
  Tape tape_;

  // A step's rows, gathered here before they are uploaded.
  std::vector<std::int32_t> tokens_;
  std::vector<std::int32_t> positions_;
  std::vector<std::int32_t> sequences_;
  std::vector<std::int32_t> tables_;
  std::vector<std::int32_t> logit_rows_;
  std::vector<std::int32_t> hidden_rows_;

  /// What a step gave, readable by the host.
  struct Rows {
    std::span<const float> values;     // [rows asked for, width], in one of the two below
    std::vector<std::int64_t> firsts;  // of each slice, in rows of values
    Tensor tensor;
    std::vector<float> downloaded;

    void keep(Backend& backend, const Tensor& result);
    std::span<const float> row(std::size_t slice, std::int64_t row, std::int64_t width) const;
  };

  Rows logits_;  // [rows, V]
  Rows hidden_;  // [rows, C]
};

}  // namespace alpha
