#include "alpha/runs/metric_table.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace alpha {

namespace {

constexpr std::size_t kBlockRows = 2048;
constexpr std::size_t kSpan = 64;
constexpr std::int64_t kFirstMerge = 4;  // an entry of several rows takes three values for one
constexpr std::int64_t kMerge = 2;

template<class T>
std::size_t bytes_of(const std::vector<T>& values) noexcept {
  return values.capacity() * sizeof(T);
}

}  // namespace

void MetricTable::Extent::add(const Extent& other) noexcept {
  min = std::min(min, other.min);
  max = std::max(max, other.max);
  sum += other.sum;
  n += other.n;
}

float MetricTable::Extent::mean() const noexcept {
  return n == 0 ? kGap : static_cast<float>(sum / static_cast<double>(n));
}

void MetricTable::Column::cut(std::size_t n_entries) {
  for (std::vector<float>* values : {&mean, &min, &max}) {
    if (values->size() > n_entries) values->resize(n_entries);
  }
  spans.resize(std::min(spans.size(), n_entries / kSpan));
}

void MetricTable::Column::summarize() {
  while ((spans.size() + 1) * kSpan <= mean.size()) {
    const std::size_t begin = spans.size() * kSpan;
    spans.push_back(plain_extent(begin, begin + kSpan));
  }
}

/// Of entries [begin, end).
MetricTable::Extent MetricTable::Column::extent(std::size_t begin, std::size_t end) const noexcept {
  Extent all;
  for (end = std::min(end, mean.size()); begin < end;) {
    const std::size_t span = begin / kSpan;
    const std::size_t next = std::min((span + 1) * kSpan, end);
    const bool is_known = span < spans.size() && next - begin == kSpan;
    all.add(is_known ? spans[span] : plain_extent(begin, next));
    begin = next;
  }
  return all;
}

MetricTable::Extent MetricTable::Column::plain_extent(std::size_t begin,
                                                      std::size_t end) const noexcept {
  const std::vector<float>& least = min.empty() ? mean : min;
  const std::vector<float>& greatest = max.empty() ? mean : max;
  Extent all;
  for (std::size_t i = begin; i < end; ++i) {
    if (!std::isnan(mean[i]))
      all.add({.min = least[i], .max = greatest[i], .sum = mean[i], .n = 1});
  }
  return all;
}

/// After its rows have changed.
void MetricTable::Block::finish() {
  for (Column& column : columns) column.summarize();
  size_bytes = sizeof(Block) + bytes_of(steps) + bytes_of(columns);
  for (const Column& column : columns) {
    size_bytes += bytes_of(column.mean) + bytes_of(column.min) + bytes_of(column.max) +
                  bytes_of(column.spans);
  }
}

/// Keeps the first entries.
void MetricTable::Block::cut(std::size_t n_entries) {
  if (n_entries >= steps.size()) return;
  steps.resize(n_entries);
  n_rows = static_cast<std::int64_t>(n_entries) * rows_per_entry;
  for (Column& column : columns) column.cut(n_entries);
}

/// Makes one entry of some neighbours each.
void MetricTable::Block::merge() {
  const auto n_merged = static_cast<std::size_t>(rows_per_entry == 1 ? kFirstMerge : kMerge);
  const std::size_t n_before = steps.size();
  const std::size_t n = (n_before + n_merged - 1) / n_merged;
  const auto end_of = [&](std::size_t i) { return std::min((i + 1) * n_merged, n_before); };
  std::vector<std::int64_t> merged_steps(n);
  for (std::size_t i = 0; i < n; ++i) merged_steps[i] = steps[end_of(i) - 1];
  steps = std::move(merged_steps);
  for (Column& column : columns) {
    if (column.mean.empty()) continue;
    Column merged;
    for (std::size_t i = 0; i < n; ++i) {
      const Extent extent = column.extent(i * n_merged, end_of(i));
      merged.mean.push_back(extent.mean());
      merged.min.push_back(extent.n == 0 ? kGap : extent.min);
      merged.max.push_back(extent.n == 0 ? kGap : extent.max);
    }
    column = std::move(merged);
  }
  rows_per_entry *= static_cast<std::int64_t>(n_merged);
}

