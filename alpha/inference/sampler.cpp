#include "alpha/inference/sampler.h"

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <functional>
#include <limits>

#include "alpha/core/error.h"
#include "alpha/inference/prefix_cut.h"
#include "alpha/inference/vocabulary_scan.h"

namespace alpha {

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr double kMaxBias = 100;
constexpr double kMaxPenalty = 2;
constexpr double kMaxRepetitionPenalty = 100;

void check_penalty(std::string_view name, double penalty) {
  if (!(std::abs(penalty) <= kMaxPenalty)) {
    fail_invalid("{} is {}, expected a number from -{} to {}", name, penalty, kMaxPenalty,
                 kMaxPenalty);
  }
}

void check_bias(std::span<const std::pair<TokenId, double>> logit_bias) {
  for (std::size_t i = 0; i < logit_bias.size(); ++i) {
    const auto [id, bias] = logit_bias[i];
    if (!(std::abs(bias) <= kMaxBias)) {
      fail_invalid("the logit bias of token {} is {}, expected a number from -{} to {}", id, bias,
                   kMaxBias, kMaxBias);
    }
    if (i > 0 && logit_bias[i - 1].first >= id) {
      fail_invalid("logit bias {} is for token {}, expected one above {}: ids ascend", i, id,
                   logit_bias[i - 1].first);
    }
  }
}

void check_id(std::string_view what, TokenId id, std::int64_t vocab_size) {
  if (id < 0 || id >= vocab_size) {
    fail_invalid("{} names token {}, expected 0 to {}", what, id, vocab_size - 1);
  }
}

/// A logit in f32; a token that cannot come stays one, and no other becomes one.
float to_logit(double value) {
  constexpr double kMost = FLT_MAX;
  return static_cast<float>(std::clamp(value, -kMost, kMost));
}

/// Writes 0 to the last n weights that equal `weight`.
void drop_last(std::span<float> weights, float weight, std::size_t n) {
  for (auto at = weights.rbegin(); n > 0; ++at) {
    if (*at != weight) continue;
    *at = 0;
    --n;
  }
}

}  // namespace

void SamplingOptions::validate() const {
  if (!std::isfinite(temperature)) {
    fail_invalid("temperature is {}, expected a finite number (0 or less is greedy)", temperature);
  }
  if (top_k < 0) fail_invalid("top-k is {}, expected 0 (all) or more", top_k);
  if (!(top_p > 0 && top_p <= 1)) fail_invalid("top-p is {}, expected 0 < p <= 1", top_p);
  if (!(min_p >= 0 && min_p <= 1)) fail_invalid("min-p is {}, expected 0 <= p <= 1", min_p);
  if (!(repetition_penalty > 0 && repetition_penalty <= kMaxRepetitionPenalty)) {
    fail_invalid("repetition penalty is {}, expected 0 < penalty <= {} (1 is none)",
                 repetition_penalty, kMaxRepetitionPenalty);
  }
  check_penalty("presence penalty", presence_penalty);
  check_penalty("frequency penalty", frequency_penalty);
  check_bias(logit_bias);
}

void SamplingOptions::validate(std::int64_t vocab_size) const {
  validate();
  for (const auto& [id, bias] : logit_bias) check_id("logit bias", id, vocab_size);
  for (const TokenId id : banned) check_id("a ban", id, vocab_size);
  if (std::ssize(banned) < vocab_size) return;
  std::vector<bool> is_banned(static_cast<std::size_t>(vocab_size));
  for (const TokenId id : banned) is_banned[static_cast<std::size_t>(id)] = true;
  if (std::ranges::find(is_banned, false) == is_banned.end()) {
    fail_invalid("all {} tokens are banned, expected at least one that may be drawn", vocab_size);
  }
}

