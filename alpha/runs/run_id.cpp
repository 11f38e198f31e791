#include "alpha/runs/run_id.h"

#include <algorithm>

#include "alpha/core/error.h"

namespace alpha {

namespace {

constexpr std::size_t kMaxRunIdBytes = 128;

bool is_allowed(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

}  // namespace

bool is_run_id(std::string_view id) noexcept {
  return !id.empty() && id.size() <= kMaxRunIdBytes && id.front() != '.' &&
         std::ranges::all_of(id, is_allowed);
}

void check_run_id(std::string_view id, std::string_view field) {
  if (is_run_id(id)) return;
  fail_invalid("field '{}': expected 1 to {} characters of A-Z a-z 0-9 . _ - and no dot in front",
               field, kMaxRunIdBytes);
}

}  // namespace alpha
