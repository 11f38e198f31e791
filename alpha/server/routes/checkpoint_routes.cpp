#include <atomic>
#include <charconv>
#include <utility>

#include "alpha/server/routes/routes.h"
#include "alpha/server/service.h"
#include "alpha/server/tar_archive.h"
#include "alpha/tokenizers/utf8.h"

namespace alpha {

namespace {

constexpr std::size_t kPieceBytes = std::size_t{256} * 1024;

/// Each has one task at most in the queue of the worker that it shares with other answers.
constexpr int kMostDownloads = 16;

/// One of the downloads that may go on at the same time. Error: ApiError 429 where all do.
class Place {
 public:
  explicit Place(std::shared_ptr<std::atomic<int>> n_taken) : n_taken_(std::move(n_taken)) {
    if (n_taken_->fetch_add(1) < kMostDownloads) return;
    n_taken_->fetch_sub(1);
    throw ApiError(429, fmt::format("{} downloads go on already: try again later", kMostDownloads),
                   {}, "overloaded");
  }

  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  ~Place() { n_taken_->fetch_sub(1); }

 private:
  std::shared_ptr<std::atomic<int>> n_taken_;
};

/// An archive on its way to a client, one piece in memory at a time: read on the worker, written,
/// and the next one read when the network has taken it.
class Download : public std::enable_shared_from_this<Download> {
 public:
  Download(std::shared_ptr<Call> call, std::shared_ptr<TarArchive> archive,
           std::shared_ptr<Place> place)
      : call_(std::move(call)),
        archive_(std::move(archive)),
        place_(std::move(place)) {}

  void start(http::Response head) {
    call_->begin(std::move(head), archive_->size_bytes());
    call_->exchange()->on_leave([self = shared_from_this()] { self->close(); });
    if (call_->request().method == "HEAD") return finish();
    read();
  }

 private:
  void read() {
    if (!archive_) return;  // the client has left
    call_->service().reader().run([self = shared_from_this(), archive = archive_] {
      std::string piece;
      std::string problem;
      try {
        piece = archive->read(kPieceBytes);
      } catch (const std::exception& error) {
        problem = error.what();
      }
      self->call_->exchange()->post(
          [self, piece = std::move(piece), problem] { self->send(piece, problem); });
    });
  }

  void send(const std::string& piece, const std::string& problem) {
    if (!archive_) return;
    if (!problem.empty()) {
      call_->service().tell(*call_, problem);
      call_->exchange()->abort();
      return close();
    }
    if (piece.empty()) return finish();
    call_->write(piece);
    call_->exchange()->on_drain([self = shared_from_this()] { self->read(); });
  }

  void finish() {
    call_->end();
    close();
  }

  /// The files are closed on the worker: the last to close a deleted one waits for its end.
  void close() {
    if (!archive_) return;
    call_->service().reader().run([archive = std::move(archive_)] {});
    archive_.reset();
    place_.reset();
  }

  std::shared_ptr<Call> call_;
  std::shared_ptr<TarArchive> archive_;  // null: it is over
  std::shared_ptr<Place> place_;
};

/// `attachment` with a file's name: RFC 6266, the whole of it in the form of RFC 8187 where a
/// quoted string has no place for it.
std::string content_disposition(std::string_view name) {
  std::string plain;
  std::string encoded;
  for (const char c : name) {
    const bool is_letter =
        (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    if (is_letter || std::string_view("!#$&+-.^_`|~").find(c) != std::string_view::npos) {
      encoded += c;
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    const bool is_plain = c >= ' ' && c <= '~' && c != '"' && c != '\\' && c != '%' && c != '/';
    plain += is_plain ? c : '_';
  }
  std::string value = fmt::format("attachment; filename=\"{}\"", plain);
  if (plain != name && is_valid_utf8(name)) value += "; filename*=UTF-8''" + encoded;
  return value;
}

struct RunAndCheckpoint {
  std::shared_ptr<const RunInfo> run;
  RunCheckpoint checkpoint;
};

/// What `/api/runs/{}/checkpoints/{}` means. Error: ApiError 404.
RunAndCheckpoint find_checkpoint(const Call& call) {
  const std::string& id = call.parameters.at(0);
  const std::string& text = call.parameters.at(1);
  auto run = call.service().store().find(id);
  if (!run) throw ApiError(404, fmt::format("there is no run '{}'", id.substr(0, 200)));
  std::int64_t step = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), step);
  const bool is_number = error == std::errc() && end == text.data() + text.size();
  const auto at = std::ranges::find(run->checkpoints, step, &RunCheckpoint::step);
  if (!is_number || at == run->checkpoints.end()) {
    throw ApiError(404, fmt::format("there is no checkpoint '{}' of the run '{}'",
                                    text.substr(0, 40), run->id));
  }
  return {std::move(run), *at};
}

/// Runs on the worker.
std::shared_ptr<TarArchive> open_archive(const RunAndCheckpoint& found) {
  const RunCheckpoint& checkpoint = found.checkpoint;
  try {
    return std::make_shared<TarArchive>(checkpoint.path,
                                        fmt::format("checkpoint-{}", checkpoint.step));
  } catch (const Error& error) {
    if (error.code() != ErrorCode::not_found) throw;
    throw ApiError(404, fmt::format("the checkpoint '{}' of the run '{}' is not there any more",
                                    checkpoint.step, found.run->id));
  }
}

void download(const std::shared_ptr<Call>& call,
              const std::shared_ptr<std::atomic<int>>& n_downloads) {
  call->service().check_accepting();
  const RunAndCheckpoint found = find_checkpoint(*call);
  const auto place = std::make_shared<Place>(n_downloads);
  call->service().work_later(call, [call, found, place]() -> std::function<void()> {
    return [call, found, place, archive = open_archive(found)] {
      const std::string name = fmt::format("{}-step{}.tar", found.run->id, found.checkpoint.step);
      http::Response head{.content_type = "application/x-tar"};
      head.headers.add("Content-Disposition", content_disposition(name));
      std::make_shared<Download>(call, archive, place)->start(std::move(head));
    };
  });
}

}  // namespace

void add_checkpoint_routes(Router& router, Service& /*service*/) {
  router.add({.method = "GET",
              .pattern = "/api/runs/{}/checkpoints/{}/download",
              .handle = [n_downloads = std::make_shared<std::atomic<int>>(0)](
                            const std::shared_ptr<Call>& call) { download(call, n_downloads); },
              .access = Access::key,
              .shape = ErrorShape::original,
              .is_work = true});
}

}  // namespace alpha