/// Both of single rows, with the same columns.
void MetricTable::Block::append(const Block& rows) {
  const std::size_t n_before = steps.size();
  steps.insert(steps.end(), rows.steps.begin(), rows.steps.end());
  n_rows += rows.n_rows;
  if (columns.size() < rows.columns.size()) columns.resize(rows.columns.size());
  for (std::size_t i = 0; i < rows.columns.size(); ++i) {
    const std::vector<float>& values = rows.columns[i].mean;
    if (values.empty()) continue;
    columns[i].mean.resize(n_before, kGap);
    columns[i].mean.insert(columns[i].mean.end(), values.begin(), values.end());
  }
}

void MetricTable::append(std::int64_t step, std::span<const MetricLineReader::Value> values) {
  if (!blocks_.empty() && step <= blocks_.back().steps.back()) drop_from(step);
  if (blocks_.empty() || blocks_.back().rows_per_entry > 1 ||
      blocks_.back().steps.size() >= kBlockRows) {
    if (!blocks_.empty()) blocks_.back().finish();
    shrink();
    blocks_.emplace_back().steps.reserve(kBlockRows);
    blocks_.back().first_step = step;
  }
  Block& block = blocks_.back();
  const std::size_t at = block.steps.size();
  block.steps.push_back(step);
  ++block.n_rows;
  for (const auto& [column, value] : values) {
    if (column >= block.columns.size()) block.columns.resize(column + 1);
    std::vector<float>& mean = block.columns[column].mean;
    if (mean.capacity() == 0) mean.reserve(kBlockRows);
    if (mean.size() != at) mean.resize(at, kGap);  // where it came twice, the first one goes
    mean.push_back(value);
  }
}

void MetricTable::set_names(const std::vector<std::string>& names) {
  for (const std::string& name : names) names_.index_of(name);
}

void MetricTable::append(MetricTable&& other) {
  if (other.blocks_.empty()) return;
  std::vector<std::optional<std::uint32_t>> numbers;  // here, by those there
  for (const std::string& name : other.names_.names()) numbers.push_back(names_.index_of(name));
  drop_from(other.blocks_.front().steps.front());
  for (Block& block : other.blocks_) {
    std::vector<Column> columns;
    for (std::size_t i = 0; i < block.columns.size(); ++i) {
      if (!numbers[i] || block.columns[i].mean.empty()) continue;
      if (*numbers[i] >= columns.size()) columns.resize(*numbers[i] + 1);
      columns[*numbers[i]] = std::move(block.columns[i]);
    }
    block.columns = std::move(columns);
    const bool is_joined = !blocks_.empty() && block.rows_per_entry == 1 &&
                           blocks_.back().rows_per_entry == 1 &&
                           blocks_.back().steps.size() + block.steps.size() <= kBlockRows;
    if (is_joined) {
      blocks_.back().append(block);
    } else {
      blocks_.push_back(std::move(block));
    }
    blocks_.back().finish();
  }
  other.blocks_.clear();
  shrink();
}

/// Steps from `step` on are to come anew.
void MetricTable::drop_from(std::int64_t step) {
  while (!blocks_.empty() && blocks_.back().steps.back() >= step) {
    Block& block = blocks_.back();
    const auto n_kept = std::ranges::lower_bound(block.steps, step) - block.steps.begin();
    if (n_kept > 0) return block.cut(static_cast<std::size_t>(n_kept));
    blocks_.pop_back();
  }
}

/// Merges rows, those of the finest resolution first, until they have the room they are given.
void MetricTable::shrink() {
  std::size_t size = size_bytes();
  while (size > max_bytes_) {
    std::int64_t finest = 0;
    for (const Block& block : blocks_) {
      if (block.steps.size() < 2) continue;
      finest = finest == 0 ? block.rows_per_entry : std::min(finest, block.rows_per_entry);
    }
    if (finest == 0) return;
    for (Block& block : blocks_) {
      if (block.steps.size() < 2 || block.rows_per_entry != finest) continue;
      block.merge();
      block.finish();
    }
    size = size_bytes();
  }
}

std::int64_t MetricTable::n_rows() const noexcept {
  std::int64_t n = 0;
  for (const Block& block : blocks_) n += block.n_rows;
  return n;
}

std::size_t MetricTable::size_bytes() const noexcept {
  std::size_t size = 0;
  for (const Block& block : blocks_) size += block.size_bytes;
  return size;
}

/// The rows that were asked for, cut into buckets.
struct MetricTable::Layout {
  std::vector<Segment> segments;  // ascending
  std::int64_t rows_per_bucket = 1;
};

