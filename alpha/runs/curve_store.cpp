#include "alpha/runs/curve_store.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <string>
#include <vector>

#include "alpha/core/files.h"
#include "alpha/core/thread_pool.h"
#include "alpha/runs/metrics_tail.h"
#include "alpha/train/run_directory.h"

namespace alpha {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMaxFiles = 64;
constexpr std::size_t kChunkBytes = 256 * 1024;
constexpr std::uint64_t kRestBytes = 4096;  // at a time, of a line that ends in the next piece
constexpr std::uint64_t kPieceBytes = 8 * 1024 * 1024;
constexpr std::uint64_t kMaxPieces = 64;
constexpr std::size_t kMinPieceRoom = 1024 * 1024;
constexpr int kMaxThreads = 4;
constexpr std::size_t kProbeBytes = 256;

/// Reads the lines of a part of a file.
class LineScanner {
 public:
  LineScanner(const FileReader& file, std::uint64_t size_bytes) : file_(file), size_(size_bytes) {}

  /// The first line that begins in [begin, end).
  std::optional<std::uint64_t> first_line(std::uint64_t begin, std::uint64_t end) {
    for (std::uint64_t at = begin - 1; at < end - 1;) {
      const std::size_t n = fill(0, at, end - 1);
      if (n == 0) break;
      const auto* newline = static_cast<const char*>(std::memchr(buffer_.get(), '\n', n));
      if (newline != nullptr) return at + static_cast<std::uint64_t>(newline - buffer_.get()) + 1;
      at += n;
    }
    return std::nullopt;
  }

  /// Calls `visit` with each line that begins in [begin, end) and is whole; a line begins at
  /// `begin`. Returns where the last one that is whole ends.
  template<class Visit>
  std::uint64_t scan(std::uint64_t begin, std::uint64_t end, Visit&& visit) {
    std::uint64_t line_at = begin;  // in the file
    std::uint64_t at = begin;       // what is read next
    std::size_t n_kept = 0;         // of the line, in the buffer
    bool is_too_long = false;
    while (line_at < end) {
      const std::size_t n = fill(n_kept, at, at < end ? end : at + kRestBytes);
      if (n == 0) break;
      at += n;
      const char* line = buffer_.get();
      const char* const bytes_end = line + n_kept + n;
      for (const char* from = line + n_kept; line_at < end;) {
        const auto left = static_cast<std::size_t>(bytes_end - from);
        const auto* newline = static_cast<const char*>(std::memchr(from, '\n', left));
        if (newline == nullptr) break;
        const auto size = static_cast<std::size_t>(newline - line);
        if (!is_too_long && size <= kMaxLineBytes) visit(std::string_view(line, size));
        is_too_long = false;
        line = from = newline + 1;
        line_at = at - static_cast<std::uint64_t>(bytes_end - line);
      }
      n_kept = static_cast<std::size_t>(bytes_end - line);
      if (is_too_long || n_kept > kMaxLineBytes) {
        // Where it ends is for the one to find who reads what is behind `end`.
        if (at >= end && end < size_) break;
        is_too_long = true;
        n_kept = 0;
      }
      std::memmove(buffer_.get(), line, n_kept);
    }
    return line_at;
  }

 private:
  /// Reads what is at `at`, behind the first bytes of the buffer.
  std::size_t fill(std::size_t n_kept, std::uint64_t at, std::uint64_t end) {
    const std::uint64_t n = std::min<std::uint64_t>(kChunkBytes, std::min(end, size_) - at);
    return file_.read(at, std::span(buffer_.get() + n_kept, static_cast<std::size_t>(n)));
  }

  const FileReader& file_;
  std::uint64_t size_;
  // A line that is not whole, a chunk behind it.
  std::unique_ptr<char[]> buffer_ = std::make_unique_for_overwrite<char[]>(
      kMaxLineBytes + kChunkBytes + MetricLineReader::kPadding);
};

/// What is read of one file.
struct Reading {
  const FileReader& file;
  std::uint64_t begin = 0;  // where a line begins
  std::uint64_t end = 0;    // of the file
};

struct Rows {
  MetricTable table;
  std::uint64_t end = 0;  // of the last line that is whole
};

/// The rows of the lines that begin in [begin, end).
Rows read_piece(const Reading& all, std::uint64_t begin, std::uint64_t end, std::size_t max_bytes) {
  LineScanner scanner(all.file, all.end);
  Rows rows{.table = MetricTable(max_bytes), .end = all.begin};
  const auto first = begin > all.begin ? scanner.first_line(begin, end) : begin;
  if (!first) return rows;
  MetricLineReader reader;
  rows.end = scanner.scan(*first, end, [&](std::string_view line) {
    if (reader.read(line)) rows.table.append(reader.step(), reader.values());
  });
  rows.table.set_names(reader.names());
  return rows;
}

/// Appends all rows to `table`, which takes `max_bytes`; returns where the next reading begins.
/// Large files are read in pieces by several threads; they are cut by size alone.
std::uint64_t read_rows(const Reading& all, std::size_t max_bytes, MetricTable& table) {
  const std::uint64_t size = all.end - all.begin;
  const std::uint64_t piece = std::max(kPieceBytes, (size + kMaxPieces - 1) / kMaxPieces);
  const std::uint64_t n_pieces = (size + piece - 1) / piece;
  const std::size_t room = std::max<std::size_t>(max_bytes / n_pieces, kMinPieceRoom);
  std::vector<Rows> pieces(n_pieces, Rows{.table = MetricTable(0)});
  const auto read = [&](std::int64_t i) {
    const std::uint64_t begin = all.begin + static_cast<std::uint64_t>(i) * piece;
    pieces[static_cast<std::size_t>(i)] =
        read_piece(all, begin, std::min(begin + piece, all.end), room);
  };
  if (n_pieces == 1) {
    read(0);
  } else {
    ThreadPool threads(std::min({usable_cpus(), kMaxThreads, static_cast<int>(n_pieces)}));
    threads.run(static_cast<std::int64_t>(n_pieces), read);
  }
  std::uint64_t end = all.begin;
  for (Rows& rows : pieces) {
    end = std::max(end, rows.end);
    table.append(std::move(rows.table));
  }
  return end;
}

}  // namespace

