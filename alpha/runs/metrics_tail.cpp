#include "alpha/runs/metrics_tail.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "alpha/core/files.h"

namespace alpha {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kFirstChunkBytes = 8 * 1024;
constexpr std::size_t kChunkBytes = 64 * 1024;

std::optional<Json> parse_line(std::string_view line) {
  if (line.empty() || line.size() > kMaxLineBytes) return std::nullopt;
  try {
    Json json = parse_json(line, "line");
    if (json.is_object()) return json;
  } catch (const Error&) {
    // A malformed line is passed over.
  }
  return std::nullopt;
}

bool is_missing(const fs::path& path) {
  return file_status(path).kind == FileKind::none;
}

/// Reads a file's lines from its end, so much at a time as may be needed.
class BackwardLines {
 public:
  BackwardLines(const FileReader& file, std::size_t max_bytes)
      : file_(file),
        begin_(file.status().size_bytes),
        end_(begin_),
        max_bytes_(max_bytes) {}

  std::size_t bytes_read() const noexcept { return bytes_read_; }

  /// The line before, without its newline, and where that ends; none at the file's begin, or when
  /// no more may be read.
  std::optional<std::pair<std::string, std::uint64_t>> previous() {
    for (;;) {
      const std::size_t newline = text_.rfind('\n');
      if (newline != std::string::npos) {
        std::string line = text_.substr(newline + 1);
        const std::uint64_t line_end = end_;
        end_ = begin_ + newline + 1;
        text_.resize(newline);
        if (std::exchange(is_too_long_, false)) line.clear();
        if (std::exchange(is_complete_, true)) return std::pair(std::move(line), line_end);
      } else if (begin_ == 0) {
        if (!std::exchange(is_complete_, false) || is_too_long_) return std::nullopt;
        return std::pair(std::exchange(text_, {}), end_);
      } else if (!read_more()) {
        return std::nullopt;
      }
    }
  }

 private:
  bool read_more() {
    const std::uint64_t n =
        std::min({begin_, std::uint64_t{chunk_bytes_}, std::uint64_t{max_bytes_ - bytes_read_}});
    if (n == 0) return false;
    std::string chunk = file_.read(begin_ - n, n);
    if (chunk.size() != n) return false;  // it was cut meanwhile
    begin_ -= n;
    bytes_read_ += n;
    chunk_bytes_ = kChunkBytes;
    if (text_.size() > kMaxLineBytes) {
      text_.clear();
      is_too_long_ = true;
    }
    text_.insert(0, chunk);
    return true;
  }

  const FileReader& file_;
  std::string text_;  // from begin_ on, up to the newline that ends at end_
  std::uint64_t begin_;
  std::uint64_t end_;
  bool is_complete_ = false;  // the line at the end of text_ has its newline
  bool is_too_long_ = false;  // and its end is not in text_ any more
  std::size_t max_bytes_;
  std::size_t bytes_read_ = 0;
  std::size_t chunk_bytes_ = kFirstChunkBytes;
};

}  // namespace

LineTail read_tail(const fs::path& path, std::size_t max_lines, std::size_t max_bytes) {
  if (is_missing(path)) return {};
  const FileReader file(path);
  LineTail tail{.lines = {}, .size_bytes = file.status().size_bytes};
  BackwardLines lines(file, max_bytes);
  while (tail.lines.size() < max_lines) {
    const auto line = lines.previous();
    if (!line) break;
    if (auto json = parse_line(line->first)) tail.lines.push_back(std::move(*json));
  }
  std::ranges::reverse(tail.lines);
  tail.bytes_read = lines.bytes_read();
  return tail;
}

std::size_t walk_back(const fs::path& path,
                      const std::function<Walk(Json&&, std::uint64_t)>& visit) {
  if (is_missing(path)) return 0;
  const FileReader file(path);
  BackwardLines lines(file, std::numeric_limits<std::size_t>::max());
  while (const auto line = lines.previous()) {
    auto json = parse_line(line->first);
    if (json && visit(std::move(*json), line->second) == Walk::stop) break;
  }
  return lines.bytes_read();
}

std::uint64_t walk_on(const fs::path& path, std::uint64_t begin,
                      const std::function<Walk(Json&&, std::uint64_t)>& visit) {
  if (is_missing(path)) return begin;
  const FileReader file(path);
  std::string text;          // from `begin` on
  std::size_t n_passed = 0;  // bytes of a line that is too long, in front of `text`
  for (;;) {
    const std::string chunk = file.read(begin + n_passed + text.size(), kChunkBytes);
    if (chunk.empty()) return begin;
    text += chunk;
    std::size_t line_begin = 0;
    for (std::size_t newline = text.find('\n'); newline != std::string::npos;
         newline = text.find('\n', line_begin)) {
      const bool is_too_long = n_passed > 0;
      begin += std::exchange(n_passed, 0) + (newline + 1 - line_begin);
      const auto line = std::string_view(text).substr(line_begin, newline - line_begin);
      line_begin = newline + 1;
      auto json = is_too_long ? std::nullopt : parse_line(line);
      if (json && visit(std::move(*json), begin) == Walk::stop) return begin;
    }
    text.erase(0, line_begin);
    if (text.size() > kMaxLineBytes) n_passed += std::exchange(text, {}).size();
  }
}

}  // namespace alpha
