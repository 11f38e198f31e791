#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace alpha {

/// The most columns that are kept of a file, those that come first; further ones are passed over,
/// and so are those with longer names.
inline constexpr std::size_t kMaxColumns = 128;
inline constexpr std::size_t kMaxColumnNameBytes = 64;

/// Stands where there is no value: not a number.
inline constexpr float kGap = std::numeric_limits<float>::quiet_NaN();

/// Names of columns, numbered in the order in which they came.
class ColumnNames {
 public:
  std::optional<std::uint32_t> find(std::string_view name) const;

  /// Of a name that may be new. None: there is no place for it.
  std::optional<std::uint32_t> index_of(std::string_view name);

  const std::vector<std::string>& names() const noexcept { return names_; }

 private:
  std::vector<std::string> names_;
  std::map<std::string, std::uint32_t, std::less<>> indices_;
};

/// Reads lines of metrics.jsonl: of each its step and its numbers, under the names of metric_row.
/// Lines that are like the one before them, as a trainer's are, are read without a JSON parser;
/// others by it, so that what counts as a line is the same for all who read such files.
class MetricLineReader {
 public:
  /// So many bytes behind a line must be readable, and the first of them no digit.
  static constexpr std::size_t kPadding = 8;

  struct Value {
    std::uint32_t column;  // of names()
    float value;           // or kGap
  };

  /// Whether `line`, without its newline, is a JSON object with a whole number as `step`.
  bool read(std::string_view line);

  // Of the last line that was read.

  std::int64_t step() const noexcept { return step_; }

  /// Null, texts, booleans and what no float can hold are gaps, or left out. Where a column comes
  /// twice, the last one counts.
  std::span<const Value> values() const noexcept { return values_; }

  const std::vector<std::string>& names() const noexcept { return names_.names(); }

 private:
  enum class Outcome : std::uint8_t { read, no_step, unsure };

  static constexpr std::int64_t kUnknown = -1;  // no number came under this key yet
  static constexpr std::int64_t kIgnored = -2;
  static constexpr std::int64_t kStep = -3;

  /// A member of an object, as the last line had it at its place.
  struct Key {
    std::string text;  // with its quotes and the colon
    std::int64_t column = kUnknown;

    std::string_view name() const noexcept {
      return std::string_view(text).substr(1, text.size() - 3);
    }
  };

  Outcome read_fast(std::string_view line);
  bool read_slow(std::string_view line);
  const char* read_key(const char* at, const char* end, std::size_t place);
  const char* read_value(const char* at, const char* end, Key& key);
  std::int64_t column_of(std::string_view name);
  void add(std::int64_t column, double value);

  ColumnNames names_;
  std::vector<Key> keys_;
  std::vector<Value> values_;
  std::int64_t step_ = 0;
  bool has_step_ = false;
};

}  // namespace alpha