Sampler::Sampler(SamplingOptions options, std::int64_t vocab_size)
    : options_(std::move(options)),
      rng_(options_.seed, options_.sample_index) {
  options_.validate();
  if (vocab_size < 0) fail_invalid("a vocabulary of {} tokens, expected 0 or more", vocab_size);
  if (vocab_size > 0) size_for(static_cast<std::size_t>(vocab_size));
}

void Sampler::reset(SamplingOptions options) {
  if (vocab_size_ > 0) {
    options.validate(static_cast<std::int64_t>(vocab_size_));
  } else {
    options.validate();
  }
  options_ = std::move(options);
  rng_ = CounterRng(options_.seed, options_.sample_index);
  n_draws_ = 0;
  clear_counts();
}

void Sampler::size_for(std::size_t vocab_size) {
  options_.validate(static_cast<std::int64_t>(vocab_size));
  const std::size_t room = scan::room(vocab_size);
  const std::size_t n_groups = scan::n_groups(vocab_size);
  counts_.assign(vocab_size, kUnseen);
  seen_.reserve(vocab_size);
  values_ = std::make_unique_for_overwrite<float[]>(room);
  tokens_ = std::make_unique_for_overwrite<TokenId[]>(room);
  scratch_ = std::make_unique_for_overwrite<float[]>(room);
  maxima_ = std::make_unique_for_overwrite<float[]>(n_groups);
  sums_ = std::make_unique_for_overwrite<double[]>(n_groups);
  vocab_size_ = vocab_size;
}

void Sampler::clear_counts() {
  for (const TokenId token : seen_) counts_[static_cast<std::size_t>(token)] = kUnseen;
  seen_.clear();
}

void Sampler::check_token(TokenId token) const {
  if (vocab_size_ == 0) fail_invalid("[sampler] the vocabulary's size is not known yet");
  check_id("[sampler] the text", token, static_cast<std::int64_t>(vocab_size_));
}

void Sampler::see_prompt(std::span<const TokenId> tokens) {
  for (const TokenId token : tokens) {
    check_token(token);
    std::int32_t& count = counts_[static_cast<std::size_t>(token)];
    if (count != kUnseen) continue;
    count = 0;
    seen_.push_back(token);
  }
}

void Sampler::accept(TokenId token) {
  check_token(token);
  std::int32_t& count = counts_[static_cast<std::size_t>(token)];
  if (count == kUnseen) {
    count = 0;
    seen_.push_back(token);
  }
  ++count;
  ++n_draws_;
}

TokenId Sampler::next(std::span<const float> logits, std::span<const std::uint64_t> allowed) {
  const TokenId token = pick(logits, rng_.uniform(n_draws_), allowed);
  accept(token);
  return token;
}

TokenId Sampler::pick(std::span<const float> logits, double u,
                      std::span<const std::uint64_t> allowed) {
  ALPHA_CHECK(!logits.empty(), "no logits to sample from");
  if (vocab_size_ == 0) size_for(logits.size());
  if (logits.size() != vocab_size_) {
    fail_invalid("[sampler] got {} logits, expected {}", logits.size(), vocab_size_);
  }
  logits = adjust(logits, allowed);
  const float largest = scan::maxima(logits, maxima_.get());
  if (!allowed.empty() && largest == -kInfinity) {
    fail_invalid("no token can be drawn: those that the grammar allows are banned");
  }
  check_largest(logits, largest);
  if (options_.temperature <= 0) {
    const std::span<const float> maxima(maxima_.get(), scan::n_groups(vocab_size_));
    const auto group = std::ranges::find(maxima, largest) - maxima.begin();
    const auto first = logits.begin() + group * static_cast<std::ptrdiff_t>(scan::kGroup);
    return static_cast<TokenId>(std::find(first, logits.end(), largest) - logits.begin());
  }
  Candidates candidates = weigh(logits, largest);
  if (options_.top_p < 1 || options_.min_p > 0) cut_tail(candidates);
  return draw(candidates, u);
}

