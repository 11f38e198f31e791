#include "alpha/inference/sampler.h"

#include <algorithm>
#include <cmath>

#include "alpha/core/error.h"

namespace alpha {

void SamplingOptions::validate() const {
  if (!std::isfinite(temperature)) {
    fail_invalid("temperature is {}, expected a finite number (0 or less is greedy)", temperature);
  }
  if (top_k < 0) fail_invalid("top-k is {}, expected 0 (all) or more", top_k);
  if (!(top_p > 0 && top_p <= 1)) fail_invalid("top-p is {}, expected 0 < p <= 1", top_p);
}

Sampler::Sampler(const SamplingOptions& options) : options_(options), rng_(options.seed, 0) {
  options.validate();
}

TokenId Sampler::next(std::span<const float> logits) {
  return pick(logits, rng_.uniform(n_draws_++));
}

TokenId Sampler::pick(std::span<const float> logits, double u) {
  ALPHA_CHECK(!logits.empty(), "no logits to sample from");
  const auto largest = std::ranges::max_element(logits);
  if (!std::isfinite(*largest)) {
    fail(ErrorCode::corrupt, "the largest of {} logits is {}, expected a finite number",
         logits.size(), *largest);
  }
  if (options_.temperature <= 0) return static_cast<TokenId>(largest - logits.begin());

  candidates_.clear();
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const double below = static_cast<double>(logits[i]) - static_cast<double>(*largest);
    candidates_.push_back({.weight = static_cast<float>(below / options_.temperature),
                           .id = static_cast<TokenId>(i)});
  }
  keep_top_k();
  double total = 0;
  for (Candidate& c : candidates_) {
    c.weight = std::exp(c.weight);
    total += static_cast<double>(c.weight);
  }
  if (options_.top_p < 1) total = keep_top_p();

  const double target = u * total;
  double cumulative = 0;
  for (const Candidate& c : candidates_) {
    cumulative += static_cast<double>(c.weight);
    if (target < cumulative) return c.id;
  }
  return candidates_.back().id;
}

void Sampler::keep_top_k() {
  const auto k = static_cast<std::size_t>(options_.top_k);
  if (k == 0 || k >= candidates_.size()) return;
  scratch_.clear();
  for (const Candidate& c : candidates_) scratch_.push_back(c.weight);
  const auto kth = scratch_.begin() + static_cast<std::ptrdiff_t>(k) - 1;
  std::ranges::nth_element(scratch_, kth, std::greater<>());
  std::erase_if(candidates_,
                [threshold = *kth](const Candidate& c) { return c.weight < threshold; });
}

double Sampler::keep_top_p() {
  std::ranges::sort(candidates_, [](const Candidate& a, const Candidate& b) {
    return a.weight != b.weight ? a.weight > b.weight : a.id < b.id;
  });
  double total = 0;
  for (const Candidate& c : candidates_) total += static_cast<double>(c.weight);
  double kept = 0;
  std::size_t n = 0;
  while (n < candidates_.size() && kept < options_.top_p * total) {
    kept += static_cast<double>(candidates_[n++].weight);
  }
  candidates_.resize(n);
  return kept;
}

}  // namespace alpha
