#include "alpha/checkpoint/checkpoint_directory.h"

#include <csignal>
#include <cstdio>

#include "tests/checkpoint/support.h"
#include <sys/resource.h>
#include <unistd.h>

#include "alpha/core/hash.h"
#include "alpha/core/json.h"

namespace alpha {
namespace {

namespace fs = std::filesystem;

using test::bytes_of;
using test::CopyBackend;
using test::counting;
using test::error_of;
using test::slurp;
using test::spill;
using test::TempDir;

CheckpointContent small_content(Backend& backend, unsigned seed = 0) {
  CheckpointContent content;
  content.config = {{"n_layer", 2}, {"name", "t\xc3\xa4st"}};
  content.tokenizer = {{"type", "char"}, {"vocab", {"a", "b"}}};
  content.trainer_state = Json{{"step", 7}, {"loss", 0.1}};
  content.model = {{"wte", counting(backend, {2, 3}, DType::f32, seed)},
                   {"lnF.bias", counting(backend, {3}, DType::bf16, seed + 1)}};
  content.optimizer = {{"wte.m", counting(backend, {2, 3}, DType::f32, seed + 2)}};
  return content;
}

/// Everything a reader offers, read in full.
void read_all(const fs::path& path) {
  const CheckpointReader reader(path);
  reader.model();
  if (reader.has_optimizer()) reader.optimizer();
}

TEST(CheckpointDirectory, WhatWasSavedComesBack) {
  const TempDir dir;
  CopyBackend backend;
  const CheckpointContent content = small_content(backend);
  save_checkpoint_directory(dir / "run/checkpoint-7", backend, content);

  const CheckpointReader reader(dir / "run/checkpoint-7");
  EXPECT_EQ(reader.config(), content.config);
  EXPECT_EQ(reader.tokenizer(), content.tokenizer);
  ASSERT_NE(reader.trainer_state(), nullptr);
  EXPECT_EQ(*reader.trainer_state(), *content.trainer_state);
  const SafetensorsFile model = reader.model();
  for (const auto& [name, tensor] : content.model) {
    EXPECT_EQ(bytes_of(model, name), bytes_of(backend, tensor)) << name;
  }
  ASSERT_TRUE(reader.has_optimizer());
  EXPECT_EQ(bytes_of(reader.optimizer(), "wte.m"), bytes_of(backend, content.optimizer[0].tensor));
}

TEST(CheckpointDirectory, OptimizerAndTrainerStateMayBeAbsent) {
  const TempDir dir;
  CopyBackend backend;
  CheckpointContent content = small_content(backend);
  content.trainer_state.reset();
  content.optimizer.clear();
  save_checkpoint_directory(dir / "c", backend, content);

  const CheckpointReader reader(dir / "c");
  EXPECT_EQ(reader.trainer_state(), nullptr);
  EXPECT_FALSE(reader.has_optimizer());
  EXPECT_FALSE(fs::exists(dir / "c/optimizer.safetensors"));
  EXPECT_NE(error_of([&] { reader.optimizer(); }, ErrorCode::not_found).find("no optimizer state"),
            std::string::npos);
}

TEST(CheckpointDirectory, TheManifestListsEveryFileWithSizeAndChecksum) {
  const TempDir dir;
  CopyBackend backend;
  save_checkpoint_directory(dir / "c", backend, small_content(backend));
  const Json manifest = read_json_file(dir / "c/manifest.json");
  EXPECT_EQ(manifest["format"], "alpha-checkpoint");
  EXPECT_EQ(manifest["version"], 1);
  std::size_t n_files = 0;
  for (const auto& file : fs::directory_iterator(dir / "c")) {
    const std::string name = file.path().filename().string();
    if (name == "manifest.json") continue;
    const std::string content = slurp(file.path());
    EXPECT_EQ(manifest["files"][name]["size_bytes"], content.size()) << name;
    EXPECT_EQ(manifest["files"][name]["xxh3"], hex64(xxh3(content))) << name;
    ++n_files;
  }
  EXPECT_EQ(n_files, 5U);
  EXPECT_EQ(manifest["files"].size(), 5U);
}

TEST(CheckpointDirectory, EveryChangedByteOfEveryFileIsDetected) {
  const TempDir dir;
  CopyBackend backend;
  save_checkpoint_directory(dir / "c", backend, small_content(backend));
  read_all(dir / "c");
  std::size_t n_bytes = 0;
  for (const auto& file : fs::directory_iterator(dir / "c")) {
    const std::string content = slurp(file.path());
    for (std::size_t i = 0; i < content.size(); ++i, ++n_bytes) {
      // 0x29 turns a space into a tab, 0x20 changes the case of a letter: JSON that still parses.
      for (const int flip : {0x01, 0x20, 0x29, 0x80, 0xff}) {
        std::string damaged = content;
        damaged[i] = static_cast<char>(damaged[i] ^ flip);
        spill(file.path(), damaged);
        EXPECT_THROW(read_all(dir / "c"), Error) << file.path() << " byte " << i << " ^ " << flip;
      }
    }
    spill(file.path(), content);
  }
  EXPECT_GT(n_bytes, 800U);
  read_all(dir / "c");
}

TEST(CheckpointDirectory, EveryFileCutOffAnywhereIsDetected) {
  const TempDir dir;
  CopyBackend backend;
  save_checkpoint_directory(dir / "c", backend, small_content(backend));
  for (const auto& file : fs::directory_iterator(dir / "c")) {
    const std::string content = slurp(file.path());
    for (std::size_t size = 0; size < content.size(); ++size) {
      spill(file.path(), content.substr(0, size));
      EXPECT_THROW(read_all(dir / "c"), Error) << file.path() << " cut to " << size;
    }
    spill(file.path(), content);
  }
}

TEST(CheckpointDirectory, DamageIsReportedInOneSentenceWithBothValues) {
  const TempDir dir;
  CopyBackend backend;
  const fs::path path = dir / "c";
  save_checkpoint_directory(path, backend, small_content(backend));
  const auto message = [&](ErrorCode code) {
    const std::string text = error_of([&] { read_all(path); }, code);
    EXPECT_EQ(text.find('\n'), std::string::npos) << text;
    return text.substr(std::min(text.size(), text.find("/c/") + 3));
  };
  const std::string model = slurp(path / "model.safetensors");

  spill(path / "model.safetensors", model + "x");
  EXPECT_EQ(message(ErrorCode::corrupt),
            fmt::format("model.safetensors' has {} bytes, the manifest says {}", model.size() + 1,
                        model.size()));
  std::string damaged = model;
  damaged.back() = static_cast<char>(damaged.back() ^ 1);
  spill(path / "model.safetensors", damaged);
  EXPECT_EQ(message(ErrorCode::corrupt),
            fmt::format(
                "model.safetensors' is damaged: its {0} bytes have the checksum {1}, the manifest "
                "says {0} bytes and {2}",
                model.size(), hex64(xxh3(damaged)), hex64(xxh3(model))));
  fs::remove(path / "model.safetensors");
  EXPECT_EQ(message(ErrorCode::corrupt),
            fmt::format("model.safetensors' is missing, the manifest lists it with {} bytes: No "
                        "such file or directory",
                        model.size()));
  spill(path / "model.safetensors", model);

  const std::string manifest = slurp(path / "manifest.json");
  std::string newer = manifest;
  newer.replace(newer.find("\"version\": 1"), 12, "\"version\": 2");
  spill(path / "manifest.json", newer);
  EXPECT_EQ(message(ErrorCode::unsupported),
            "manifest.json': the format's version is 2, this program reads 1");
  fs::remove(path / "manifest.json");
  EXPECT_TRUE(error_of([&] { read_all(path); }, ErrorCode::not_found)
                  .ends_with("/c' is no checkpoint: it has no manifest.json"));
}

TEST(CheckpointDirectory, AManifestThatListsForeignFilesIsRefused) {
  const TempDir dir;
  CopyBackend backend;
  save_checkpoint_directory(dir / "c", backend, small_content(backend));
  Json manifest = read_json_file(dir / "c/manifest.json");
  manifest["files"]["../secret"] = manifest["files"]["config.json"];
  spill(dir / "c/manifest.json", manifest.dump(2) + "\n");
  EXPECT_NE(error_of([&] { read_all(dir / "c"); }, ErrorCode::corrupt).find("lists '../secret'"),
            std::string::npos);
}

TEST(CheckpointDirectory, AManifestOfNestedListsIsRefused) {
  const TempDir dir;
  CopyBackend backend;
  save_checkpoint_directory(dir / "c", backend, small_content(backend));
  spill(dir / "c/manifest.json", std::string(3'000'000, '['));
  EXPECT_NE(error_of([&] { read_all(dir / "c"); }, ErrorCode::corrupt).find("3000000 bytes long"),
            std::string::npos);
  const std::string nested = std::string(20'000, '[') + std::string(20'000, ']');
  spill(dir / "c/manifest.json", "{\"format\":" + nested + "}");
  EXPECT_NE(error_of([&] { read_all(dir / "c"); }, ErrorCode::corrupt).find("nested 20001 deep"),
            std::string::npos);
}

/// Fails when the n-th piece is fetched, as a lost device does.
class FailingBackend final : public CopyBackend {
 public:
  explicit FailingBackend(int n_good_downloads) : n_good_downloads_(n_good_downloads) {}

  void download(const Tensor& src, void* dst) override {
    if (n_good_downloads_-- == 0) fail(ErrorCode::device_lost, "[test] the device is gone");
    CopyBackend::download(src, dst);
  }

 private:
  int n_good_downloads_;
};

TEST(CheckpointDirectory, ASaveThatFailsAnywhereLeavesNothingBehind) {
  const TempDir dir;
  for (int n_good = 0; n_good < 3; ++n_good) {
    FailingBackend backend(n_good);
    const CheckpointContent content = small_content(backend);
    error_of([&] { save_checkpoint_directory(dir / "c", backend, content); },
             ErrorCode::device_lost);
    EXPECT_TRUE(dir.names().empty());
  }
}

TEST(CheckpointDirectory, AFailedReplacementLeavesTheOldCheckpointAsItWas) {
  const TempDir dir;
  CopyBackend good;
  const CheckpointContent old_content = small_content(good, 10);
  save_checkpoint_directory(dir / "c", good, old_content);
  FailingBackend bad(2);
  const CheckpointContent new_content = small_content(bad, 100);
  error_of([&] { save_checkpoint_directory(dir / "c", bad, new_content); }, ErrorCode::device_lost);
  EXPECT_EQ(dir.names(), std::vector<std::string>{"c"});
  EXPECT_EQ(bytes_of(CheckpointReader(dir / "c").model(), "wte"),
            bytes_of(good, old_content.model[0].tensor));
}

/// Files may not grow beyond a limit while this lives: writing fails as on a full disk.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t limit_bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &old_);
    const rlimit limit{limit_bytes, old_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }

  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &old_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit old_{};
  void (*handler_)(int);
};

TEST(CheckpointDirectory, ADiskThatTakesNoMoreBytesIsAnIoErrorAndLeavesNothingBehind) {
  const TempDir dir;
  CopyBackend backend;
  const CheckpointContent content = small_content(backend);
  std::string message;
  {
    const FileSizeLimit limit(100);
    message =
        error_of([&] { save_checkpoint_directory(dir / "c", backend, content); }, ErrorCode::io);
  }
  EXPECT_NE(message.find("model.safetensors"), std::string::npos) << message;
  EXPECT_TRUE(dir.names().empty());
}

TEST(CheckpointDirectory, AParentThatIsNoFolderIsAnIoErrorAndStaysAsItWas) {
  const TempDir dir;
  CopyBackend backend;
  spill(dir / "run", "a file");
  const CheckpointContent content = small_content(backend);
  error_of([&] { save_checkpoint_directory(dir / "run/checkpoint-1", backend, content); },
           ErrorCode::io);
  EXPECT_EQ(dir.names(), std::vector<std::string>{"run"});
  EXPECT_EQ(slurp(dir / "run"), "a file");
}

TEST(CheckpointDirectory, ContentThatIsNoTextIsRefusedByNameOfItsFile) {
  const TempDir dir;
  CopyBackend backend;
  CheckpointContent content = small_content(backend);
  content.tokenizer["vocab"][0] = "\xff";
  EXPECT_NE(error_of([&] { save_checkpoint_directory(dir / "c", backend, content); },
                     ErrorCode::invalid_argument)
                .find("'tokenizer.json'"),
            std::string::npos);
  EXPECT_TRUE(dir.names().empty());
}

TEST(CheckpointDirectory, SavingAgainReplacesTheCheckpointWhole) {
  const TempDir dir;
  CopyBackend backend;
  save_checkpoint_directory(dir / "c", backend, small_content(backend, 10));
  CheckpointContent content = small_content(backend, 100);
  content.optimizer.clear();
  save_checkpoint_directory(dir / "c", backend, content);
  EXPECT_EQ(dir.names(), std::vector<std::string>{"c"});
  const CheckpointReader reader(dir / "c");
  EXPECT_EQ(bytes_of(reader.model(), "wte"), bytes_of(backend, content.model[0].tensor));
  EXPECT_FALSE(fs::exists(dir / "c/optimizer.safetensors"));
}

TEST(CheckpointDirectory, SavingClearsWhatAnInterruptedReplacementLeft) {
  const TempDir dir;
  CopyBackend backend;
  const CheckpointContent content = small_content(backend);
  save_checkpoint_directory(aside_path(dir / "c"), backend, content);
  save_checkpoint_directory(dir / "c.new.tmp", backend, content);
  save_checkpoint_directory(dir / "c/", backend, content);  // takes the free place
  EXPECT_EQ(dir.names(), (std::vector<std::string>{"c", "c.new.tmp"}));
  save_checkpoint_directory(dir / "c", backend, content);  // replaces
  EXPECT_EQ(dir.names(), std::vector<std::string>{"c"});
  read_all(dir / "c");
}

TEST(CheckpointDirectory, AnOpenReaderKeepsItsWeightsWhenTheCheckpointIsReplaced) {
  const TempDir dir;
  CopyBackend backend;
  const CheckpointContent old_content = small_content(backend, 10);
  save_checkpoint_directory(dir / "c", backend, old_content);
  const SafetensorsFile model = CheckpointReader(dir / "c").model();
  save_checkpoint_directory(dir / "c", backend, small_content(backend, 100));
  EXPECT_EQ(bytes_of(model, "wte"), bytes_of(backend, old_content.model[0].tensor));
}

std::int64_t resident_bytes() {
  long n_pages_total = 0;
  long n_pages_resident = 0;
  FILE* file = std::fopen("/proc/self/statm", "r");
  if (file == nullptr) return 0;
  const int n_read = std::fscanf(file, "%ld %ld", &n_pages_total, &n_pages_resident);
  std::fclose(file);
  return n_read == 2 ? n_pages_resident * ::sysconf(_SC_PAGESIZE) : 0;
}

/// Notes how much memory the process holds at every piece that is fetched.
class WatchingBackend final : public CopyBackend {
 public:
  void download(const Tensor& src, void* dst) override {
    CopyBackend::download(src, dst);
    peak_bytes = std::max(peak_bytes, resident_bytes());
    ++n_downloads;
  }

  std::int64_t peak_bytes = 0;
  int n_downloads = 0;
};

TEST(CheckpointDirectory, SavingALargeModelNeedsLittleMemoryBesideIt) {
  const TempDir dir;
  WatchingBackend backend;
  CheckpointContent content = small_content(backend);
  content.optimizer.clear();
  content.model.clear();
  const std::vector<float> row(std::size_t{2'500'000}, 1.5F);
  for (int layer = 0; layer < 20; ++layer) {
    const Tensor tensor = empty(backend, {2500, 1000});
    backend.upload(row.data(), tensor);
    content.model.push_back({fmt::format("layer.{}.w", layer), tensor});
  }
  const std::int64_t before = resident_bytes();
  ASSERT_GT(before, 200'000'000);
  save_checkpoint_directory(dir / "c", backend, content);
  EXPECT_GE(fs::file_size(dir / "c/model.safetensors"), 200'000'000U);
  EXPECT_GE(backend.n_downloads, 20);
  EXPECT_LT(backend.peak_bytes - before, std::int64_t{16} << 20U);
}

}  // namespace
}  // namespace alpha
