#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "alpha/grammar/grammar.h"
#include "alpha/grammar/stack_set.h"
#include "alpha/grammar/token_trie.h"

namespace alpha {

/// Which tokens of a vocabulary a grammar can read, by what it has read so far. Masks that were
/// asked for before are kept, the latest in `max_bytes`. Safe for any number of threads: the
/// samples of a request, and requests with the same schema and model, best share one.
class GrammarMasks {
 public:
  using Mask = std::vector<std::uint64_t>;

  GrammarMasks(std::shared_ptr<const Grammar> grammar, std::shared_ptr<const TokenTrie> trie,
               std::size_t max_bytes = std::size_t{8} << 20U);

  /// One bit per token. Never null.
  std::shared_ptr<const Mask> mask(const StackSet& stacks);

  const Grammar& grammar() const noexcept { return *grammar_; }

  const TokenTrie& trie() const noexcept { return *trie_; }

 private:
  using Key = std::vector<std::uint32_t>;

  struct KeyHash {
    std::size_t operator()(const Key& key) const noexcept;
  };

  struct Entry {
    std::shared_ptr<const Mask> mask;
    std::list<const Key*>::iterator place;  // in uses_
  };

  using Entries = std::unordered_map<Key, Entry, KeyHash>;

  static std::size_t size_bytes(const Entries::value_type& entry) noexcept;

  std::shared_ptr<const Mask> find(const Key& key);
  std::shared_ptr<const Mask> keep(Key key, std::shared_ptr<const Mask> mask);
  void drop_oldest();

  std::shared_ptr<const Grammar> grammar_;
  std::shared_ptr<const TokenTrie> trie_;
  std::size_t max_bytes_;

  std::mutex mutex_;
  Entries entries_;
  std::list<const Key*> uses_;  // the latest first
  std::size_t n_bytes_ = 0;
};

}  // namespace alpha
