#include "alpha/runs/metric_line.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include "alpha/core/error.h"
#include "alpha/core/json.h"

namespace alpha {

namespace {

constexpr std::size_t kMaxKeys = 1024;  // of a line; more are the JSON parser's

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

bool is_space(char c) noexcept {
  return c == ' ' || c == '\t' || c == '\r';
}

const char* skip_spaces(const char* at, const char* end) noexcept {
  while (at != end && is_space(*at)) ++at;
  return at;
}

/// Behind the quote that ends a text whose first quote is at `at`; null for one with escapes,
/// control characters or bytes beyond ASCII, and for one that does not end.
const char* skip_plain_text(const char* at, const char* end) noexcept {
  for (++at; at != end; ++at) {
    const auto c = static_cast<unsigned char>(*at);
    if (c == '"') return at + 1;
    if (c == '\\' || c < ' ' || c >= 0x80) return nullptr;
  }
  return nullptr;
}

/// Powers of ten from -kMaxPower on, as near as a double comes, which is nearer than a float shows.
constexpr int kMaxPower = 40;
constexpr auto kPowers = [] {
  std::array<double, 2 * kMaxPower + 1> powers{};
  long double power = 1;
  for (int i = 0; i <= kMaxPower; ++i) {
    powers[static_cast<std::size_t>(kMaxPower + i)] = static_cast<double>(power);
    powers[static_cast<std::size_t>(kMaxPower - i)] = static_cast<double>(1 / power);
    power *= 10;
  }
  return powers;
}();

/// A number of JSON, of which no more is kept than a float can tell.
struct Number {
  double value = 0;
  std::int64_t integer = 0;
  bool is_integer = false;
};

/// Decimal digits as they come, as many as `mantissa` has room for; further ones are passed over,
/// since no float shows them.
struct Digits {
  std::uint64_t mantissa = 0;
  int n_added = 0;

  /// Where the digits from `at` on end. One after the other, since mostly they are few; all count.
  const char* read_whole(const char* at, const char* end) noexcept {
    constexpr std::uint64_t kRoom = 1'000'000'000'000'000'000;
    for (; at != end && is_digit(*at); ++at) {
      if (mantissa >= kRoom) continue;
      mantissa = mantissa * 10 + static_cast<std::uint64_t>(*at - '0');
      ++n_added;
    }
    return at;
  }

  /// The same, eight at a time: mostly they are many, and not always as many.
  const char* read_fraction(const char* at, const char* end) noexcept {
    if constexpr (std::endian::native != std::endian::little) return read_whole(at, end);
    constexpr std::uint64_t kRoom = 100'000'000'000;  // more than a float shows
    for (;;) {
      std::uint64_t bytes = 0;
      std::memcpy(&bytes, at, sizeof bytes);
      const int n = n_leading_digits(bytes);
      if (mantissa < kRoom && n > 0) {
        mantissa = mantissa * kIntegerPowers[static_cast<std::size_t>(n)] + value_of(bytes, n);
        n_added += n;
      }
      at += n;
      if (n < 8) return at;
    }
  }