bool Sampler::has_penalties() const {
  return options_.repetition_penalty != 1 || options_.presence_penalty != 0 ||
         options_.frequency_penalty != 0;
}

/// Steps 1 to 4, on a copy; the logits themselves where there is nothing to do.
std::span<const float> Sampler::adjust(std::span<const float> logits,
                                       std::span<const std::uint64_t> allowed) {
  const bool is_penalizing = has_penalties() && !seen_.empty();
  if (!is_penalizing && options_.logit_bias.empty() && options_.banned.empty() && allowed.empty()) {
    return logits;
  }
  std::ranges::copy(logits, values_.get());
  for (const auto& [token, bias] : options_.logit_bias) {
    float& logit = values_[static_cast<std::size_t>(token)];
    if (std::isfinite(logit)) logit = to_logit(static_cast<double>(logit) + bias);
  }
  if (is_penalizing) penalize();
  for (const TokenId token : options_.banned) {
    values_[static_cast<std::size_t>(token)] = -kInfinity;
  }
  if (!allowed.empty()) ban_all_but(allowed);
  return {values_.get(), vocab_size_};
}

void Sampler::ban_all_but(std::span<const std::uint64_t> allowed) {
  ALPHA_CHECK(allowed.size() == (vocab_size_ + 63) / 64, "a mask of another vocabulary");
  for (std::size_t first = 0; first < vocab_size_; first += 64) {
    const std::uint64_t word = allowed[first / 64];
    const std::size_t n = std::min<std::size_t>(64, vocab_size_ - first);
    for (std::size_t i = 0; i < n; ++i) {
      if ((word >> i & 1U) == 0) values_[first + i] = -kInfinity;
    }
  }
}

void Sampler::penalize() {
  for (const TokenId token : seen_) {
    const auto place = static_cast<std::size_t>(token);
    if (!std::isfinite(values_[place])) continue;
    auto logit = static_cast<double>(values_[place]);
    logit = logit > 0 ? logit / options_.repetition_penalty : logit * options_.repetition_penalty;
    if (const std::int32_t count = counts_[place]; count > 0) {
      logit -= options_.frequency_penalty * count + options_.presence_penalty;
    }
    values_[place] = to_logit(logit);
  }
}

void Sampler::check_largest(std::span<const float> logits, float largest) const {
  if (std::isfinite(largest)) return;
  if (std::isnan(largest)) {
    const auto nan = std::ranges::find_if(logits, [](float x) { return std::isnan(x); });
    fail(ErrorCode::corrupt, "logit {} of {} is NaN, expected a number", nan - logits.begin(),
         logits.size());
  }
  if (largest < 0 && !options_.banned.empty()) {
    fail_invalid("no token can be drawn: {} are banned and the other logits are -infinity",
                 options_.banned.size());
  }
  fail(ErrorCode::corrupt, "the largest of {} logits is {}, expected a finite number",
       logits.size(), largest);
}

/// A logit that the k-th largest reaches, and only few below it do. The k-th largest of the groups'
/// maxima is one: there are k logits at or above it, one in each of k groups.
float Sampler::bound_top_k(std::span<const float> logits) {
  const auto k = static_cast<std::size_t>(options_.top_k);
  const std::span<const float> maxima(maxima_.get(), scan::n_groups(vocab_size_));
  if (2 * k > maxima.size()) return scan::least_finite(logits);
  const std::span<float> sorted(scratch_.get(), maxima.size());
  std::ranges::copy(maxima, sorted.begin());
  const auto kth = sorted.begin() + static_cast<std::ptrdiff_t>(k) - 1;
  std::ranges::nth_element(sorted, kth, std::greater<>());
  return std::max(*kth, -FLT_MAX);
}