/// What is known of one metrics.jsonl.
struct CurveStore::File {
  /// Reads what is new.
  void refresh(const fs::path& path, std::size_t max_bytes) {
    if (file_status(path).kind == FileKind::none) return forget();
    const FileReader file(path);
    const FileStatus& now = file.status();
    const bool is_continued = now.inode == inode && now.device == device && now.size_bytes >= end &&
                              file.read(0, head.size()) == head &&
                              file.read(end - tail.size(), tail.size()) == tail;
    if (!is_continued) {
      forget();
      table = MetricTable(max_bytes);
      inode = now.inode;
      device = now.device;
    }
    if (now.size_bytes == end) return;
    end = read_rows({.file = file, .begin = end, .end = now.size_bytes}, max_bytes, table);
    const std::size_t n = static_cast<std::size_t>(std::min<std::uint64_t>(kProbeBytes, end));
    head = file.read(0, n);
    tail = file.read(end - n, n);
  }

  void forget() {
    table = MetricTable(0);
    end = 0;
    inode = 0;
    device = 0;
    head.clear();
    tail.clear();
  }

  std::mutex mutex;  // of all that follows
  MetricTable table{0};
  std::uint64_t end = 0;  // of the lines that were read
  std::uint64_t inode = 0;
  std::uint64_t device = 0;
  std::string head, tail;  // of what was read: a file that was written anew has others
};

CurveStore::CurveStore(std::size_t max_bytes) : max_bytes_(max_bytes) {}

CurveStore::~CurveStore() = default;

Curves CurveStore::read(const fs::path& run_dir, const CurveQuery& query) {
  std::shared_ptr<File> file;
  {
    const std::scoped_lock lock(mutex_);
    Kept& kept = kept_[run_dir];
    if (kept.file == nullptr) kept.file = std::make_shared<File>();
    kept.used_at = ++n_uses_;
    file = kept.file;
  }
  Curves curves;
  std::size_t size = 0;
  std::uint64_t end = 0;
  {
    const std::scoped_lock lock(file->mutex);
    file->refresh(run_dir / kMetricsFile, max_bytes_ / 4 * 3);
    curves = file->table.downsample(query);
    size = file->table.size_bytes();
    end = file->end;
  }
  const std::scoped_lock lock(mutex_);
  const auto it = kept_.find(run_dir);
  if (it != kept_.end() && it->second.file == file) {
    it->second.size_bytes = size;
    it->second.end = end;
  }
  tidy();
  return curves;
}

std::uint64_t CurveStore::n_unread_bytes(const fs::path& run_dir) const {
  const std::uint64_t size = file_status(run_dir / kMetricsFile).size_bytes;
  const std::scoped_lock lock(mutex_);
  const auto it = kept_.find(run_dir);
  const std::uint64_t end = it == kept_.end() ? 0 : it->second.end;
  return size < end ? size : size - end;
}

/// Lets go of what was not asked for longest, but never of the last one.
void CurveStore::tidy() {
  const auto size_of_all = [this] {
    std::size_t size = 0;
    for (const auto& [path, kept] : kept_) size += kept.size_bytes;
    return size;
  };
  while (kept_.size() > 1 && (kept_.size() > kMaxFiles || size_of_all() > max_bytes_)) {
    kept_.erase(std::ranges::min_element(kept_, {},
                                         [](const auto& entry) { return entry.second.used_at; }));
  }
}

std::size_t CurveStore::size_bytes() const {
  const std::scoped_lock lock(mutex_);
  std::size_t size = 0;
  for (const auto& [path, kept] : kept_) size += kept.size_bytes;
  return size;
}

}  // namespace alpha
