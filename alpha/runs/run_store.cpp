#include "alpha/runs/run_store.h"

#include <algorithm>
#include <map>
#include <set>

#include "alpha/core/error.h"
#include "alpha/core/files.h"
#include "alpha/runs/run_folder.h"

namespace alpha {

namespace fs = std::filesystem;

namespace {

bool is_candidate(std::string_view name) {
  return !name.starts_with('.') && !name.ends_with(".tmp") && !name.ends_with(".upload");
}

std::string name_of(const fs::path& path) {
  const fs::path normal = fs::absolute(path).lexically_normal();
  return (normal.has_filename() ? normal : normal.parent_path()).filename().string();
}

/// Newest checkpoint first; behind them what has none.
bool comes_before(const std::shared_ptr<const RunInfo>& a,
                  const std::shared_ptr<const RunInfo>& b) {
  const auto key = [](const RunInfo& run) {
    std::int64_t newest = 0;
    for (const RunCheckpoint& checkpoint : run.checkpoints)
      newest = std::max(newest, checkpoint.mtime_ms);
    return std::tuple(newest, run.updated_ms);
  };
  const auto key_a = key(*a);
  const auto key_b = key(*b);
  return key_a != key_b ? key_a > key_b : a->id < b->id;
}

/// What a folder that cannot even be looked at is listed as.
std::shared_ptr<const RunInfo> unreadable(const fs::path& path, const std::string& id,
                                          const char* problem) {
  RunInfo info;
  info.id = id;
  info.run_id = id;
  info.path = path;
  info.problem = problem;
  return std::make_shared<const RunInfo>(std::move(info));
}

}  // namespace

std::string_view to_string(RunStatus status) noexcept {
  switch (status) {
    case RunStatus::active: return "active";
    case RunStatus::completed: return "completed";
    case RunStatus::stale: return "stale";
    case RunStatus::failed: return "failed";
  }
  return "stale";
}

/// The folders that were found, with what was read of each.
class RunStore::Cache {
 public:
  RunList scan(const std::vector<fs::path>& roots, const Clock& clock) {
    Pass pass{.clock = clock, .folders = {}, .seen = {}, .ids = {}, .list = {}};
    for (const fs::path& root : roots) scan_root(root, pass);
    folders_ = std::move(pass.folders);
    std::ranges::sort(pass.list, comes_before);
    return std::move(pass.list);
  }

 private:
  using Folders = std::map<std::string, RunFolder>;  // by path

  /// One scan.
  struct Pass {
    const Clock& clock;
    Folders folders;
    std::set<std::pair<std::uint64_t, std::uint64_t>> seen;  // device and inode
    std::set<std::string> ids;
    RunList list;

    std::string unused_id(const std::string& name) const {
      std::string id = name;
      for (int n = 2; ids.contains(id); ++n) id = fmt::format("{}~{}", name, n);
      return id;
    }
  };

  void scan_root(const fs::path& root, Pass& pass) {
    const std::string name = name_of(root);
    try {
      if (file_status(root).kind != FileKind::folder || add(root, name, pass)) return;
      for (const std::string& child : list_folder(root)) {
        if (is_candidate(child)) add(root / child, child, pass);
      }
    } catch (const std::exception& error) {
      pass.list.push_back(unreadable(root, pass.unused_id(name), error.what()));
    }
  }

  /// Whether the folder is a run or a checkpoint.
  bool add(const fs::path& path, const std::string& name, Pass& pass) {
    auto node = folders_.extract(path.string());
    const auto it = node.empty() ? pass.folders.try_emplace(path.string(), path).first
                                 : pass.folders.insert(std::move(node)).position;
    const std::string id = pass.unused_id(name);
    try {
      auto info = it->second.refresh(pass.clock, id);
      if (info == nullptr) return false;
      const FileStatus& status = it->second.status();
      if (!pass.seen.emplace(status.device, status.inode).second) return true;
      pass.list.push_back(std::move(info));
    } catch (const std::exception& error) {
      pass.folders.erase(it);
      pass.list.push_back(unreadable(path, id, error.what()));
    }
    pass.ids.insert(id);
    return true;
  }

  Folders folders_;
};

RunStore::RunStore(std::vector<fs::path> roots, const Clock& clock)
    : roots_(std::move(roots)),
      clock_(clock),
      cache_(std::make_unique<Cache>()),
      list_(std::make_shared<const RunList>()) {}

RunStore::~RunStore() = default;

std::shared_ptr<const RunList> RunStore::scan() {
  const std::scoped_lock scan_lock(scan_mutex_);
  RunList list = cache_->scan(roots_, clock_);
  const std::scoped_lock lock(list_mutex_);
  if (list != *list_) list_ = std::make_shared<const RunList>(std::move(list));
  return list_;
}

std::shared_ptr<const RunList> RunStore::snapshot() const {
  const std::scoped_lock lock(list_mutex_);
  return list_;
}

std::shared_ptr<const RunInfo> RunStore::find(std::string_view id) const {
  const auto list = snapshot();
  for (const auto& run : *list) {
    if (run->id == id) return run;
  }
  for (const auto& run : *list) {
    if (run->run_id == id) return run;
  }
  return nullptr;
}

void RunStore::remove(std::string_view id) {
  const auto list = scan();
  const auto it =
      std::ranges::find(*list, id, [](const auto& run) -> std::string_view { return run->id; });
  if (it == list->end()) fail(ErrorCode::not_found, "there is no run '{}'", id);
  const RunInfo& run = **it;
  if (run.status == RunStatus::active) fail_invalid("run '{}' is active", id);
  for (const fs::path& root : roots_) {
    if (file_status(root) == file_status(run.path)) {
      fail_invalid("run '{}' was named when the server was started: it is not deleted", id);
    }
  }
  remove_tree(run.path);
  scan();
}

}  // namespace alpha