/// Calls body(logits, first token) for the groups that have a logit >= least.
template<class Body>
void Sampler::for_groups_with(std::span<const float> logits, float least, Body&& body) {
  for (std::size_t first = 0; first < vocab_size_; first += scan::kGroup) {
    if (maxima_[first / scan::kGroup] < least) continue;
    body(logits.subspan(first, std::min(scan::kGroup, vocab_size_ - first)), first);
  }
}

/// Writes the logits of the top k, ties included, to values_ and their tokens to tokens_, by
/// ascending id; returns how many.
std::size_t Sampler::collect_top_k(std::span<const float> logits, float largest) {
  float least = bound_top_k(logits);
  std::size_t n = 0;
  for_groups_with(logits, least, [&](std::span<const float> group, std::size_t /*first*/) {
    n += scan::collect(group, least, kInfinity, scratch_.get() + n);
  });
  const auto k = static_cast<std::size_t>(options_.top_k);
  if (n > k) least = cut_at_count({scratch_.get(), n}, k, least, largest).least;
  n = 0;
  for_groups_with(logits, least, [&](std::span<const float> group, std::size_t first) {
    n += scan::collect(group, least, static_cast<TokenId>(first), values_.get() + n,
                       tokens_.get() + n);
  });
  return n;
}

/// Steps 5 and 6.
Sampler::Candidates Sampler::weigh(std::span<const float> logits, float largest) {
  // The largest logit's weight must stay e^0 at temperatures whose inverse is no f32.
  const auto scale = static_cast<float>(std::min<double>(1 / options_.temperature, FLT_MAX));
  Candidates candidates{.weights = {values_.get(), vocab_size_}};
  if (options_.top_k > 0 && static_cast<std::size_t>(options_.top_k) < vocab_size_) {
    const std::size_t n = collect_top_k(logits, largest);
    candidates.weights = candidates.weights.first(n);
    candidates.tokens = tokens_.get();
    logits = candidates.weights;
  }
  candidates.mass = scan::weights(logits, largest, scale, values_.get(), sums_.get());
  return candidates;
}

/// Steps 7 and 8.
void Sampler::cut_tail(Candidates& candidates) {
  const std::span<float> weights = candidates.weights;
  candidates.least = std::max(static_cast<float>(options_.min_p), FLT_MIN);
  if (options_.top_p < 1) {
    // All weights below this bound together have less than the mass that top-p leaves out.
    const double left_out = 0.999 * (1 - options_.top_p) * candidates.mass;
    const auto bound = static_cast<float>(left_out / static_cast<double>(weights.size()));
    const float least = std::max(bound, candidates.least);
    const std::size_t n = scan::collect(weights, least, kInfinity, scratch_.get());
    const PrefixCut cut =
        cut_at_mass({scratch_.get(), n}, options_.top_p * candidates.mass, least, 1);
    candidates.least = std::max(cut.least, candidates.least);
    drop_last(weights, cut.least, cut.n_excess);
  }
  candidates.mass = scan::sums(weights, candidates.least, sums_.get());
}

/// Step 9: the first token at which the cumulative weight exceeds u · mass.
TokenId Sampler::draw(const Candidates& candidates, double u) const {
  const auto& [weights, tokens, least, mass] = candidates;
  const double target = u * mass;
  const std::size_t n_groups = scan::n_groups(weights.size());
  double cumulative = 0;
  std::size_t group = 0;
  for (; group + 1 < n_groups && cumulative + sums_[group] <= target; ++group) {
    cumulative += sums_[group];
  }
  const std::size_t begin = group * scan::kGroup;
  const std::size_t end = std::min(begin + scan::kGroup, weights.size());
  std::size_t drawn = begin;  // the last one that counts, where rounding passes over all
  for (std::size_t i = begin; i < end; ++i) {
    if (weights[i] < least) continue;
    drawn = i;
    cumulative += static_cast<double>(weights[i]);
    if (target < cumulative) break;
  }
  return tokens == nullptr ? static_cast<TokenId>(drawn) : tokens[drawn];
}

}  // namespace alpha
