#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <utility>

#include "alpha/core/clock.h"
#include "alpha/grammar/grammar_masks.h"
#include "alpha/inference/gpt_runner.h"
#include "alpha/inference/scheduler.h"

namespace alpha {

struct ServedModelOptions {
  std::size_t max_kv_bytes = std::size_t{1} << 30U;
  std::int64_t max_sessions = 64;
  std::int64_t max_waiting = 256;
};

/// Bytes of the KV cache that such a model gets.
std::size_t served_kv_bytes(const GptConfig& config, const ServedModelOptions& options);

/// A loaded checkpoint with its KV cache and the thread that computes. Whoever holds it keeps it
/// alive; requests begin and end with one and the same.
class ServedModel {
 public:
  /// `backend` and `clock` outlive it. Error: out_of_memory with the numbers.
  ServedModel(Backend& backend, std::shared_ptr<const Weights> weights,
              const ServedModelOptions& options, const Clock& clock);

  const Weights& weights() const noexcept { return *weights_; }

  const Tokenizer& tokenizer() const noexcept { return *weights_->tokenizer; }

  const ChatTemplate& chat_template() const noexcept { return weights_->chat_template; }

  std::int64_t block_size() const noexcept { return weights_->config.block_size; }

  /// More bytes than this are more tokens than the context holds, whatever they are; 0: no such
  /// bound, where characters may be left out.
  std::size_t max_prompt_bytes() const noexcept { return max_prompt_bytes_; }

  Scheduler& scheduler() noexcept { return scheduler_; }

  const Scheduler& scheduler() const noexcept { return scheduler_; }

  /// Of weights and KV cache.
  std::size_t size_bytes() const noexcept { return weights_->size_bytes + runner_.kv_size_bytes(); }

  /// Names the bits that answer: `alpha-step500-int8`.
  const std::string& fingerprint() const noexcept { return fingerprint_; }

  /// What keeps an answer to a JSON schema, given as its text; empty: to any JSON object. The last
  /// ones are kept. For the server's thread. Error: invalid_argument for a schema that cannot be
  /// kept to; unsupported for a tokenizer that cannot have any.
  std::shared_ptr<GrammarMasks> masks(const std::string& schema);

 private:
  std::shared_ptr<const Weights> weights_;
  std::string fingerprint_;
  std::size_t max_prompt_bytes_;
  GptRunner runner_;
  Scheduler scheduler_;
  std::shared_ptr<const TokenTrie> trie_;  // made when it is first needed
  std::list<std::pair<std::string, std::shared_ptr<GrammarMasks>>> masks_;  // the latest first
};

}  // namespace alpha
