#pragma once

#include <cfloat>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "alpha/core/rng.h"
#include "alpha/tokenizers/tokenizer.h"

namespace alpha {

/// What a request asks of its sampler. The defaults leave out every step but temperature and top-k.
struct SamplingOptions {
  double temperature = 0.8;        // <= 0: greedy, the first of the largest logits
  std::int64_t top_k = 40;         // 0: all
  double top_p = 1;                // in (0, 1]; 1: all
  double min_p = 0;                // in [0, 1], of the likeliest token's probability; 0: all
  double repetition_penalty = 1;   // in (0, 100]; 1: none
  double presence_penalty = 0;     // in [-2, 2]
  double frequency_penalty = 0;    // in [-2, 2]
  std::uint64_t seed = 42;         // same seed, same draws
  std::uint64_t sample_index = 0;  // of several samples of one request: a stream of draws each
  // By ascending id, no id twice; each in [-100, 100].
  std::vector<std::pair<TokenId, double>> logit_bias = {};
  std::vector<TokenId> banned = {};  // never drawn; any order

  /// Error(invalid_argument): a number outside its range, with the number and the range.
  void validate() const;

  /// The same, and that the ids of `logit_bias` and `banned` lie in [0, vocab_size) and that not
  /// all tokens are banned.
  void validate(std::int64_t vocab_size) const;
};

/// Turns logits into tokens, for one sequence. The steps, in this order:
///
///  1. logit bias: added to the logit (as OpenAI).
///  2. repetition penalty: of every token in prompt or output, a positive logit is divided by it
///     and a negative one multiplied (Keskar et al., 2019).
///  3. frequency and presence penalty: logit - frequency · count - presence, for every token that
///     is in the output `count` >= 1 times; the prompt does not count (as OpenAI).
///  4. bans, and all that a grammar does not allow: the logit becomes -infinity, whatever the bias.
///  5. temperature <= 0: the first of the largest logits, and done. Else weights
///     e^((logit - largest) / temperature).
///  6. top-k: the k likeliest; those equal to the k-th all stay.
///  7. top-p: of what is left, the shortest prefix in order of falling weight (lower id first among
///     equals) that has at least this share of its mass.
///  8. min-p: of what is left, tokens with at least this share of the largest weight.
///  9. one draw, with ids ascending.
///
/// So bias and penalties come in the order of vLLM, the cuts in that of llama.cpp. Draw i depends
/// on (seed, sample_index, i) alone; results never depend on threads.
///
/// No step sorts the vocabulary, and after construction with a vocabulary size (else, after the
/// first token) no call allocates. Memory: about 20 bytes per token of the vocabulary, of which
/// only what the options need is touched. Not for several threads at once.
class Sampler {
 public:
  /// `vocab_size` 0: that of the first logits. Error: as validate.
  explicit Sampler(SamplingOptions options, std::int64_t vocab_size = 0);

  /// Starts another sequence: nothing seen, draw 0. Error: as validate; the sampler stays as it
  /// was.
  void reset(SamplingOptions options);

  /// Tokens of the prompt, for the repetition penalty. Needs the vocabulary size. Error: an id
  /// outside the vocabulary.
  void see_prompt(std::span<const TokenId> tokens);

  /// A token of the output that was not drawn here: one that was forced, or written before a
  /// restart. It counts for the penalties and takes the place of a draw. Error as see_prompt.
  void accept(TokenId token);

  /// The next token of the output; counts for the penalties. `logits` [V], -infinity allowed.
  /// Error: corrupt for NaN, and where no logit is finite or one is +infinity; invalid_argument for
  /// a wrong number of logits, and where bans and logits of -infinity leave no token.
  /// `allowed`: bit i % 64 of word i / 64 says whether token i may come, in step 4; empty: all may.
  TokenId next(std::span<const float> logits, std::span<const std::uint64_t> allowed = {});

  /// The token for a given draw u in [0, 1); changes nothing. Error as next.
  TokenId pick(std::span<const float> logits, double u,
               std::span<const std::uint64_t> allowed = {});

 private:
  /// Tokens that may be drawn, by ascending id.
  struct Candidates {
    std::span<float> weights;
    const TokenId* tokens = nullptr;  // null: token i at place i
    float least = FLT_MIN;            // weights below it do not count
    double mass = 0;                  // sum of those that count; sums_ has that of each group
  };

  void size_for(std::size_t vocab_size);
  void clear_counts();
  void check_token(TokenId token) const;
  bool has_penalties() const;
  std::span<const float> adjust(std::span<const float> logits,
                                std::span<const std::uint64_t> allowed);
  void ban_all_but(std::span<const std::uint64_t> allowed);
  void penalize();
  void check_largest(std::span<const float> logits, float largest) const;
  float bound_top_k(std::span<const float> logits);
  template<class Body>
  void for_groups_with(std::span<const float> logits, float least, Body&& body);
  std::size_t collect_top_k(std::span<const float> logits, float largest);
  Candidates weigh(std::span<const float> logits, float largest);
  void cut_tail(Candidates& candidates);
  TokenId draw(const Candidates& candidates, double u) const;

  SamplingOptions options_;
  CounterRng rng_;
  std::uint64_t n_draws_ = 0;
  std::size_t vocab_size_ = 0;

  static constexpr std::int32_t kUnseen = -1;
  std::vector<std::int32_t> counts_;  // [V] kUnseen, else how often it is in the output
  std::vector<TokenId> seen_;         // tokens whose count is not kUnseen

  // Written whole by each pick before they are read, so they are not initialised.
  std::unique_ptr<float[]> values_;    // [scan::room(V)] adjusted logits, then weights
  std::unique_ptr<TokenId[]> tokens_;  // [scan::room(V)] of the values, after top-k
  std::unique_ptr<float[]> scratch_;   // [scan::room(V)]
  std::unique_ptr<float[]> maxima_;    // [scan::n_groups(V)]
  std::unique_ptr<double[]> sums_;     // [scan::n_groups(V)]
};

}  // namespace alpha
