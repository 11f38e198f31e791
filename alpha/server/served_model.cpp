#include "alpha/server/served_model.h"

#include <algorithm>

#include "alpha/core/json.h"
#include "alpha/grammar/grammar.h"

namespace alpha {

namespace {

std::int64_t kv_block_bytes(const GptConfig& config) {
  return config.n_layer * config.n_head * kv_head_size(config.n_embd / config.n_head) *
         static_cast<std::int64_t>(sizeof(float));
}

/// Room for all sessions at their longest, or for as many as the memory allows, but one at least.
std::int64_t n_kv_blocks(const GptConfig& config, const ServedModelOptions& options) {
  // One block more each: where samples part, the last block of the prompt is copied.
  const std::int64_t n_longest = kv_blocks_for(config.block_size) + 1;
  const auto n_affordable =
      static_cast<std::int64_t>(options.max_kv_bytes) / kv_block_bytes(config);
  return std::clamp(n_affordable, n_longest, options.max_sessions * n_longest);
}

RunnerOptions runner_options(const GptConfig& config, const ServedModelOptions& options) {
  constexpr std::int64_t kRows = 128;
  return {.n_blocks = n_kv_blocks(config, options),
          .max_step_rows = std::max(kRows, options.max_sessions)};
}

std::size_t most_prompt_bytes(const Weights& weights) {
  if (weights.tokenizer->type() != "bpe") return 0;
  std::size_t longest = 1;
  for (TokenId id = 0; id < weights.tokenizer->vocab_size(); ++id) {
    longest = std::max(longest, weights.tokenizer->piece(id).size());
  }
  return longest * static_cast<std::size_t>(weights.config.block_size);
}

}  // namespace

std::size_t served_kv_bytes(const GptConfig& config, const ServedModelOptions& options) {
  return static_cast<std::size_t>(n_kv_blocks(config, options) * kv_block_bytes(config));
}

ServedModel::ServedModel(Backend& backend, std::shared_ptr<const Weights> weights,
                         const ServedModelOptions& options, const Clock& clock)
    : weights_(std::move(weights)),
      fingerprint_(fmt::format("alpha-step{}-{}", weights_->step, to_string(weights_->format))),
      max_prompt_bytes_(most_prompt_bytes(*weights_)),
      runner_(backend, weights_, runner_options(weights_->config, options)),
      scheduler_(runner_, *weights_->tokenizer,
                 {.max_sessions = options.max_sessions, .max_waiting = options.max_waiting},
                 clock) {}

std::shared_ptr<GrammarMasks> ServedModel::masks(const std::string& schema) {
  constexpr std::size_t kMostKept = 8;
  const auto known =
      std::ranges::find(masks_, schema, [](const auto& entry) { return entry.first; });
  if (known != masks_.end()) {
    masks_.splice(masks_.begin(), masks_, known);
    return masks_.front().second;
  }
  const auto grammar =
      schema.empty() ? any_json_object() : compile_json_schema(parse_json(schema, "schema"));
  if (!trie_) trie_ = std::make_shared<const TokenTrie>(tokenizer());
  masks_.emplace_front(schema, std::make_shared<GrammarMasks>(grammar, trie_));
  if (masks_.size() > kMostKept) masks_.pop_back();
  return masks_.front().second;
}

}  // namespace alpha