MetricTable::Layout MetricTable::lay_out(const CurveQuery& query) const {
  struct Part {
    std::size_t block, begin, end;
  };

  std::vector<Part> parts;
  std::int64_t n_rows = 0;
  std::int64_t coarsest = 1;
  const auto rows_until = [](const Block& block, std::size_t entry) {
    return std::min(static_cast<std::int64_t>(entry) * block.rows_per_entry, block.n_rows);
  };
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    const Block& block = blocks_[i];
    const auto& steps = block.steps;
    const auto begin = query.from ? std::ranges::lower_bound(steps, *query.from) : steps.begin();
    auto end = query.to ? std::ranges::upper_bound(steps, *query.to) : steps.end();
    if (block.rows_per_entry > 1 && end != steps.end()) {  // some of its rows may be asked for
      const std::int64_t before = end == steps.begin() ? block.first_step - 1 : *std::prev(end);
      if (before < *query.to) ++end;
    }
    if (begin >= end) continue;
    const Part part{.block = i,
                    .begin = static_cast<std::size_t>(begin - steps.begin()),
                    .end = static_cast<std::size_t>(end - steps.begin())};
    n_rows += rows_until(block, part.end) - rows_until(block, part.begin);
    coarsest = std::max(coarsest, block.rows_per_entry);
    parts.push_back(part);
  }
  Layout layout;
  layout.rows_per_bucket =
      std::max<std::int64_t>((n_rows + query.max_points - 1) / query.max_points, 1);
  layout.rows_per_bucket = (layout.rows_per_bucket + coarsest - 1) / coarsest * coarsest;
  std::int64_t row = 0;  // the first one of an entry, of all that are asked for
  for (const Part& part : parts) {
    const Block& block = blocks_[part.block];
    const std::int64_t first_row = row - rows_until(block, part.begin);
    for (std::size_t at = part.begin; at < part.end;) {
      const std::int64_t bucket = (first_row + rows_until(block, at)) / layout.rows_per_bucket;
      const std::int64_t n_left = (bucket + 1) * layout.rows_per_bucket - first_row;
      const auto next =
          static_cast<std::size_t>((n_left + block.rows_per_entry - 1) / block.rows_per_entry);
      const Segment segment{.bucket = static_cast<std::size_t>(bucket),
                            .block = part.block,
                            .begin = at,
                            .end = std::min(next, part.end)};
      layout.segments.push_back(segment);
      at = segment.end;
    }
    row = first_row + rows_until(block, part.end);
  }
  return layout;
}

void MetricTable::add_column(std::uint32_t column, const Layout& layout, Curves& out) const {
  const std::size_t n = out.step.size();
  std::vector<Extent> extents(n);
  bool has_values = false;
  for (const auto& [bucket, at, begin, end] : layout.segments) {
    const Block& block = blocks_[at];
    if (column >= block.columns.size()) continue;
    const Extent extent = block.columns[column].extent(begin, end);
    if (extent.n == 0) continue;
    extents[bucket].add(extent);
    has_values = true;
  }
  if (!has_values) return;
  const bool is_plain = out.rows_per_bucket == 1;
  Curves::Column curve;
  curve.name = names_.names()[column];
  for (const Extent& extent : extents) {
    curve.mean.push_back(extent.mean());
    if (is_plain) continue;
    curve.min.push_back(extent.n == 0 ? kGap : extent.min);
    curve.max.push_back(extent.n == 0 ? kGap : extent.max);
  }
  out.columns.push_back(std::move(curve));
}

Curves MetricTable::downsample(const CurveQuery& query) const {
  Curves out;
  out.n_rows = n_rows();
  out.from = query.from;
  out.to = query.to;
  if (blocks_.empty()) return out;
  out.first_step = blocks_.front().first_step;
  out.last_step = blocks_.back().steps.back();
  out.from = std::max(query.from.value_or(*out.first_step), *out.first_step);
  out.to = std::min(query.to.value_or(*out.last_step), *out.last_step);
  const Layout layout = lay_out(query);
  out.rows_per_bucket = layout.rows_per_bucket;
  for (const Segment& segment : layout.segments) {
    const std::int64_t step = std::min(blocks_[segment.block].steps[segment.end - 1], *out.to);
    if (segment.bucket < out.step.size()) {
      out.step.back() = step;
    } else {
      out.step.push_back(step);
    }
  }
  if (query.columns.empty()) {
    for (std::uint32_t i = 0; i < names_.names().size(); ++i) add_column(i, layout, out);
  }
  for (const std::string& name : query.columns) {
    if (const auto column = names_.find(name)) add_column(*column, layout, out);
  }
  return out;
}

}  // namespace alpha
