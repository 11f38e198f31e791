#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "alpha/runs/metric_line.h"

namespace alpha {

/// What is asked of a table.
struct CurveQuery {
  std::int64_t max_points = 1000;         // 1 or more
  std::optional<std::int64_t> from = {};  // the first step; none: of all
  std::optional<std::int64_t> to = {};    // the last step
  std::vector<std::string> columns = {};  // empty: all
};

/// Metrics in buckets of consecutive rows.
struct Curves {
  struct Column {
    std::string name;
    // One of each per bucket, over its values that are finite; kGap where it has none. Where a
    // bucket is one row, min and max would be the mean, and are empty.
    std::vector<float> mean, min, max;
  };

  std::int64_t n_rows = 0;  // of the table
  std::optional<std::int64_t> first_step, last_step;
  std::optional<std::int64_t> from, to;  // the steps that were answered
  std::int64_t rows_per_bucket = 1;      // the last one may have fewer
  std::vector<std::int64_t> step;        // the last one of each bucket
  std::vector<Column> columns;           // those that have values
};

/// Rows of metrics by columns, in ascending order of their steps.
///
/// It takes no more memory than it is given: where rows are too many, neighbours are merged to
/// entries of several rows that keep least, greatest and mean value (a mean of means where merged
/// entries differ in gaps). What is merged has the resolution of its entries: a row that replaces
/// others takes away all of the entry that it falls into, and a range of steps has all of the
/// entries that its ends fall into.
class MetricTable {
 public:
  explicit MetricTable(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  /// A row whose step is not above all others replaces those from its step on, as after a resume.
  /// Columns are numbers of the names that `set_names` tells before anything else is asked.
  void append(std::int64_t step, std::span<const MetricLineReader::Value> values);

  void set_names(const std::vector<std::string>& names);

  /// Appends the rows of another table.
  void append(MetricTable&& other);

  std::int64_t n_rows() const noexcept;

  std::size_t size_bytes() const noexcept;

  /// The least and the greatest value of each column among the rows that are asked for are in its
  /// `min` and `max`.
  Curves downsample(const CurveQuery& query) const;

 private:
  /// Least, greatest, sum and number of some values, gaps passed over.
  struct Extent {
    float min = std::numeric_limits<float>::infinity();
    float max = -std::numeric_limits<float>::infinity();
    double sum = 0;
    std::int64_t n = 0;

    void add(const Extent& other) noexcept;
    float mean() const noexcept;
  };

  struct Column {
    // Of entries; those behind the end are gaps. Empty min and max are the mean.
    std::vector<float> mean, min, max;
    std::vector<Extent> spans;  // of kSpan entries each, as many as `summarize` found whole

    void cut(std::size_t n_entries);
    void summarize();
    Extent extent(std::size_t begin, std::size_t end) const noexcept;
    Extent plain_extent(std::size_t begin, std::size_t end) const noexcept;
  };

  /// Some consecutive rows in entries of `rows_per_entry`; the last one may have fewer.
  struct Block {
    std::int64_t first_step = 0;
    std::int64_t n_rows = 0;
    std::int64_t rows_per_entry = 1;
    std::vector<std::int64_t> steps;  // the last one of each entry
    std::vector<Column> columns;      // by number; the last ones may be missing
    std::size_t size_bytes = 0;       // when it was finished

    void finish();
    void cut(std::size_t n_entries);
    void merge();
    void append(const Block& rows);
  };

  /// The part of a bucket that is in one block.
  struct Segment {
    std::size_t bucket, block, begin, end;  // entries [begin, end)
  };

  struct Layout;

  void drop_from(std::int64_t step);
  void shrink();
  Layout lay_out(const CurveQuery& query) const;
  void add_column(std::uint32_t column, const Layout& layout, Curves& out) const;

  std::size_t max_bytes_;
  ColumnNames names_;
  std::vector<Block> blocks_;
};

}  // namespace alpha
