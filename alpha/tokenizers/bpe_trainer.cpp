#include "alpha/tokenizers/bpe_trainer.h"

#include <cstdint>
#include <limits>
#include <queue>
#include <unordered_map>
#include <utility>

#include "alpha/core/error.h"
#include "alpha/tokenizers/pre_tokens.h"
#include "alpha/tokenizers/special_tokens.h"

namespace alpha {
namespace {

constexpr std::uint32_t kEnd = std::numeric_limits<std::uint32_t>::max();
constexpr TokenId kMergedAway = -1;

struct CountedWord {
  std::string_view bytes;
  std::int64_t count = 0;
};

// The distinct pre-tokens, in the order in which they first appear.
std::vector<CountedWord> count_pre_tokens(std::string_view text,
                                          std::span<const std::string> specials) {
  std::vector<CountedWord> words;
  std::unordered_map<std::string_view, std::size_t> index_of;
  SpecialTokenFinder finder(text, specials);
  for (std::size_t at = 0; at < text.size();) {
    const auto special = finder.next(at);
    const std::string_view plain = text.substr(0, special ? special->begin : text.size());
    while (at < plain.size()) {
      const std::string_view word = next_pre_token(plain, at);
      const auto [it, is_new] = index_of.emplace(word, words.size());
      if (is_new) words.push_back({.bytes = word});
      ++words[it->second].count;
      at += word.size();
    }
    if (special) at += specials[special->index].size();
  }
  return words;
}

// All words laid one behind the other, as doubly linked lists of tokens. A token's position is that
// of its first byte. Pair counts are kept exact while merges are applied.
class Trainer {
 public:
  explicit Trainer(const std::vector<CountedWord>& words) {
    for (const CountedWord& word : words) add_word(word);
    for (const auto& [pair, uses] : pairs_) queue_.push({uses.count, pair});
  }

  // The pair to merge next; false when none occurs twice.
  bool most_frequent(BpeMerge& pair) {
    while (!queue_.empty()) {
      const Candidate top = queue_.top();
      if (top.count < 2) return false;
      queue_.pop();
      const auto it = pairs_.find(top.pair);
      const std::int64_t count = it == pairs_.end() ? 0 : it->second.count;
      if (count == top.count) {
        pair = top.pair;
        return true;
      }
      // Counts of old pairs only fall, so an entry that is too high is replaced by a true one.
      if (count < top.count && count >= 2) queue_.push({count, top.pair});
    }
    return false;
  }

  void merge(BpeMerge pair, TokenId merged) {
    const auto node = pairs_.extract(pair);
    ALPHA_CHECK(!node.empty(), "the pair to merge is unknown");
    grown_.clear();
    for (const std::uint32_t left : node.mapped().positions) {
      const std::uint32_t right = next_[left];
      // Positions are never removed from the lists, so some hold another pair by now.
      if (ids_[left] != pair.left || right == kEnd || ids_[right] != pair.right) continue;
      merge_at(left, right, pair, merged);
    }
    for (const BpeMerge& grown : grown_) queue_.push({pairs_[grown].count, grown});
  }

 private:
  struct Uses {
    std::int64_t count = 0;
    std::vector<std::uint32_t> positions;  // of the left token, ascending
  };

  struct Candidate {
    std::int64_t count;
    BpeMerge pair;

    bool operator<(const Candidate& other) const {
      return count != other.count ? count < other.count : pair > other.pair;
    }
  };

  void add_word(const CountedWord& word) {
    const auto begin = static_cast<std::uint32_t>(ids_.size());
    const auto end = begin + static_cast<std::uint32_t>(word.bytes.size());
    for (std::uint32_t i = begin; i < end; ++i) {
      ids_.push_back(static_cast<unsigned char>(word.bytes[i - begin]));
      previous_.push_back(i == begin ? kEnd : i - 1);
      next_.push_back(i + 1 == end ? kEnd : i + 1);
      word_of_.push_back(static_cast<std::uint32_t>(word_counts_.size()));
      if (i > begin) add_use({ids_[i - 1], ids_[i]}, i - 1, word.count);
    }
    word_counts_.push_back(word.count);
  }

  Uses& add_use(BpeMerge pair, std::uint32_t position, std::int64_t count) {
    Uses& uses = pairs_[pair];
    uses.count += count;
    uses.positions.push_back(position);
    return uses;
  }

  void merge_at(std::uint32_t left, std::uint32_t right, BpeMerge pair, TokenId merged) {
    const std::int64_t count = word_counts_[word_of_[left]];
    const std::uint32_t before = previous_[left];
    const std::uint32_t after = next_[right];
    ids_[left] = merged;
    ids_[right] = kMergedAway;
    next_[left] = after;
    if (before != kEnd) {
      remove_use({ids_[before], pair.left}, count);
      grow({ids_[before], merged}, before, count);
    }
    if (after != kEnd) {
      previous_[after] = left;
      remove_use({pair.right, ids_[after]}, count);
      grow({merged, ids_[after]}, left, count);
    }
  }

  // The pair that is being merged is in the table no more, so it may be missing here.
  void remove_use(BpeMerge pair, std::int64_t count) {
    if (const auto it = pairs_.find(pair); it != pairs_.end()) it->second.count -= count;
  }

  void grow(BpeMerge pair, std::uint32_t position, std::int64_t count) {
    const Uses& uses = add_use(pair, position, count);
    if (uses.positions.size() == 1) grown_.push_back(pair);
  }

  std::vector<TokenId> ids_;
  std::vector<std::uint32_t> previous_;
  std::vector<std::uint32_t> next_;
  std::vector<std::uint32_t> word_of_;
  std::vector<std::int64_t> word_counts_;
  std::unordered_map<BpeMerge, Uses, BpeMergeHash> pairs_;
  std::priority_queue<Candidate> queue_;
  std::vector<BpeMerge> grown_;  // the pairs that the current merge brought into being
};

}  // namespace

std::vector<BpeMerge> learn_bpe_merges(std::string_view text, std::span<const std::string> specials,
                                       int n_merges, TokenId first_merge_id) {
  const std::vector<CountedWord> words = count_pre_tokens(text, specials);
  std::uint64_t n_bytes = 0;
  for (const CountedWord& word : words) n_bytes += word.bytes.size();
  if (n_bytes >= kEnd) {
    fail(ErrorCode::unsupported,
         "[bpe training] too much distinct text: got {} bytes in {} pre-tokens, expected less than "
         "{}; train on a sample",
         n_bytes, words.size(), kEnd);
  }
  Trainer trainer(words);
  std::vector<BpeMerge> merges;
  BpeMerge pair;
  while (static_cast<int>(merges.size()) < n_merges && trainer.most_frequent(pair)) {
    trainer.merge(pair, first_merge_id + static_cast<TokenId>(merges.size()));
    merges.push_back(pair);
  }
  return merges;
}

}  // namespace alpha