 private:
  static constexpr std::array<std::uint64_t, 9> kIntegerPowers = {
      1, 10, 100, 1'000, 10'000, 100'000, 1'000'000, 10'000'000, 100'000'000};
  static constexpr std::uint64_t kZeros = 0x3030303030303030;

  /// Of eight bytes, the lowest of which comes first.
  static int n_leading_digits(std::uint64_t bytes) noexcept {
    const std::uint64_t values = bytes ^ kZeros;  // 0 to 9 for digits
    const std::uint64_t others = ((values + 0x7676767676767676) | values) & 0x8080808080808080;
    return std::countr_zero(others) / 8;  // what is carried into a byte comes from one that is none
  }

  /// The first n of eight bytes as a number, n from 1 on: pairs of digits are joined by
  /// multiplications, then pairs of pairs, then fours (as simdjson does it).
  static std::uint64_t value_of(std::uint64_t bytes, int n) noexcept {
    constexpr std::uint64_t kPairs = 0x000000FF000000FF;
    constexpr std::uint64_t kFirst = 0x000F424000000064;   // 100 and 1,000,000
    constexpr std::uint64_t kSecond = 0x0000271000000001;  // 1 and 10,000
    bytes = (bytes ^ kZeros) << static_cast<unsigned>(64 - 8 * n);
    bytes = bytes * 10 + (bytes >> 8U);
    return (((bytes & kPairs) * kFirst + ((bytes >> 16U) & kPairs) * kSecond) >> 32U) & 0xFFFFFFFF;
  }
};

/// Behind the number at `at`; null where it is none, or needs a closer look.
const char* read_number(const char* at, const char* end, Number& out) noexcept {
  const char* const begin = at;
  const bool is_negative = *at == '-';
  if (is_negative) ++at;
  const char* const whole = at;
  Digits digits;
  at = digits.read_whole(at, end);
  if (at == whole || (*whole == '0' && at - whole > 1)) return nullptr;
  int power = static_cast<int>(at - whole) - digits.n_added;
  out.is_integer = power == 0;
  if (at != end && *at == '.') {
    out.is_integer = false;
    const char* const fraction = ++at;
    const int n_whole = digits.n_added;
    at = digits.read_fraction(at, end);
    if (at == fraction) return nullptr;
    power -= digits.n_added - n_whole;
  }
  if (at != end && (*at == 'e' || *at == 'E')) {
    out.is_integer = false;
    ++at;
    if (at != end && *at == '+') ++at;
    int exponent = 0;
    const auto [exponent_end, error] = std::from_chars(at, end, exponent);
    if (error != std::errc() || std::abs(exponent) > 1000 || (at[-1] == '+' && *at == '-')) {
      return nullptr;
    }
    at = exponent_end;
    power += exponent;
  }
  out.value = static_cast<double>(digits.mantissa);
  if (std::abs(power) > kMaxPower) {
    const auto [number_end, error] = std::from_chars(begin, at, out.value);
    return error == std::errc() && number_end == at ? at : nullptr;
  }
  out.value *= kPowers[static_cast<std::size_t>(power + kMaxPower)];
  if (is_negative) out.value = -out.value;
  if (out.is_integer) {
    constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
    if (digits.mantissa > kMost) return nullptr;
    const auto integer = static_cast<std::int64_t>(digits.mantissa);
    out.integer = is_negative ? -integer : integer;
  }
  return at;
}

std::string_view name_of(std::string_view key) noexcept {
  if (key == "valLoss") return "val_loss";
  if (key == "gradNorm") return "grad_norm";
  return key;
}

}  // namespace

std::optional<std::uint32_t> ColumnNames::find(std::string_view name) const {
  const auto it = indices_.find(name);
  return it != indices_.end() ? std::optional(it->second) : std::nullopt;
}

std::optional<std::uint32_t> ColumnNames::index_of(std::string_view name) {
  if (const auto index = find(name)) return index;
  if (names_.size() == kMaxColumns || name.size() > kMaxColumnNameBytes) return std::nullopt;
  const auto index = static_cast<std::uint32_t>(names_.size());
  names_.emplace_back(name);
  indices_.emplace(name, index);
  return index;
}

bool MetricLineReader::read(std::string_view line) {
  const Outcome outcome = read_fast(line);
  return outcome == Outcome::unsure ? read_slow(line) : outcome == Outcome::read;
}

MetricLineReader::Outcome MetricLineReader::read_fast(std::string_view line) {
  values_.clear();
  has_step_ = false;
  const char* at = line.data();
  const char* const end = at + line.size();
  if (at == end || *at != '{') return Outcome::unsure;
  ++at;
  for (std::size_t place = 0; place < kMaxKeys; ++place) {
    at = read_key(at, end, place);
    if (at == nullptr) return Outcome::unsure;
    at = skip_spaces(at, end);
    if (at == end) return Outcome::unsure;
    at = read_value(at, end, keys_[place]);
    if (at == nullptr) return Outcome::unsure;
    at = skip_spaces(at, end);
    if (at == end) return Outcome::unsure;
    if (*at == '}') {
      const bool is_whole = skip_spaces(at + 1, end) == end;
      if (!is_whole) return Outcome::unsure;
      return has_step_ ? Outcome::read : Outcome::no_step;
    }
    if (*at != ',') return Outcome::unsure;
    at = skip_spaces(at + 1, end);
  }
  return Outcome::unsure;
}

/// Makes keys_[place] the key at `at`, which it mostly is already. Returns what is behind its
/// colon; null for one that needs a closer look.
const char* MetricLineReader::read_key(const char* at, const char* end, std::size_t place) {
  if (place < keys_.size()) {
    const std::string& text = keys_[place].text;
    const std::size_t n = text.size();
    if (static_cast<std::size_t>(end - at) > n && std::memcmp(at, text.data(), n) == 0) {
      return at + n;
    }
  }
  if (at == end || *at != '"') return nullptr;
  const char* const key_end = skip_plain_text(at, end);
  if (key_end == nullptr || key_end == end || *key_end != ':') return nullptr;
  if (place >= keys_.size()) keys_.emplace_back();
  Key& key = keys_[place];
  key.text.assign(at, key_end + 1);
  const std::string_view name(at + 1, static_cast<std::size_t>(key_end - at) - 2);
  key.column = kUnknown;
  if (name == "step") key.column = kStep;
  if (name == "run_id") key.column = kIgnored;
  return key_end + 1;
}

/// Returns what is behind the value; null for one that needs a closer look.
const char* MetricLineReader::read_value(const char* at, const char* end, Key& key) {
  const auto is_word = [&](std::string_view word) {
    return static_cast<std::size_t>(end - at) >= word.size() &&
           std::string_view(at, word.size()) == word;
  };
  if (*at == '-' || is_digit(*at)) {
    Number number;
    at = read_number(at, end, number);
    if (at == nullptr) return nullptr;
    if (key.column == kStep) {
      has_step_ = number.is_integer;
      step_ = number.integer;
      return at;
    }
    if (key.column == kUnknown) key.column = column_of(key.name());
    add(key.column, number.value);
    return at;
  }
  if (key.column == kStep) has_step_ = false;
  if (key.column == kUnknown) {
    if (const auto known = names_.find(name_of(key.name()))) key.column = *known;
  }
  add(key.column, kGap);  // where the member came before, this is what counts
  if (*at == '"') return skip_plain_text(at, end);
  for (const std::string_view word : {"null", "true", "false"}) {
    if (is_word(word)) return at + word.size();
  }
  return nullptr;
}

bool MetricLineReader::read_slow(std::string_view line) {
  values_.clear();
  const char* const begin = skip_spaces(line.data(), line.data() + line.size());
  if (begin == line.data() + line.size() || *begin != '{') return false;
  try {
    const Json json = parse_json(line, "line");
    const auto step = json.find("step");
    if (step == json.end() || !json_is<std::int64_t>(*step)) return false;
    step_ = step->get<std::int64_t>();
    for (const auto& [key, value] : json.items()) {
      if (key == "step" || key == "run_id" || !value.is_number()) continue;
      add(column_of(key), value.get<double>());
    }
    return true;
  } catch (const Error&) {
    return false;
  }
}

std::int64_t MetricLineReader::column_of(std::string_view name) {
  const auto index = names_.index_of(name_of(name));
  return index ? std::int64_t{*index} : kIgnored;
}

void MetricLineReader::add(std::int64_t column, double value) {
  if (column < 0) return;
  const bool is_finite = std::abs(value) <= std::numeric_limits<float>::max();
  values_.push_back({.column = static_cast<std::uint32_t>(column),
                     .value = is_finite ? static_cast<float>(value) : kGap});
}

}  // namespace alpha
