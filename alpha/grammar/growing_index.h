#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace alpha {

/// Finds equal items in the end of a vector that grows: by looking at each while they are few, else
/// by hash. `Item` has `hash()` and ==.
template<class Item>
class GrowingIndex {
 public:
  /// Forgets all; `items` from `begin` on are looked at.
  void restart(std::size_t begin) {
    begin_ = begin;
    n_used_ = 0;
  }

  /// The place of the item equal to `item`, which is appended if there is none.
  std::size_t find_or_append(std::vector<Item>& items, const Item& item) {
    const std::size_t n = items.size() - begin_;
    if (n < kFew) {
      for (std::size_t i = begin_; i < items.size(); ++i) {
        if (items[i] == item) return i;
      }
      items.push_back(item);
      return items.size() - 1;
    }
    if (n_used_ == 0 || 2 * n >= slots_.size()) rebuild(items);
    std::uint32_t& slot = slot_of(items, item);
    if (slot == kFree) {
      slot = static_cast<std::uint32_t>(items.size());
      items.push_back(item);
      ++n_used_;
    }
    return slot;
  }

 private:
  static constexpr std::size_t kFew = 16;
  static constexpr std::uint32_t kFree = 0xFFFFFFFFU;

  void rebuild(const std::vector<Item>& items) {
    std::size_t size = 64;
    while (size < 4 * (items.size() - begin_)) size *= 2;
    slots_.assign(size, kFree);
    for (std::size_t i = begin_; i < items.size(); ++i) {
      slot_of(items, items[i]) = static_cast<std::uint32_t>(i);
    }
    n_used_ = items.size() - begin_;
  }

  std::uint32_t& slot_of(const std::vector<Item>& items, const Item& item) {
    std::size_t at = item.hash() & (slots_.size() - 1);
    while (slots_[at] != kFree && !(items[slots_[at]] == item)) at = (at + 1) & (slots_.size() - 1);
    return slots_[at];
  }

  std::size_t begin_ = 0;
  std::size_t n_used_ = 0;                 // 0: slots_ say nothing
  std::vector<std::uint32_t> slots_ = {};  // a power of two
};

}  // namespace alpha
