#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "tests/inference/fake_runner.h"

#include "alpha/inference/completion.h"

namespace alpha::test {

/// Letters, a word, the two halves of "é", and the end-of-text token, which is the last.
class FakeTokenizer final : public Tokenizer {
 public:
  FakeTokenizer() : Tokenizer(make_pieces()) {}

  std::string_view type() const noexcept override { return "fake"; }

  std::optional<TokenId> special_token(std::string_view text) const override {
    if (text == kEndOfText) return vocab_size() - 1;
    return std::nullopt;
  }

 private:
  static std::vector<std::string> make_pieces() {
    std::vector<std::string> pieces = {"\xc3", "\xa9", "word "};
    for (char c = 'a'; pieces.size() < 23; ++c) pieces.emplace_back(1, c);
    pieces.emplace_back(kEndOfText);
    return pieces;
  }

  void append_tokens(std::string_view, SpecialTokens, std::vector<TokenId>&) const override {}
};

/// All that the events of one sample say.
struct Sample {
  std::vector<TokenId> tokens;
  std::string text;
  std::vector<double> log_probs;
  std::vector<TokenLogProb> top;
  std::vector<TokenId> prompt;
  std::vector<double> prompt_log_probs;
  StopReason stop_reason = StopReason::length;
  std::size_t stop_index = 0;

  bool operator==(const Sample&) const = default;
};

/// A sample as events come in.
struct ReceivedSample : Sample {
  bool has_ended = false;
  std::string error;
  SampleUsage usage;

  void receive(const TokenEvent& event) {
    if (has_ended) throw std::logic_error("an event after the end");
    text += event.text;
    if (event.kind == EventKind::prompt_token) {
      prompt.push_back(event.token);
      if (event.has_log_probs) prompt_log_probs.push_back(event.log_probs.chosen.log_prob);
    } else if (event.kind == EventKind::token) {
      tokens.push_back(event.token);
      if (event.has_log_probs) log_probs.push_back(event.log_probs.chosen.log_prob);
      top.insert(top.end(), event.log_probs.top.begin(), event.log_probs.top.end());
    } else {
      has_ended = true;
      stop_reason = event.stop_reason;
      stop_index = event.stop_index;
      error = event.error;
      usage = event.usage;
    }
  }
};

/// Reads the events that are there.
inline void receive_all(Completion& completion, std::vector<ReceivedSample>& samples) {
  TokenEvent event;
  while (completion.try_next(event))
    samples.at(static_cast<std::size_t>(event.sample)).receive(event);
}

/// What a request must give, written down without a scheduler: each sample alone, from position 0
/// for every token.
inline Sample expected_sample(const GenerateRequest& request, std::int64_t index,
                              const Tokenizer& tokenizer, const FakeRunnerOptions& model) {
  Sample sample;
  const auto block = static_cast<std::size_t>(model.block_size);
  const std::size_t half = std::max<std::size_t>(block / 2, 1);
  std::vector<TokenId> context = request.prompt;
  if (context.size() > block)
    context.erase(context.begin(), context.end() - static_cast<std::ptrdiff_t>(half));
  SamplingOptions sampling = request.sampling;
  sampling.sample_index += static_cast<std::uint64_t>(index);
  if (request.is_endless) sampling.banned.push_back(*tokenizer.start_token());
  Sampler sampler(sampling, model.vocab_size);
  sampler.see_prompt(request.prompt);
  TextOutput text(tokenizer, request.text, context.back());
  std::vector<float> logits(static_cast<std::size_t>(model.vocab_size));
  const auto read = [&](std::span<const TokenId> tokens) {
    FakeModel m;
    for (const TokenId token : tokens) m.read(m.keep(token));
    m.logits(logits);
  };
  if (request.prompt_log_probs && index == 0) {
    sample.prompt = request.prompt;
    for (std::size_t i = 1; i < request.prompt.size(); ++i) {
      read(std::span(request.prompt).first(i));
      sample.prompt_log_probs.push_back(token_log_prob(logits, request.prompt[i]));
    }
  }
  while (std::ssize(sample.tokens) < request.max_tokens) {
    if (context.size() > block) {
      if (!request.is_sliding) break;
      context.erase(context.begin(), context.end() - static_cast<std::ptrdiff_t>(half));
    }
    read(context);
    const TokenId id = sampler.next(logits);
    if (id == tokenizer.start_token()) {
      sample.stop_reason = StopReason::end_of_text;
      break;
    }
    const auto stop = std::ranges::find(request.stop_tokens, id);
    if (stop != request.stop_tokens.end()) {
      sample.stop_reason = StopReason::stop_token;
      sample.stop_index = static_cast<std::size_t>(stop - request.stop_tokens.begin());
      break;
    }
    context.push_back(id);
    sample.tokens.push_back(id);
    if (request.log_probs) {
      TokenLogProbs probs;
      token_log_probs(logits, id, *request.log_probs, probs);
      sample.log_probs.push_back(probs.chosen.log_prob);
      sample.top.insert(sample.top.end(), probs.top.begin(), probs.top.end());
    }
    sample.text += text.feed(id);
    if (text.is_stopped()) break;
  }
  sample.text += text.flush();
  if (text.is_stopped()) {
    sample.stop_reason = StopReason::stop_string;
    sample.stop_index = *text.stopped_by();
  }
  return sample;
}

}  // namespace alpha::test
