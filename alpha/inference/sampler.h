#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "alpha/core/rng.h"
#include "alpha/tokenizers/tokenizer.h"

namespace alpha {

struct SamplingOptions {
  double temperature = 0.8;  // <= 0: greedy, the first of the largest logits
  std::int64_t top_k = 40;   // 0: all
  double top_p = 1;          // in (0, 1]; 1: all
  std::uint64_t seed = 42;

  /// Error: a temperature that is not finite, top_k below 0, top_p outside (0, 1].
  void validate() const;
};

/// Turns logits into tokens. The order of the steps: temperature, then top-k (values equal to the
/// k-th stay), then top-p (the shortest prefix of the sorted rest with mass >= p, at least one
/// token), then one draw. Draw i depends on the seed and i alone.
class Sampler {
 public:
  explicit Sampler(const SamplingOptions& options);

  /// The next token. `logits` [V], not empty, without NaN. Error: corrupt when the largest is not
  /// finite.
  TokenId next(std::span<const float> logits);

  /// The token for a given draw u in [0, 1).
  TokenId pick(std::span<const float> logits, double u);

 private:
  void keep_top_k();
  double keep_top_p();

  SamplingOptions options_;
  CounterRng rng_;
  std::uint64_t n_draws_ = 0;

  struct Candidate {
    float weight;  // (logit - largest) / temperature, then its exponential
    TokenId id;
  };

  std::vector<Candidate> candidates_;  // by ascending id, or by falling weight after top-p
  std::vector<float> scratch_;
};

}  // namespace alpha
