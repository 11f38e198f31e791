#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "alpha/tokenizers/tokenizer.h"

namespace alpha {

struct TokenLogProb {
  TokenId token = 0;
  double log_prob = 0;  // natural logarithm; -infinity for a token that cannot come

  bool operator==(const TokenLogProb&) const = default;
};

/// How likely the model found the tokens at one place of a text. Meant to be used again for the
/// next place, so that its memory lasts.
struct TokenLogProbs {
  TokenLogProb chosen;
  std::vector<TokenLogProb> top;  // by falling log-probability, the lower id first among equals
};

/// Log-probabilities at one place: those of `chosen`, the token that stands there, and of the
/// `n_top` likeliest tokens (all, where the vocabulary has fewer). They are of the model itself:
/// from its logits [V], before any sampling option. Exponentials are in f32, sums and results in
/// double. Allocates only where `result` never held as many tokens.
/// Error: invalid_argument for `chosen` outside [0, V) and n_top < 0; corrupt for a NaN and where
/// the largest logit is not finite.
void token_log_probs(std::span<const float> logits, TokenId chosen, std::int64_t n_top,
                     TokenLogProbs& result);

/// That of `chosen` alone.
double token_log_prob(std::span<const float> logits, TokenId chosen);

}  // namespace alpha
