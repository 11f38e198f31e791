#include "alpha/inference/token_log_probs.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "alpha/core/error.h"
#include "alpha/inference/vocabulary_scan.h"

namespace alpha {

namespace {

/// Logits looked at together: what is kept of them in between fits the stack.
constexpr std::size_t kChunk = 4096;

/// Calls body(chunk, its first token) for all logits.
template<class Body>
void for_each_chunk(std::span<const float> logits, Body&& body) {
  for (std::size_t first = 0; first < logits.size(); first += kChunk) {
    body(logits.subspan(first, std::min(kChunk, logits.size() - first)), first);
  }
}

[[noreturn]] void fail_nan(std::span<const float> logits) {
  const auto nan = std::ranges::find_if(logits, [](float x) { return std::isnan(x); });
  fail(ErrorCode::corrupt, "logit {} of {} is NaN, expected a number", nan - logits.begin(),
       logits.size());
}

/// Whether a comes before b among the likeliest. Of a heap with this order the front is the last.
bool is_likelier(const TokenLogProb& a, const TokenLogProb& b) {
  return a.log_prob != b.log_prob ? a.log_prob > b.log_prob : a.token < b.token;
}

/// Puts the values of `group` that belong to the top into its heap. They come by ascending id, so
/// among equals those that are there already stay.
void offer(std::span<const float> group, std::size_t first, std::vector<TokenLogProb>& top) {
  double least = top.front().log_prob;
  for (std::size_t i = 0; i < group.size(); ++i) {
    const auto value = static_cast<double>(group[i]);
    if (value <= least) continue;
    std::ranges::pop_heap(top, is_likelier);
    top.back() = {.token = static_cast<TokenId>(first + i), .log_prob = value};
    std::ranges::push_heap(top, is_likelier);
    least = top.front().log_prob;
  }
}

/// The largest logit. Puts the largest `n_top` logits into `top`, unsorted. Groups that have none
/// are passed over.
float collect_top(std::span<const float> logits, std::size_t n_top,
                  std::vector<TokenLogProb>& top) {
  for (std::size_t i = 0; i < n_top; ++i) {
    top.push_back({.token = static_cast<TokenId>(i), .log_prob = static_cast<double>(logits[i])});
  }
  std::ranges::make_heap(top, is_likelier);
  std::array<float, scan::n_groups(kChunk)> maxima;
  float largest = -std::numeric_limits<float>::infinity();
  for_each_chunk(logits, [&](std::span<const float> chunk, std::size_t first) {
    const float chunk_largest = scan::maxima(chunk, maxima.data());
    if (std::isnan(chunk_largest)) fail_nan(logits);
    largest = std::max(largest, chunk_largest);
    if (n_top == 0) return;
    for (std::size_t at = 0; at < chunk.size(); at += scan::kGroup) {
      if (static_cast<double>(maxima[at / scan::kGroup]) <= top.front().log_prob) continue;
      const std::size_t end = std::min(at + scan::kGroup, chunk.size());
      const std::size_t begin = std::clamp(n_top, first + at, first + end) - first;
      offer(chunk.subspan(begin, end - begin), first + begin, top);
    }
  });
  if (!std::isfinite(largest)) {
    fail(ErrorCode::corrupt, "the largest of {} logits is {}, expected a finite number",
         logits.size(), largest);
  }
  return largest;
}

/// log Σ e^(logit - largest).
double log_sum_exp(std::span<const float> logits, float largest) {
  std::array<float, scan::room(kChunk)> weights;
  std::array<double, scan::n_groups(kChunk)> sums;
  double sum = 0;
  for_each_chunk(logits, [&](std::span<const float> chunk, std::size_t) {
    sum += scan::weights(chunk, largest, 1, weights.data(), sums.data());
  });
  return std::log(sum);
}

}  // namespace

void token_log_probs(std::span<const float> logits, TokenId chosen, std::int64_t n_top,
                     TokenLogProbs& result) {
  if (chosen < 0 || static_cast<std::size_t>(chosen) >= logits.size()) {
    fail_invalid("[log_probs] token {} was chosen, expected 0 to {}", chosen,
                 std::ssize(logits) - 1);
  }
  if (n_top < 0) fail_invalid("[log_probs] the top {} tokens, expected 0 or more", n_top);
  std::vector<TokenLogProb>& top = result.top;
  top.clear();
  const std::size_t n = std::min(static_cast<std::size_t>(n_top), logits.size());
  top.reserve(n);
  const float largest = collect_top(logits, n, top);
  const double log_sum = log_sum_exp(logits, largest);
  // The difference first: beside a large logit the sum's logarithm would be lost.
  const auto to_log_prob = [&](double logit) {
    return (logit - static_cast<double>(largest)) - log_sum;
  };
  std::ranges::sort_heap(top, is_likelier);
  for (TokenLogProb& t : top) t.log_prob = to_log_prob(t.log_prob);
  const float logit = logits[static_cast<std::size_t>(chosen)];
  result.chosen = {.token = chosen, .log_prob = to_log_prob(static_cast<double>(logit))};
}

double token_log_prob(std::span<const float> logits, TokenId chosen) {
  TokenLogProbs result;
  token_log_probs(logits, chosen, 0, result);
  return result.chosen.log_prob;
}

}  // namespace alpha
