#include "alpha/runs/checkpoint_sender.h"

#include <algorithm>

#include "alpha/checkpoint/manifest.h"
#include "alpha/core/files.h"

namespace alpha {

namespace {

constexpr int kMaxAttempts = 3;

}  // namespace

CheckpointSender::CheckpointSender(std::string run_id, std::int64_t step,
                                   std::filesystem::path path, std::size_t piece_bytes)
    : run_id_(std::move(run_id)),
      step_(step),
      path_(std::move(path)),
      piece_bytes_(piece_bytes) {}

int CheckpointSender::percent() const noexcept {
  return total_bytes_ == 0 ? 0 : static_cast<int>(100 * sent_bytes_ / total_bytes_);
}

void CheckpointSender::open() {
  const std::filesystem::path path = path_ / kManifestFile;
  Manifest manifest = parse_manifest(read_file(path), path.string());
  if (const auto it = manifest.files.find(kOptimizerFile); it != manifest.files.end()) {
    manifest.files.erase(it);
  }
  manifest_ = render_manifest(manifest);
  for (const auto& [name, digest] : manifest.files) {
    files_.emplace_back(name, digest.size_bytes);
    total_bytes_ += digest.size_bytes;
  }
}

Answer CheckpointSender::send_piece(ReportLink& link) {
  try {
    if (manifest_.empty()) open();
    Answer answer = send(link);
    // A run is made of its checkpoint where need be: what is unknown here is the way itself.
    if (answer.delivery == Delivery::unknown_run) answer.delivery = Delivery::refused;
    if (answer.delivery == Delivery::refused && ++n_attempts_ < kMaxAttempts) {
      file_ = 0;
      offset_ = 0;
      sent_bytes_ = 0;
      answer.delivery = Delivery::retry;
    }
    return answer;
  } catch (const Error& error) {
    return {.delivery = Delivery::refused, .problem = error.what()};
  }
}

Answer CheckpointSender::send(ReportLink& link) {
  const bool is_manifest = file_ == files_.size();
  const std::string name = is_manifest ? std::string(kManifestFile) : files_[file_].first;
  const http::Fields headers = {{"X-Checkpoint-Name", run_id_},
                                {"X-Checkpoint-Step", std::to_string(step_)},
                                {"X-Checkpoint-File", name},
                                {"X-Checkpoint-Offset", std::to_string(offset_)}};
  if (is_manifest) {
    const Answer answer = link.post("/api/upload", headers, manifest_);
    is_done_ = answer.delivery == Delivery::done;
    return answer;
  }
  const std::uint64_t size = files_[file_].second;
  const std::string piece =
      read_file_range(path_ / name, offset_, std::min<std::uint64_t>(piece_bytes_, size - offset_));
  if (piece.empty() && offset_ < size) {
    fail(ErrorCode::corrupt, "'{}' has become shorter", (path_ / name).string());
  }
  const Answer answer = link.post("/api/upload", headers, piece);
  if (answer.delivery != Delivery::done) return answer;
  offset_ += piece.size();
  sent_bytes_ += piece.size();
  if (offset_ >= size) {
    ++file_;
    offset_ = 0;
  }
  return answer;
}

}  // namespace alpha
